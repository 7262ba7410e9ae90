"""The hand-over on the AWS wire: what owners do, what AWS shows of it, what the next run does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest

from key_rotation.domain.model import AccessKey, LastUse, SecretState
from key_rotation.domain.settings import parse_settings
from key_rotation.handler import world_of
from key_rotation.ports import World
from tests.aws.account import PATH, REGION, START, Account

SERVICES = ("ssm", "iam", "secretsmanager", "sns", "cloudwatch", "events")
LAST_USED = "GetAccessKeyLastUsed"


def world(account: Account) -> World:
    return world_of(account.clients, parse_settings(account.parameters, PATH), account.clock)


def secret(account: Account) -> SecretState:
    [alice] = world(account).directory.scan().managed
    return world(account).secrets.describe(alice.ref)


def last_use(account: Account, key_id: str) -> LastUse | None:
    [alice] = world(account).directory.scan().managed
    keys = {key.id: key for key in world(account).directory.keys(alice.ref)}
    found: AccessKey = keys[key_id]
    return world(account).directory.last_used(found)


def service(account: Account, *, warned: bool = False) -> dict[str, str]:
    """A service `alice` whose key is replaced now; returns the old one, with its secret. If it is
    warned a week before, its secret holds a placeholder first."""
    account.add_user("alice", password=False)
    made = account.client("iam").create_access_key(UserName="alice")["AccessKey"]
    account.age(made["AccessKeyId"], 83 if warned else 90)
    if warned:
        account.run()
        account.pass_days(7)
    account.run()
    account.messages("alice")
    return {name: made[name] for name in ("AccessKeyId", "SecretAccessKey")}


def a_day_later(account: Account, days: int = 1) -> list[tuple[str, str]]:
    """What the run of that day does. On the days before there are runs, too."""
    report: dict[str, Any] = {}
    for _ in range(days):
        account.pass_days(1)
        report = account.run()
    return [(row["action"], row["reason"]) for row in report["users"]]


def heard(account: Account) -> list[str]:
    return [message["event"] for message in account.messages("alice")]


# -- what AWS shows --------------------------------------------------------------------------------


def test_a_secret_that_nobody_read_has_no_last_read(account: Account) -> None:
    service(account)

    assert secret(account).last_read is None


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_last_read_is_a_day_in_utc_wherever_it_is_asked_for(
    account: Account, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore shows it in the time zone of the machine: as another day, west of Greenwich."""
    old = service(account)
    account.pass_days(1)
    account.fetch(old)
    account.pass_days(2)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert secret(account).last_read == date(2026, 6, 2)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_last_use_has_its_service_and_region(account: Account) -> None:
    [key_id] = account.add_user("alice", 10)
    account.use(key_id, days_ago=2, service="secretsmanager", region="us-east-1")

    used = START - timedelta(days=2)
    assert last_use(account, key_id) == LastUse(used, "secretsmanager", "us-east-1")


def test_what_iam_does_not_know_of_a_use_is_none(account: Account) -> None:
    used, unused = account.add_user("alice", 10, 5)
    account.use(used, service="N/A", region="N/A")

    assert last_use(account, used) == LastUse(START, None, None)
    assert last_use(account, unused) is None


def test_the_mail_names_what_uses_the_old_key(account: Account) -> None:
    old = service(account)
    account.pass_days(1)
    account.use(old["AccessKeyId"], service="dynamodb")

    assert a_day_later(account, 3) == [("remind", "not_fetched")]

    [message] = account.messages("alice")
    assert message["last_used"][old["AccessKeyId"]] == {
        "time": "2026-06-02T12:00:00Z",
        "service": "dynamodb",
        "region": REGION,
    }


# -- what the next run does ------------------------------------------------------------------------


def test_who_uses_the_new_key_is_let_go_and_sent_nothing(account: Account) -> None:
    old = service(account)
    account.use(old["AccessKeyId"])
    account.pass_days(2)
    new = account.fetch(old)
    account.pass_days(hours=1)
    account.use(new["AccessKeyId"])

    assert a_day_later(account, 2) == []
    assert a_day_later(account, 3) == [("disable", "moved")]

    assert account.statuses() == {old["AccessKeyId"]: "Inactive", new["AccessKeyId"]: "Active"}
    assert heard(account) == []


def test_who_uses_the_old_key_keeps_it_until_the_new_one_is_used(account: Account) -> None:
    old = service(account)
    account.pass_days(1)
    new = account.fetch(old)
    account.use(old["AccessKeyId"])

    assert a_day_later(account, 3) == [("remind", "fetched")]
    assert a_day_later(account, 3) == [("hold", "still_in_use")]
    assert heard(account) == ["reminded", "held"]
    assert a_day_later(account) == [("hold", "still_in_use")]

    account.pass_days(hours=2)
    account.use(new["AccessKeyId"])
    assert a_day_later(account) == [("disable", "moved")]
    assert heard(account) == []


def test_a_service_that_is_idle_keeps_the_key_that_it_fetches_with(account: Account) -> None:
    old = service(account)

    assert a_day_later(account, 4) == [("remind", "not_fetched")]
    assert a_day_later(account, 3) == [("hold", "not_fetched")]
    assert a_day_later(account) == [("hold", "not_fetched")]

    account.fetch(old)  # is a use of the old key: it takes the days of a grace to tell them apart
    assert a_day_later(account, 6) == [("hold", "still_in_use")]
    assert a_day_later(account) == [("disable", "superseded")]
    assert account.statuses()[old["AccessKeyId"]] == "Inactive"


@pytest.mark.parametrize(
    ("warned", "then"),
    [
        pytest.param(True, ("hold", "not_fetched"), id="there was a placeholder to try"),
        pytest.param(False, ("disable", "superseded"), id="there was nothing else to read"),
    ],
)
def test_a_read_on_the_day_of_the_announcement(
    account: Account, warned: bool, then: tuple[str, str]
) -> None:
    old = service(account, warned=warned)
    account.fetch(old)

    assert a_day_later(account, 7) == [then]


def test_who_never_reacts_is_named_to_the_operators_before_the_key_goes(account: Account) -> None:
    old = service(account)
    named: list[int] = []
    for day in range(1, 31):
        account.use(old["AccessKeyId"])
        done = a_day_later(account)
        lines = [line for digest in account.messages("operators") for line in digest["lines"]]
        named += [day for line in lines if line["event"] == "ending"]

    assert named == [26]
    assert done == [("disable", "overlap_ceiling")]


# -- what it costs ---------------------------------------------------------------------------------


@contextmanager
def sent(account: Account) -> Iterator[Counter[str]]:
    """The operations that are sent meanwhile, in all services."""
    calls: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    for name in SERVICES:
        account.client(name).meta.events.register("before-call", count)
    try:
        yield calls
    finally:
        for name in SERVICES:
            account.client(name).meta.events.unregister("before-call", count)


def test_a_look_costs_two_calls_on_the_days_when_it_decides_something(account: Account) -> None:
    """Beside a day in the grace. What is then done has its calls, as ever."""
    account.pass_days(1)  # on Mondays all policies are read
    old = service(account)
    looks: dict[int, int] = {}
    reads: dict[int, Counter[str]] = {}
    for day in range(1, 31):
        account.use(old["AccessKeyId"])
        account.pass_days(1)
        with sent(account) as calls:
            account.run()
        looks[day] = calls.pop(LAST_USED, 0)
        reads[day] = Counter({name: n for name, n in calls.items() if name in _OF_THE_USER})

    in_the_grace = reads[2]
    assert [day for day, number in looks.items() if number == 2] == [4, *range(7, 31)]
    assert set(looks.values()) == {0, 2}
    for day in (3, 4, 5, 7, 8, 10, 26, 28, 29):
        assert reads[day] == in_the_grace, day
    # To disable: the keys before and after, and who can read the secret.
    assert reads[30] - in_the_grace == {"ListAccessKeys": 2, "GetResourcePolicy": 1}


def test_a_day_of_an_idle_service_costs_no_third_call_about_the_password(account: Account) -> None:
    """The grace asked for it anyway."""
    service(account)
    account.pass_days(7)
    with sent(account) as calls:
        account.run()

    assert (calls[LAST_USED], calls["GetLoginProfile"]) == (2, 1)


_OF_THE_USER = ("ListAccessKeys", "DescribeSecret", "GetLoginProfile", "GetResourcePolicy")
