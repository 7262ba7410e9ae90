"""Whom a run looks at, side by side, in which order, and what it does when it is asked to slow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import get_ident
from time import sleep
from typing import Any

import pytest

from key_rotation.domain.action import Verb
from key_rotation.domain.model import Audience, Event
from key_rotation.domain.prefilter import FULL_LOOK_DAY
from key_rotation.notify.response import Report, RotationFailedError
from key_rotation.ports import NoCredentialReportError, ThrottledError
from key_rotation.run.payload import Emergency, Payload, Request
from key_rotation.run.run import Rotation
from key_rotation.run.user_runs import MAX_ATTEMPTS
from tests.unit.builders import (
    NOW,
    credential_report_of,
    inactive,
    key,
    secret,
    settings,
    stamp,
    user,
)
from tests.unit.fakes import FakeAccount, TooManyRequestsError


def run(
    account: FakeAccount, payload: Payload | None = None, max_workers: int = 1, **changes: Any
) -> Report:
    """Without the weekly look at the secrets, which is no part of finding users."""
    changed = settings(deleted_user_secret_retention_days=0, **changes)
    return Rotation(account.world(), changed, payload or Payload(), "this", max_workers).run()


def account_of(*ages: float, **facts: Any) -> FakeAccount:
    """One user per key age in days: u0, u1, …"""
    account = FakeAccount()
    for number, days in enumerate(ages):
        account.add(user(key(f"K{number}", days), **facts), f"u{number}")
    return account


def rows(report: Report) -> list[tuple[str, str, str]]:
    return [(row.user, row.action, row.reason) for row in report.rows]


def rotated(report: Report) -> list[str]:
    return [row.user for row in report.rows if row.action == Verb.ROTATE]


# -- from the credential report --------------------------------------------------------------------


def test_who_has_nothing_due_costs_no_call() -> None:
    account = account_of(*(10 + number / 10 for number in range(500)))

    report = run(account)

    assert account.calls == ["request", "scan", "read", "all", "put"]  # on a Monday
    assert (report.scanned, rows(report)) == (500, [])


def test_where_nobody_is_managed_the_survey_tells_who_has_keys() -> None:
    account = FakeAccount()

    report = run(account)

    assert (report.scanned, account.calls) == (0, ["request", "scan", "read", "all", "put"])


def test_only_those_near_a_boundary_are_read() -> None:
    account = account_of(10, 90, 20, 84, 30)

    run(account)

    assert account.calls.count("describe") == 2
    assert account.statuses("u1")["K1"] == "Inactive"
    assert [name for name, event, _ in account.notified if event is Event.WARNED] == ["u3"]


def test_the_oldest_comes_first_and_the_rest_is_deferred() -> None:
    account = account_of(91, 95, 93)
    account.before("notify", lambda: None, lambda: setattr(account.clock, "left", timedelta(0)))

    report = run(account)

    assert rotated(report) == ["u1", "u2"]
    assert ("u0", "defer", "out_of_time") in rows(report)


@pytest.mark.parametrize("credential_report", [True, False], ids=["surveyed", "listed one by one"])
def test_the_ages_of_keys_that_are_left_alone_are_known(credential_report: bool) -> None:
    account = account_of(10, 40, 20)
    if not credential_report:
        account.fail("read", NoCredentialReportError("none"))

    run(account)

    assert account.measures["OldestActiveKeyDays"] == 40
    assert account.measures["KeysOverLimit"] == 0


def test_a_stale_survey_causes_no_change() -> None:
    account = account_of(90)
    account.credential_report = credential_report_of(account.users.values(), NOW)
    run(account)
    account.clock.time += timedelta(hours=4)
    account.calls.clear()

    report = run(account)

    assert (rows(report), account.calls) == (
        [],
        ["request", "scan", "read", "keys", "describe", "all", "put"],
    )


def test_a_survey_of_before_does_not_hide_what_is_due_now() -> None:
    account = account_of(89.9)
    account.credential_report = credential_report_of(account.users.values(), NOW)
    account.clock.time += timedelta(hours=4)

    assert rotated(run(account)) == ["u0"]


def test_a_user_whom_the_survey_does_not_know_is_looked_at() -> None:
    account = account_of(90)
    account.credential_report = credential_report_of([], NOW)

    assert rotated(run(account)) == ["u0"]


def test_on_one_day_of_the_month_all_keys_are_listed() -> None:
    account = account_of(10, 20)
    account.clock.time = NOW.replace(day=FULL_LOOK_DAY)

    run(account)

    assert account.calls.count("keys") == 2


def test_a_malformed_override_is_reported_of_a_quiet_user_too() -> None:
    account = account_of(10, tags={"grace-days": "many"})

    assert rows(run(account)) == [("u0", "report", "malformed_override")]


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(Payload(users=("u0",)), id="named"),
        pytest.param(Payload(emergency=Emergency("u0", "K0", "leaked")), id="emergency"),
        pytest.param(Payload(rotate=Request(("u0",), "leaver")), id="request"),
    ],
)
def test_named_users_are_looked_at_without_a_survey(payload: Payload) -> None:
    account = account_of(10, 20)

    run(account, payload)

    assert not {"request", "read"} & set(account.calls)
    assert "keys" in account.calls


# -- when there is no credential report ------------------------------------------------------------


@pytest.mark.parametrize("method", ["request", "read"])
def test_without_a_survey_the_keys_are_listed_and_it_says_so(method: str) -> None:
    account = account_of(10, 90, 84, 20)
    account.fail(method, RuntimeError("AccessDenied"))

    report = run(account)

    said, unknown = [row for row in report.rows if row.user == "(account)"]
    assert (said.action, said.reason) == ("report", "no_credential_report")
    assert (unknown.action, unknown.reason) == ("report", "coverage_unknown")
    assert "AccessDenied" in str(said.detail)
    assert rotated(report) == ["u1"]
    assert account.calls.count("describe") == 2
    assert report.scanned == 4


def test_without_a_survey_the_oldest_come_first_too() -> None:
    account = account_of(91, 95, 93, 10)
    account.fail("request", RuntimeError("AccessDenied"))
    account.before("notify", lambda: None, lambda: setattr(account.clock, "left", timedelta(0)))

    assert rotated(run(account)) == ["u1", "u2"]


def test_who_has_no_turn_is_not_the_last_again() -> None:
    """Without a report, and without the time to list all keys: another order at each run."""
    account = account_of(*[90] * 30)
    firsts = set()
    for number in range(8):
        account.clock.left = timedelta(minutes=15)
        account.fail("request", RuntimeError("AccessDenied"))
        account.before("keys", lambda: setattr(account.clock, "left", timedelta(0)))
        report = Rotation(account.world(), settings(), Payload(), f"run-{number}").run()
        firsts.add(next(row.user for row in report.rows if row.action == "defer"))
        assert report.deferred == 30

    assert len(firsts) > 1


def test_keys_that_cannot_be_listed_are_that_users_failure() -> None:
    account = account_of(90, 91)
    denied = RuntimeError("AccessDenied")
    account.fail("request", denied)
    account.fail("keys", denied)

    with pytest.raises(RotationFailedError) as failed:
        run(account)

    assert len(failed.value.report.failed) == 1
    assert len(rotated(failed.value.report)) == 1


def test_a_user_whose_tags_are_not_known_fails_and_the_others_are_served() -> None:
    account = account_of(90, 91)
    account.one_by_one = "AccessDenied"
    account.unread = {"u1": RuntimeError("Throttling")}

    with pytest.raises(RotationFailedError) as failed:
        run(account)

    report = failed.value.report
    assert rows(report)[:2] == [("(account)", "report", "no_bulk_read"), ("u1", "fail", "error")]
    assert rotated(report) == ["u0"]
    assert account.statuses("u1") == {"K1": "Active"}


def test_keys_that_are_not_listed_for_too_many_requests_are_listed_later() -> None:
    account = account_of(90)
    account.fail("request", RuntimeError("AccessDenied"))
    account.fail("keys", TooManyRequestsError())

    assert rotated(run(account)) == ["u0"]


def _fails_to_list(account: FakeAccount) -> None:
    account.fail("request", RuntimeError("AccessDenied"))
    account.fail("keys", RuntimeError("AccessDenied"))


def _has_no_time(account: FakeAccount) -> None:
    account.fail("request", RuntimeError("AccessDenied"))
    account.clock.left = timedelta(0)


def _cannot_read_tags(account: FakeAccount) -> None:
    account.one_by_one = "AccessDenied"
    account.unread = {"u1": RuntimeError("AccessDenied")}


def _is_missing_in_the_report(account: FakeAccount) -> None:
    account.credential_report = credential_report_of([account.users["u0"]], NOW)
    account.fail("keys", RuntimeError("AccessDenied"))


@pytest.mark.parametrize(
    "prepare", [_fails_to_list, _has_no_time, _cannot_read_tags, _is_missing_in_the_report]
)
def test_what_could_not_be_read_is_not_measured_as_young(
    prepare: Callable[[FakeAccount], None],
) -> None:
    """A gauge without the oldest key would end the alarm about it."""
    account = account_of(10, 200)
    prepare(account)

    with suppress(RotationFailedError):
        run(account)

    assert account.measures["ManagedUsers"] > 0
    assert not {"OldestActiveKeyDays", "KeysOverLimit"} & set(account.measures)


def test_keys_that_are_listed_later_are_measured() -> None:
    account = account_of(10, 100)
    account.fail("request", RuntimeError("AccessDenied"))
    account.fail("keys", TooManyRequestsError(), TooManyRequestsError())

    run(account, dry_run=True)

    assert account.measures["OldestActiveKeyDays"] == 100


# -- side by side ----------------------------------------------------------------------------------


def many(due: int = 40) -> FakeAccount:
    ages = [90 + number % 7 + number / 1000 for number in range(due)]
    return account_of(*ages, *(10 for _ in range(20)))


@pytest.mark.parametrize("max_workers", [2, 16])
def test_side_by_side_the_same_is_done_and_reported(max_workers: int) -> None:
    one_by_one = rows(run(many()))

    map_concurrent = rows(run(many(), max_workers=max_workers))

    assert map_concurrent == one_by_one
    assert len(one_by_one) == 3 * 40


@pytest.mark.parametrize("max_workers", [1, 16])
def test_the_limit_admits_the_oldest_and_no_more(max_workers: int) -> None:
    report = run(many(), max_workers=max_workers, max_rotations_per_run=5)

    by_age = sorted(range(40), key=lambda number: -(90 + number % 7 + number / 1000))
    assert rotated(report) == [f"u{number}" for number in by_age[:5]]
    assert report.deferred == 35


@pytest.mark.parametrize("changes", [{}, {"max_rotations_per_run": 5}])
def test_a_dry_run_shows_what_the_run_does(changes: dict[str, Any]) -> None:
    planned = rows(run(many(), Payload(dry_run=True), max_workers=16, **changes))

    assert planned == rows(run(many(), max_workers=16, **changes))


def test_no_wider_than_the_writes_that_are_allowed() -> None:
    """So that nobody waits for more than a second between an intent and its key. Reading is not
    slowed down."""
    account = many(due=12)
    account.fail("request", RuntimeError("AccessDenied"))
    threads: dict[str, set[int]] = {"keys": set(), "create": set()}
    for method, seen in threads.items():
        account.before(method, *[lambda seen=seen: _wait_in(seen)] * 12)

    run(account, max_workers=6, max_iam_writes_per_second=2)

    assert (len(threads["keys"]), len(threads["create"])) == (6, 2)


def _wait_in(threads: set[int]) -> None:
    threads.add(get_ident())
    sleep(0.02)  # for others to begin, if there are any


def test_one_failure_among_many() -> None:
    account = many()
    account.fail("store", RuntimeError("KMS"))

    with pytest.raises(RotationFailedError) as failed:
        run(account, max_workers=16)

    assert len(failed.value.report.failed) == 1
    assert len(rotated(failed.value.report)) == 39


def test_who_is_told_through_the_operators_is_finished_after_the_digest() -> None:
    account = account_of(*[90 + number / 10 for number in range(30)], audience=Audience.OPERATOR)

    report = run(account, max_workers=8)

    assert Counter(row.action for row in report.rows) == {
        "rotate": 30,
        "announce": 30,
        "disable": 30,
    }
    digest = account.calls.index("notify_operators")
    assert "disable" not in account.calls[:digest]


def test_time_is_kept_for_those_who_wait_for_the_digest() -> None:
    """Each needs a write after it; whoever was announced there must not be announced again."""
    account = account_of(*[90 + number / 10 for number in range(30)], audience=Audience.OPERATOR)
    account.clock.left = timedelta(seconds=60 + 10 * 1.25)

    report = run(account, max_iam_writes_per_second=1)

    assert len(rotated(report)) == 11
    assert report.deferred == 19
    assert Counter(row.action for row in report.rows)["disable"] == 11


# -- throttled -------------------------------------------------------------------------------------


def test_a_throttled_user_gets_another_turn() -> None:
    account = account_of(92, 91)
    account.fail("describe", TooManyRequestsError())

    report = run(account)

    assert rotated(report) == ["u0", "u1"]
    assert account.clock.slept > 0


def test_a_throttled_create_withdraws_its_intent_and_is_tried_again() -> None:
    account = account_of(90)
    account.fail("create", ThrottledError())

    report = run(account)

    assert rows(report) == [
        ("u0", "rotate", "key_too_old"),
        ("u0", "announce", "key_too_old"),
        ("u0", "disable", "superseded"),
    ]


def test_what_a_throttle_left_open_is_left_to_the_next_run() -> None:
    """The key was stored or not: nobody knows within this run."""
    account = account_of(90)
    account.fail("store", TooManyRequestsError())

    report = run(account)

    assert rows(report) == [("u0", "defer", "throttled")]
    assert account.statuses("u0") == {"K0": "Active", "NEW1": "Active"}


def test_an_announcement_is_put_on_record_at_the_next_turn() -> None:
    account = account_of(90, password=False)
    account.fail("record", TooManyRequestsError())

    run(account)

    assert account.secrets["u0"].announced == stamp("NEW1")
    account.clock.time += timedelta(days=1)
    account.notified.clear()
    run(account)
    assert account.notified == []


def test_whoever_is_throttled_all_the_time_is_deferred_and_has_not_failed() -> None:
    account = account_of(92, 91)
    account.fail("describe", *[TooManyRequestsError() for _ in range(2 * MAX_ATTEMPTS)])

    report = run(account)

    assert rows(report) == [("u0", "defer", "throttled"), ("u1", "defer", "throttled")]
    assert report.failed == ()


def test_what_a_throttle_left_undone_after_the_digest_is_left_to_the_next_run() -> None:
    account = account_of(90, audience=Audience.OPERATOR)
    account.fail("disable", TooManyRequestsError())

    report = run(account)

    assert rows(report)[-1] == ("u0", "defer", "throttled")
    assert account.secrets["u0"].announced == stamp("NEW1")


def test_a_throttled_dry_run_plans_what_it_could_read() -> None:
    account = account_of(92, 91)
    account.fail("keys", *[TooManyRequestsError() for _ in range(2 * MAX_ATTEMPTS)])

    report = run(account, Payload(dry_run=True))

    assert rows(report) == [("u0", "defer", "throttled"), ("u1", "defer", "throttled")]


def test_another_turn_does_not_exceed_the_limit() -> None:
    account = account_of(92, 91)
    account.fail("keys", TooManyRequestsError())

    report = run(account, max_rotations_per_run=1)

    assert rotated(report) == ["u1"]
    assert ("u0", "defer", "rotation_limit") in rows(report)


def test_a_throttled_emergency_fails_so_that_it_is_tried_again() -> None:
    account = account_of(50)
    account.fail("describe", TooManyRequestsError())

    with pytest.raises(RotationFailedError):
        run(account, Payload(emergency=Emergency("u0", "K0", "leaked")))


def test_a_key_is_not_asked_for_long_after_its_intent() -> None:
    account = account_of(90)

    def slowly() -> None:
        account.clock.time += timedelta(seconds=41)

    account.before("create", slowly)

    report = run(account)

    assert rotated(report) == ["u0"]
    state = account.secrets["u0"]
    assert state.intent is not None
    assert account.key("NEW1", "u0").created - state.intent.time <= timedelta(seconds=40)


# -- a first rollout -------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", [Audience.USER, Audience.OPERATOR])
@pytest.mark.parametrize("max_workers", [1, 8])
@pytest.mark.parametrize("credential_report", [True, False])
def test_a_rollout_takes_as_many_runs_as_it_needs(
    audience: Audience, max_workers: int, credential_report: bool
) -> None:
    """Nobody is lost, and nobody is notified twice."""
    account = account_of(*(90 + number / 10 for number in range(200)), audience=audience)
    runs = 0
    while "Active" in _first_keys(account):
        runs += 1
        assert runs < 20
        account.clock.left = timedelta(minutes=3)
        account._before.clear()
        account.before("works", *[lambda: _spend(account)] * 500)
        if not credential_report:
            account.fail("request", RuntimeError("AccessDenied"))
        report = run(account, max_workers=max_workers)
        assert report.failed == ()
        account.clock.time += timedelta(hours=1)

    assert runs > 2
    notified = Counter(
        name for name, event, _ in account.notified if event is Event.ROTATED
    ) + Counter(
        line["user"]
        for digest in account.digests
        for line in digest.data["lines"]
        if line["event"] == "rotated" and "please pass it on" in line["text"]
    )
    assert notified == Counter(list(account.users))


def _first_keys(account: FakeAccount) -> Iterator[str]:
    """The statuses of the keys that were there at first."""
    for name in account.users:
        yield from (status for id_, status in account.statuses(name).items() if id_[0] == "K")


def _spend(account: FakeAccount) -> None:
    account.clock.left -= timedelta(seconds=2)


def test_a_superseded_key_waits_without_a_call_and_is_then_deleted() -> None:
    account = FakeAccount()
    pair = (inactive("OLD", 105), key("NEW", 15))
    state = secret("NEW", announced=stamp("NEW", 15), inactive_since=stamp("OLD", 15))
    account.add(user(*pair, secret=replace(state)))

    run(account)
    assert "keys" not in account.calls
    account.clock.time += timedelta(days=15)
    report = run(account)

    assert rows(report) == [("alice", "delete", "superseded")]


def test_a_user_who_cannot_be_decided_hides_nobody() -> None:
    """A date without a zone stands for what no rule foresees."""
    account = account_of(95, 95, password=False)
    odd = replace(account.users["u0"].keys[0], created=NOW.replace(tzinfo=None))
    account.users["u0"] = replace(account.users["u0"], keys=(odd,))
    account.fail("read", NoCredentialReportError("none"))

    with pytest.raises(RotationFailedError) as failed:
        run(account)

    report = failed.value.report
    assert [row for row in rows(report) if row[1] == "fail"] == [("u0", "fail", "error")]
    assert ("u1", "rotate", "key_too_old") in rows(report)
