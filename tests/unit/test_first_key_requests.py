"""A rotation is asked for, of a user who has no key: a first one, or a clear answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.model import Audience, Event, version_id
from key_rotation.run.payload import Payload, Request
from tests.unit.builders import inactive, intent, key, secret, user
from tests.unit.fakes import FakeAccount
from tests.unit.test_first_key import PLACEHOLDER, holding
from tests.unit.test_first_key_runs import newcomer, rows, run

ASKED = Payload(rotate=Request(("alice",), "the supplier changes"))


def test_a_request_makes_the_first_key_as_any_run_does() -> None:
    account = newcomer()

    report = run(account, ASKED)

    assert rows(report) == [("rotate", "first_key", None), ("announce", "first_key", "NEW1")]
    [(_, event, message)] = account.notified
    assert (event, message.data["reason"]) == (Event.ROTATED, "first_key")
    assert message.text.startswith("Welcome.")
    assert "supplier" not in message.text + account.digests[0].text
    assert [(event.reason, event.note) for event in account.events] == [("first_key", None)]


def test_asked_for_again_within_a_day_it_is_said_that_the_key_is_new() -> None:
    account = newcomer()
    run(account, ASKED)
    account.clock.time += timedelta(hours=23)

    report = run(account, ASKED)

    assert rows(report) == [("report", "rotated_today", None)]
    assert report.rows[0].detail == "not rotated: the key in the secret is less than a day old"
    assert account.made == 1


def test_a_day_later_a_request_replaces_it() -> None:
    account = newcomer()
    run(account, ASKED)
    account.clock.time += timedelta(days=1)

    assert rows(run(account, ASKED))[0] == ("rotate", "requested", "NEW1")


@pytest.mark.parametrize(
    ("facts", "changes", "row", "detail"),
    [
        pytest.param(
            {}, {"user_options": {}}, "no_key", "the user has no access key", id="not wanted"
        ),
        pytest.param(
            {"secret": secret("GONE")},
            {},
            "had_a_key",
            "the user has no access key any more: first_key makes only the first one",
            id="had one",
        ),
        pytest.param(
            {"secret": secret(intent=intent(minutes=19))},
            {},
            "in_progress",
            "another run may be at work on the user: ask again in 20 minutes",
            id="another run is at work",
        ),
    ],
)
def test_a_request_says_why_there_is_none(
    facts: dict[str, Any], changes: dict[str, Any], row: str, detail: str
) -> None:
    account = newcomer(**facts)

    report = run(account, ASKED, **changes)

    assert rows(report) == [("report", row, None)]
    assert report.rows[0].detail == f"not rotated: {detail}"
    assert account.made == 0


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"password": False}, "nobody_can_fetch", id="nobody could fetch it"),
        pytest.param({"audience": Audience.NOBODY}, "no_confirmed_subscription", id="no recipient"),
        pytest.param({"secret": secret(managed_by=None)}, "unmanaged_secret", id="not our secret"),
    ],
)
def test_what_blocks_it_is_said_to_whoever_asks_and_to_nobody_else(
    facts: dict[str, Any], reason: str
) -> None:
    account = newcomer(**facts)

    report = run(account, ASKED)

    assert rows(report) == [("block", reason, None)]
    assert str(report.rows[0].detail).startswith("the first key cannot be made: ")
    assert (account.notified, account.digests, account.events, account.made) == ([], [], [], 0)


def test_a_first_key_that_was_not_announced_is_announced_and_not_replaced() -> None:
    account = FakeAccount()
    made = holding(PLACEHOLDER, version_id("B"), intent=intent(2))
    account.add(user(key("B", 2), secret=made))

    report = run(account, ASKED)

    assert rows(report) == [("announce", "first_key", "B"), ("report", "first_key", None)]
    assert report.rows[1].detail == "not rotated: the user's first key was not announced until now"


def test_an_inactive_key_is_no_reason_for_a_first_one() -> None:
    account = FakeAccount()
    account.add(user(inactive("A", 40)))

    assert rows(run(account, ASKED)) == [("report", "not_active", None)]
