"""How users and keys are found on the AWS wire: in bulk, and one by one."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from moto.core.botocore_stubber import BotocoreStubber

from key_rotation.notify.response import RotationFailedError
from key_rotation.run.payload import PayloadError
from tests.aws.account import START, Account, client

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


@pytest.fixture
def one_answer_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto goes through dictionaries that another thread's call may change."""
    answer, lock = BotocoreStubber.process_request, threading.RLock()

    def locked(self: BotocoreStubber, request: Any) -> Any:
        with lock:
            return answer(self, request)

    monkeypatch.setattr(BotocoreStubber, "process_request", locked)


@pytest.mark.usefixtures("one_answer_at_a_time")
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
