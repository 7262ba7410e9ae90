"""The report's verdict: it states no more than is known, and says what keeps runs from acting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from key_rotation.domain.credential_report import Slot
from key_rotation_cli.account import AccountStatus
from key_rotation_cli.report.compliance import Compliance
from key_rotation_cli.report.page import page
from key_rotation_cli.schedule import Schedule, State
from tests.unit.builders import SETTINGS, ago, inactive, key, user
from tests.unit.sample import account_status, nobodys, sample, settled_status, status
from tests.unit.test_report_page import Tags, with_carol

AS_DATED = ", as far as the credential report dates keys</strong>"


def shown(found: AccountStatus, **facts: object) -> str:
    text = page(Compliance(found, nobodys(found), **facts))  # type: ignore[arg-type]
    Tags(text)
    return " ".join(text.split())


# -- what the credential report dates --------------------------------------------------------------


def test_a_verdict_about_keys_that_were_all_read_has_no_reservation() -> None:
    text = shown(account_status(status("alice", user(key("A", 10)))))

    assert "<strong>Compliant</strong>" in text
    assert "<strong>Managed users: compliant</strong>" in text
    assert text.count(">passed<") == 6
    assert "as far as" not in text


def test_a_verdict_is_no_firmer_than_the_dates_of_the_credential_report() -> None:
    text = shown(with_carol(Slot(True, ago(5))))

    assert f"<strong>Compliant{AS_DATED}" in text
    assert "<strong>Managed users: compliant</strong>" in text
    assert (
        "is known to be older than 90 days. The report dates the keys of 1 user, 0 managed" in text
    )
    assert "one that was switched off and on is older" in text
    assert text.count(">passed, as far as dated<") == 3  # for the account
    assert text.count(">passed<") == 3  # for managed users


def test_settled_users_are_dated_by_the_report_too() -> None:
    text = shown(account_status(settled_status("alice", key("A", 10)), settled_status("bob")))

    assert f"<strong>Compliant{AS_DATED}" in text
    assert f"<strong>Managed users: compliant{AS_DATED}" in text
    assert "The report dates the keys of 1 user, 1 managed and 0 not managed." in text
    assert text.count(">passed, as far as dated<") == 6


def test_what_fails_by_the_report_is_the_least_that_fails() -> None:
    text = shown(with_carol(Slot(True, ago(91))))

    assert "At least 1 active key of the account older than 90 days" in text


@pytest.mark.parametrize(
    ("keys", "verdict", "failing"),
    [
        pytest.param((key("C", 5),), "Compliant", 0, id="as young as it looked"),
        pytest.param((key("C", 400),), "Not compliant", 1, id="older than it looked"),
        pytest.param((inactive("C", 400),), "Compliant", 0, id="switched off since"),
    ],
)
def test_keys_that_were_listed_count_with_their_own_dates(
    keys: tuple[object, ...], verdict: str, failing: int
) -> None:
    text = shown(with_carol(Slot(True, ago(5))), listed={"carol": keys})

    assert f"<strong>{verdict}</strong>" in text
    assert ("1 key failing" in text) is bool(failing)
    assert "as far as dated" not in text
    assert "At least" not in text


# -- what keeps runs from acting -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(
            {"settings": replace(SETTINGS, dry_run=True)},
            "<span>the setting dry_run is true: runs change nothing until it is false </span>",
            id="dry run",
        ),
        pytest.param(
            {"schedule": Schedule("access-key-rotation", State.OFF)},
            "is off: no run starts by itself until schedule_enabled is true",
            id="off",
        ),
        pytest.param(
            {"settings": replace(SETTINGS, max_rotations_per_run=1)},
            "max_rotations_per_run is 1: 1 of 2 rotations that are due wait for a later run",
            id="limit",
        ),
    ],
)
def test_what_keeps_runs_from_acting_stands_under_the_verdict(
    changes: dict[str, object], sentence: str
) -> None:
    due = account_status(status("alice", user(key("A", 91))), status("bob", user(key("B", 95))))

    text = shown(replace(due, **changes))  # type: ignore[arg-type]

    assert sentence in text
    assert text.index("What is due may not happen as shown") < text.index("<h2>Controls</h2>")


def test_nothing_is_said_of_obstacles_where_there_are_none() -> None:
    assert "may not happen as shown" not in shown(sample())


# -- what is counted of whom -----------------------------------------------------------------------


def test_figures_say_of_whom_they_are() -> None:
    text = shown(sample())

    for label in (
        "active keys of managed users",
        "days: oldest active key of a managed user",
        "keys of managed users over their own limit",
        "keys of managed users over 90 days",
        "managed users blocked",
        "users not managed, with active keys",
    ):
        assert f"<span>{label}</span>" in text


def test_who_is_exempt_is_named_beside_the_controls_too() -> None:
    text = shown(sample())
    controls = text[text.index("<h2>Controls</h2>") :].split("</section>")[0]

    assert "Not counted: 1 exempt user with active keys (coverage_exempt_tag)." in controls


def test_lists_that_are_cut_say_how_many_more_there_are() -> None:
    due = [status(f"u{number:02}", user(key(f"K{number}", 86))) for number in range(25)]

    text = shown(account_status(*due))  # each is warned, and gets a new key

    assert "And 30 more: key-rotation status --all" in text
    assert "more: key-rotation history" not in text
    assert "more: key-rotation history" in shown(sample())
