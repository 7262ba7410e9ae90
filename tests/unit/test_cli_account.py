"""Reading all managed users: one who cannot be read never hides the others, or passes for ok."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from key_rotation.domain.model import AccessKey
from key_rotation_cli.account import Unread, UserStatus, read_all
from tests.unit.builders import NOW, SETTINGS, ago, expired, inactive, key, secret, stamp, user
from tests.unit.fakes import FakeAccount
from tests.unit.sample import status


def denied(operation: str) -> ClientError:
    error = {"Code": "AccessDenied", "Message": "not authorized"}
    return ClientError({"Error": error}, operation)  # type: ignore[typeddict-item]


def read(account: FakeAccount) -> tuple[list[UserStatus], list[Unread], list[tuple[int, int]]]:
    notified: list[tuple[int, int]] = []
    scan = account.scan()
    statuses, unread = read_all(
        account.world(), SETTINGS, scan, NOW, lambda done, of: notified.append((done, of))
    )
    return statuses, unread, notified


def test_users_come_by_name_with_progress() -> None:
    account = FakeAccount()
    for name in ("carol", "alice", "bob"):
        account.add(user(key(f"K-{name}", 10)), name)

    statuses, unread, notified = read(account)

    assert [one.name for one in statuses] == ["alice", "bob", "carol"]
    assert unread == []
    assert notified == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("method", ["keys", "describe"])
def test_user_who_cannot_be_read_is_named(method: str) -> None:
    account = FakeAccount()
    for name in ("alice", "bob", "carol"):
        account.add(user(key(f"K-{name}", 10)), name)
    account.fail(method, denied("ListAccessKeys"))

    statuses, [unread], _ = read(account)

    assert sorted([unread.name, *(one.name for one in statuses)]) == ["alice", "bob", "carol"]
    assert "AccessDenied" in unread.error


def test_what_is_no_answer_of_aws_is_not_taken_for_one() -> None:
    account = FakeAccount()
    account.add(user(key("A", 10)))
    account.fail("keys", ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        read(account)


def test_a_young_key_costs_two_reads_and_the_listeners() -> None:
    account = FakeAccount()
    account.add(user(key("A", 10)))

    read(account)

    assert account.calls == ["scan", "keys", "describe", "audience", "has_password"]


@pytest.mark.parametrize(
    ("keys", "state"),
    [
        pytest.param((key("A", 10),), "ok", id="young"),
        pytest.param((key("A", 84),), "due", id="a warning is due"),
        pytest.param((key("A", 95),), "due", id="a rotation is due"),
        pytest.param((key("A", 95), expired("B", 99)), "blocked", id="blocked"),
    ],
)
def test_state(keys: tuple[AccessKey, ...], state: str) -> None:
    assert status("alice", user(*keys)).state == state


def test_blocked_says_why_even_if_there_is_something_to_record_first() -> None:
    unrecorded = user(inactive("A", 200), key("B", 95), secret=secret())
    one = status("alice", unrecorded)

    assert (one.state, one.reason) == ("blocked", "slot_taken")


def test_an_announcement_that_is_due_comes_before_the_block() -> None:
    unannounced = user(inactive("A", 200), key("B", 95), secret=secret("B", "A"))
    one = status("alice", unannounced)

    assert (one.state, one.reason) == ("due", "not_announced")
    announced = secret("B", "A", announced=stamp("B"))
    one = status("alice", user(inactive("A", 200), key("B", 95), secret=announced))
    assert (one.state, one.reason) == ("blocked", "slot_taken")


def test_held_is_a_state() -> None:
    pair = secret("B", "A", announced=stamp("B", 10))
    held = user(key("A", 100), key("B", 10), secret=pair, tags={"hold-until": "2026-06-09"})

    assert status("alice", held).state == "held"


def test_over_the_limit_is_by_the_users_own_limit() -> None:
    one = status("alice", user(key("A", 66), tags={"max-key-age-days": "61"}))
    [own] = one.keys

    assert one.is_over_limit(own, NOW)
    assert one.is_over_limit(own, NOW, slack_days=4)
    assert not one.is_over_limit(own, NOW, slack_days=5)
    assert not one.is_over_limit(own, ago(5))
