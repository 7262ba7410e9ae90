"""How users and keys are found on the AWS wire: in bulk, page by page, and one by one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from bench.account import CONFIG_PATH, REGION
from bench.account import Account as Emulated
from bench.cell import subscriptions
from bench.emulator import Emulator, RefusedError, is_mutating
from bench.population import Population
from key_rotation.aws.credential_report import IamCredentialReports
from key_rotation.handler import Clients, Environment, run
from key_rotation.notify.response import RotationFailedError
from key_rotation.ports import DiscoveryError
from key_rotation.run.payload import PayloadError
from tests.aws.account import START, Account, client
from tests.defaults import default_parameters

GAAD = "GetAccountAuthorizationDetails"


IAM_EVENTS: Any = client("iam").meta.events


@contextmanager
def answered(operation: str, code: str, user: str | None = None) -> Iterator[None]:
    """AWS refuses this operation of IAM (for this user only) with this code."""

    def refuse(params: Any, **_: Any) -> tuple[Any, dict[str, Any]] | None:
        if user not in (None, params["body"].get("UserName")):
            return None
        metadata = {"HTTPStatusCode": 403, "RetryAttempts": 0}
        error = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}
        return SimpleNamespace(status_code=403), error

    IAM_EVENTS.register(f"before-call.iam.{operation}", refuse)
    try:
        yield
    finally:
        IAM_EVENTS.unregister(f"before-call.iam.{operation}", refuse)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """The calls to IAM, by operation."""
    calls: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    IAM_EVENTS.register("before-call.iam", count)
    try:
        yield calls
    finally:
        IAM_EVENTS.unregister("before-call.iam", count)


WITHOUT_REPORT = [("(account)", "no_credential_report"), ("(account)", "coverage_unknown")]


def reasons(response: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["user"], row["reason"]) for row in response["users"] if row["action"] == "report"]


# -- whom the role may touch (moto) ----------------------------------------------------------------


@pytest.mark.parametrize("bulk", ["true", "false"])
def test_users_elsewhere_are_left_alone(account: Account, bulk: str) -> None:
    account.set_parameter("bulk_discovery", bulk)
    account.set_parameter("user_path_prefix", "/services/")
    [inside] = account.add_user("alice", 90, path="/services/web/")
    [outside] = account.add_user("bob", 90)
    [beside] = account.add_user("carol", 90, path="/services-2/")

    with counted() as calls:
        response = account.run()

    assert account.statuses()[inside] == "Inactive"
    assert account.statuses("bob") == {outside: "Active"}
    assert account.statuses("carol") == {beside: "Active"}
    assert response["failed"] == 0
    if bulk == "true":
        assert reasons(response) == [
            ("bob", "out_of_reach"),
            ("carol", "out_of_reach"),
            ("(account)", "unmanaged_users"),
        ]
        assert "user_path_prefix" in response["users"][0]["detail"]
    else:  # IAM denies the role their tags, so nobody knows
        assert calls["ListUserTags"] == 1


@pytest.mark.parametrize("bulk", ["true", "false"])
def test_named_users_are_left_alone(account: Account, bulk: str) -> None:
    account.set_parameter("bulk_discovery", bulk)
    [old] = account.add_user("alice", 90)
    [admins] = account.add_user("admin", 90)
    account.set_parameter("never_user_arns", json.dumps([account.arn("admin")]))

    response = account.run()

    assert account.statuses()[old] == "Inactive"
    assert account.statuses("admin") == {admins: "Active"}
    assert response["failed"] == 0
    assert ("admin", "out_of_reach") in reasons(response) or bulk == "false"


@pytest.mark.parametrize("bulk", ["true", "false"])
@pytest.mark.parametrize("named", ["users", "emergency"])
def test_a_payload_that_names_such_a_user_is_refused(
    account: Account, bulk: str, named: str
) -> None:
    account.set_parameter("bulk_discovery", bulk)
    account.set_parameter("user_path_prefix", "/services/")
    [key] = account.add_user("alice", 90)
    emergency = {"user": "alice", "access_key_id": key, "reason": "a leak"}

    with pytest.raises(PayloadError, match=r"'alice' .* out of .* reach, .* user_path_prefix"):
        account.run({named: ["alice"] if named == "users" else emergency})

    assert account.statuses() == {key: "Active"}


# -- in bulk, and not (moto) -----------------------------------------------------------------------


def test_young_keys_cost_no_call(account: Account) -> None:
    for number in range(20):
        account.add_user(f"user-{number}", 10 + number)

    with counted() as calls:
        response = account.run()

    assert response["scanned"] == 20
    assert calls == {"GenerateCredentialReport": 1, GAAD: 1, "GetCredentialReport": 1}


@pytest.mark.parametrize("code", ["AccessDenied", "ServiceFailure"])
def test_without_the_bulk_read_tags_are_read_user_by_user(account: Account, code: str) -> None:
    [old] = account.add_user("alice", 90)
    [unmanaged] = account.add_user("mallory", 90, managed=None)
    account.add_user("odd", 90, managed="Enabled")

    with answered(GAAD, code):
        response = account.run()

    assert account.statuses()[old] == "Inactive"
    assert account.statuses("mallory") == {unmanaged: "Active"}
    assert reasons(response) == [
        ("(account)", "no_bulk_read"),
        ("odd", "unexpected_tag_value"),
        ("(account)", "unmanaged_users"),
    ]
    assert code in response["users"][0]["detail"]


def test_the_bulk_read_can_be_switched_off(account: Account) -> None:
    [old] = account.add_user("alice", 90)
    account.set_parameter("bulk_discovery", "false")

    with counted() as calls:
        response = account.run()

    assert account.statuses()[old] == "Inactive"
    assert GAAD not in calls
    assert reasons(response) == [("(account)", "no_bulk_read")]


@pytest.mark.parametrize("operation", ["GenerateCredentialReport", "GetCredentialReport"])
def test_without_the_report_keys_are_listed_user_by_user(account: Account, operation: str) -> None:
    [old] = account.add_user("alice", 90)
    account.add_user("bob", 10)

    with answered(operation, "AccessDenied"):
        response = account.run()

    assert account.statuses()[old] == "Inactive"
    assert reasons(response) == WITHOUT_REPORT


def test_a_report_that_does_not_come_is_waited_for_and_then_done_without(account: Account) -> None:
    [old] = account.add_user("alice", 90)

    with answered("GetCredentialReport", "ReportInProgress"):
        response = account.run()

    assert account.statuses()[old] == "Inactive"
    assert reasons(response) == WITHOUT_REPORT
    assert timedelta(seconds=30) <= account.clock.now() - START < timedelta(seconds=40)


def test_a_user_whose_tags_cannot_be_read_fails_and_is_left_as_it_is(account: Account) -> None:
    [alices] = account.add_user("alice", 90)
    [bobs] = account.add_user("bob", 90)
    account.set_parameter("bulk_discovery", "false")

    with (
        answered("ListUserTags", "ServiceFailure", user="bob"),
        pytest.raises(RotationFailedError, match="bob"),
    ):
        account.run()

    assert account.statuses("bob") == {bobs: "Active"}
    assert account.statuses()[alices] == "Inactive"


def test_a_named_user_is_found_without_reading_everybodys_tags(account: Account) -> None:
    account.add_user("alice", 90)
    account.add_user("bob", 90)
    account.set_parameter("bulk_discovery", "false")

    with counted() as calls:
        account.run({"users": ["alice"]})

    assert calls["ListUserTags"] == 1


def test_a_user_with_a_comma_in_its_name_is_looked_at(account: Account) -> None:
    """moto, for one, does not quote it in the report."""
    [old] = account.add_user("smith,alice", 90)

    account.run()

    assert account.statuses("smith,alice")[old] == "Inactive"


def test_many_are_served_side_by_side(account: Account) -> None:
    """Real threads over the wire: each user's keys, secret and message are its own."""
    names = [f"user-{number}" for number in range(12)]
    account.subscribe("everybody", audience="user")
    olds = {name: account.add_user(name, 90 + number)[0] for number, name in enumerate(names)}
    account.max_workers = 8

    response = account.run()

    assert response["counts"] == {"announce": 12, "disable": 12, "rotate": 12}
    assert [row["user"] for row in response["users"][::3]] == list(reversed(names))
    for name in names:
        new = account.secret_value(name)["AccessKeyId"]
        assert account.statuses(name) == {olds[name]: "Inactive", new: "Active"}
    assert sorted(message["user"] for message in account.messages("everybody")) == sorted(names)


# -- page by page (the benchmark's emulator: moto knows no pages) ----------------------------------


class Clock:
    """Stands still but for sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def elapsed(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def remaining(self) -> timedelta:
        return timedelta(minutes=15)


class Wire(Emulator):
    """`refuse` says which call of an operation is refused: the number of it, or -1 for each."""

    def __init__(
        self, population: Population, refuse: dict[str, int], report_seconds: float = 2
    ) -> None:
        self.clock = Clock()
        account: Emulated = population.account(START)
        account.parameters = default_parameters()
        account.subscriptions = subscriptions()
        super().__init__(account, self.clock, 0, report_seconds)  # type: ignore[arg-type]
        self._refuse = refuse
        self.session = boto3.session.Session("testing", "testing", region_name=REGION)
        events: Any = self.session.events
        events.register("before-send", self.answer)
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        once = Config(retries={"total_max_attempts": 1})
        return self.session.client(service, config=once)  # type: ignore[call-overload]

    def _admit(self, service: str, name: str) -> None:
        super()._admit(service, name)
        if self._refuse.get(name) in (-1, self.calls[f"{service}:{name}"]):
            raise RefusedError("ServiceFailure", 500)

    def run(self) -> dict[str, Any]:
        def sts_for(key_id: str, secret: str) -> Any:
            return self.session.client(
                "sts", aws_access_key_id=key_id, aws_secret_access_key=secret
            )

        clients = Clients(self.client, lambda: self.client("iam"), sts_for)
        return run({}, Environment(CONFIG_PATH), "request", clients, self.clock)

    def changed(self) -> set[str]:
        return {name for name in self.calls if is_mutating(name)}


def test_all_pages_are_read() -> None:
    wire = Wire(Population(2_500, due=3), {})

    response = wire.run()

    assert (response["scanned"], response["counts"]["rotate"]) == (2_500, 3)
    assert wire.calls[f"iam:{GAAD}"] == 3


@pytest.mark.parametrize(
    ("refuse", "operation"),
    [
        pytest.param({GAAD: 3}, GAAD, id="in bulk"),
        pytest.param({GAAD: -1, "ListUsers": 3}, "ListUsers", id="one by one"),
    ],
)
def test_when_the_last_page_fails_nothing_is_done_and_it_says_so(
    refuse: dict[str, int], operation: str
) -> None:
    """Nobody is taken for unmanaged, and nobody of the first pages is rotated by guess."""
    wire = Wire(Population(2_500, due=2_500), refuse)

    with pytest.raises(DiscoveryError) as failed:
        wire.run()

    assert str(failed.value) == (
        f"{operation} failed after 2 page(s) with 2000 user(s) (ServiceFailure): nobody knows "
        "which of the others are managed, so nothing was changed"
    )
    assert wire.changed() == set()


def test_discovery_does_not_grow_with_the_managed_users() -> None:
    few, many = Wire(Population(100, due=0), {}), Wire(Population(1_000, due=0), {})
    unmanaged = Wire(Population(1_000, due=0, managed=False), {})
    for wire, secrets in ((few, 100), (many, 1_000), (unmanaged, 0)):
        wire.run()
        # Once a week, which is today, the secrets are listed twice, a hundred a call, and each
        # one's policy is read.
        assert wire.calls.pop("secretsmanager:ListSecrets") <= 20
        assert wire.calls.pop("secretsmanager:GetResourcePolicy", 0) == secrets

    assert few.calls == many.calls
    assert few.calls.total() <= 10
    # Who is not managed has keys, so there is a digest.
    digest = Counter(["sns:ListSubscriptionsByTopic", "sns:Publish"])
    digest["sns:GetSubscriptionAttributes"] = 2
    assert unmanaged.calls - digest == few.calls


def test_a_due_key_takes_thirteen_calls_of_which_six_change_something() -> None:
    none, some = Wire(Population(50, due=0), {}), Wire(Population(50, due=10), {})
    none.run()
    some.run()

    once = {"sns:ListSubscriptionsByTopic": 1, "sns:GetSubscriptionAttributes": 2, "sns:Publish": 1}
    once["events:PutEvents"] = 2  # ten transitions a call
    per_key = some.calls - none.calls - Counter(once)
    assert per_key.total() == 13 * 10
    assert sum(per_key[name] for name in some.changed()) == 6 * 10


# -- the wait for the credential report ------------------------------------------------------------


def read_report(wire: Wire, listing: float = 0.0, **how: timedelta) -> float:
    """When the report was there, in seconds since its request; the users took `listing`."""
    reports = IamCredentialReports(wire.client("iam"), wire.clock, **how)
    asked_at = wire.clock.seconds
    reports.request()
    wire.clock.sleep(listing)
    reports.read()
    return wire.clock.seconds - asked_at


@pytest.mark.parametrize(
    ("takes", "listing", "looks", "seconds"),
    [
        pytest.param(2.0, 0.0, 1, 2.0, id="no look before it can be there"),
        pytest.param(5.0, 0.0, 3, 5.12, id="the waits grow with the time that it took so far"),
        pytest.param(5.0, 1.5, 3, 5.12, id="listing the users is no part of a wait"),
        pytest.param(5.0, 4.0, 2, 6.4, id="a long listing takes the place of looks"),
        pytest.param(5.0, 9.0, 1, 9.0, id="made while the users were listed"),
    ],
)
def test_the_report_is_looked_for_from_its_request_on(
    takes: float, listing: float, looks: int, seconds: float
) -> None:
    wire = Wire(Population(5, due=0), {}, report_seconds=takes)

    assert read_report(wire, listing) == pytest.approx(seconds)
    assert wire.calls["iam:GetCredentialReport"] == looks


def test_a_report_that_is_there_is_read_at_once() -> None:
    wire = Wire(Population(5, due=0), {}, report_seconds=5.0)
    read_report(wire)
    wire.calls.clear()

    assert read_report(wire) == 0.0
    assert wire.calls["iam:GetCredentialReport"] == 1


def test_whoever_looks_on_waits_no_longer_than_told() -> None:
    wire = Wire(Population(5, due=0), {}, report_seconds=8.0)

    assert read_report(wire, longest_wait=timedelta(seconds=1)) == pytest.approx(8.0)


@pytest.mark.parametrize("listing", [0.0, 100.0])
def test_half_a_minute_is_waited_and_no_longer(listing: float) -> None:
    wire = Wire(Population(5, due=0), {}, report_seconds=1000.0)

    with pytest.raises(ClientError, match="ReportInProgress"):
        read_report(wire, listing)

    assert wire.clock.seconds == pytest.approx(listing + 30.0)
    assert wire.calls["iam:GetCredentialReport"] <= 8
