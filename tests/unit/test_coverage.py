"""Users who are not managed and have active keys: who counts, since when, and what is not known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from key_rotation.domain.coverage import (
    NEW_FOR,
    Coverage,
    NotManaged,
    OtherUser,
    UnmanagedUser,
    coverage_of,
)
from key_rotation.domain.credential_report import CredentialReport, Row, Slot
from key_rotation.notify.coverage import coverage_lines, coverage_measures, coverage_rows
from key_rotation.run.payload import Emergency, Payload
from key_rotation.run.run import Rotation
from tests.unit.builders import NOW, ago, key, settings, user
from tests.unit.fakes import FakeAccount
from tests.unit.test_run import run

OFF = Slot()


def active(days: float = 0, used_days: float | None = None, **units: float) -> Slot:
    """A key created, or switched on, so long ago."""
    return Slot(True, ago(days, **units), None if used_days is None else ago(used_days))


def inactive(days: float = 0) -> Slot:
    return Slot(False, ago(days), None)


def other(name: str = "carol", days: float = 1000, **facts: Any) -> OtherUser:
    return OtherUser(name, ago(days), facts.pop("why", NotManaged.NO_TAG), **facts)


def report(generated: datetime = NOW, **rows: tuple[Slot, Slot]) -> CredentialReport:
    """Of these users, each made 1,000 days ago."""
    return CredentialReport(
        generated, {name: Row(ago(1000), slots) for name, slots in rows.items()}
    )


def found(*slots: Slot, **facts: Any) -> Coverage:
    """What is known of carol with these keys."""
    first, second = (*slots, OFF, OFF)[:2]
    return coverage_of([other(**facts)], report(carol=(first, second)), 90, NOW)


# -- who counts, and how ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slots", "keys", "since", "used", "over", "new"),
    [
        pytest.param((active(50),), 1, 50, None, 0, False, id="young"),
        pytest.param((active(90),), 1, 90, None, 0, False, id="at the limit"),
        pytest.param((active(90, minutes=1),), 1, 90.0007, None, 1, False, id="over it"),
        pytest.param((active(400, 1), active(200, 30)), 2, 400, 1, 2, False, id="two"),
        pytest.param((inactive(10), active(400, 3)), 1, 400, 3, 1, False, id="one is off"),
        pytest.param((active(6.9),), 1, 6.9, None, 0, True, id="new"),
        pytest.param((active(400), active(1)), 2, 400, None, 1, True, id="a second one is new"),
        pytest.param((active(2, 300),), 1, 300, 300, 1, True, id="switched on again: older"),
        pytest.param((Slot(True),), 1, 1000, None, 1, False, id="without a date: as the user"),
    ],
)
def test_a_user_with_active_keys_counts(
    slots: tuple[Slot, ...], keys: int, since: float, used: float | None, over: int, new: bool
) -> None:
    [unmanaged] = found(*slots).users

    assert (unmanaged.keys, unmanaged.over_limit, unmanaged.is_new) == (keys, over, new)
    assert abs(unmanaged.since - ago(since)) < timedelta(seconds=1)
    assert unmanaged.last_used == (None if used is None else ago(used))


@pytest.mark.parametrize("slots", [(), (inactive(3),), (inactive(400), inactive(300))])
def test_a_user_without_active_keys_does_not(slots: tuple[Slot, ...]) -> None:
    assert found(*slots) == Coverage()


@pytest.mark.parametrize(("ago_", "new"), [(NEW_FOR, True), (NEW_FOR * 1.001, False)])
def test_new_lasts_a_week_and_what_two_reports_may_differ(ago_: timedelta, new: bool) -> None:
    """A report of a Monday may be 5 hours old; a key of these hours is in next week's only."""
    [unmanaged] = found(Slot(True, NOW - ago_)).users

    assert unmanaged.is_new is new
    assert timedelta(days=7, hours=5) <= NEW_FOR


def test_who_is_exempt_is_counted_apart() -> None:
    rows = report(carol=(active(400), OFF), dave=(active(400), OFF), erin=(OFF, OFF))
    others = [other("carol"), other("dave", exempt=True), other("erin", exempt=True)]

    coverage = coverage_of(others, rows, 90, NOW)

    assert [each.name for each in coverage.users] == ["carol"]
    assert (coverage.exempt, coverage.keys_over_limit) == (1, 1)


def test_the_new_ones_come_first_then_the_oldest_keys() -> None:
    names = ("carol", "dave", "erin", "frank")
    slots = (active(100), active(400), active(1), active(5))
    first, second, third, fourth = ((slot, OFF) for slot in slots)
    rows = report(carol=first, dave=second, erin=third, frank=fourth)

    coverage = coverage_of([other(name) for name in names], rows, 90, NOW)

    assert [each.name for each in coverage.users] == ["frank", "erin", "dave", "carol"]


# -- what is not known -----------------------------------------------------------------------------


def test_without_a_report_nothing_is_known() -> None:
    coverage = coverage_of([other()], None, 90, NOW)

    assert (coverage.users, coverage.unknown) == ((), "the credential report could not be read")
    assert coverage_measures(coverage) == []


def test_a_user_younger_than_the_report_waits_for_the_next() -> None:
    young = other(days=1 / 24)

    coverage = coverage_of([young], report(generated=ago(hours=4)), 90, NOW)

    assert (coverage.users, coverage.not_in_report) == ((), ("carol",))
    assert coverage.is_known


def test_a_predecessors_keys_are_not_the_users() -> None:
    old = report(generated=ago(hours=4), carol=(active(400), OFF))

    coverage = coverage_of([other(days=1 / 24)], old, 90, NOW)

    assert (coverage.users, coverage.not_in_report) == ((), ("carol",))


@pytest.mark.parametrize("row", [{}, {"carol": (active(400), OFF)}], ids=["no row", "of another"])
def test_a_user_whom_the_report_should_know_makes_the_number_unknown(row: dict[str, Any]) -> None:
    coverage = coverage_of([other(days=30)], report(**row), 90, NOW)

    assert coverage.unknown == "the credential report lacks carol"


def test_tags_that_are_unread_matter_only_with_keys() -> None:
    unread = {"why": NotManaged.TAGS_UNREAD, "exempt": None}

    assert found(active(1), **unread).unknown == "the tags of carol could not be read"
    assert found(inactive(1), **unread) == Coverage()


def test_few_are_named_where_many_are_unknown() -> None:
    others = [other(f"u{number}", 30) for number in range(8)]

    assert coverage_of(others, report(), 90, NOW).unknown == (
        "the credential report lacks u0, u1, u2, u3, u4 and 3 more"
    )


# -- what is said ----------------------------------------------------------------------------------


def carol(**changes: Any) -> UnmanagedUser:
    facts: dict[str, Any] = {
        "name": "carol",
        "why": NotManaged.NO_TAG,
        "keys": 1,
        "since": ago(1),
        "last_used": None,
        "over_limit": 0,
        "is_new": False,
    }
    return UnmanagedUser(**facts | changes)


@pytest.mark.parametrize(
    ("unmanaged", "text"),
    [
        (
            carol(is_new=True),
            "carol: new, 1 active key since 2026-05-31 or earlier, never used",
        ),
        (
            carol(since=ago(400), over_limit=1, last_used=ago(2)),
            "carol: 1 active key since 2025-04-27 or earlier, over the limit of 90 days, last used "
            "on 2026-05-30 12:00 UTC",
        ),
        (
            carol(keys=2, since=ago(400), over_limit=1, why=NotManaged.UNEXPECTED_TAG_VALUE),
            "carol: 2 active keys since 2025-04-27 or earlier, 1 over the limit of 90 days, never "
            "used; the tag has an unexpected value",
        ),
        (
            carol(why=NotManaged.OUT_OF_REACH),
            "carol: 1 active key since 2026-05-31 or earlier, never used; out of the function's "
            "reach",
        ),
    ],
)
def test_a_line_says_since_when_and_why(unmanaged: UnmanagedUser, text: str) -> None:
    [line] = coverage_lines(Coverage((unmanaged,)), settings())

    assert line.text == text


def test_a_row_counts_them_and_none_is_no_row() -> None:
    coverage = Coverage((carol(is_new=True), carol(keys=2, over_limit=2)), exempt=3)

    [row] = coverage_rows(coverage, settings())

    assert row.detail == (
        "2 users who are not managed have active keys, 2 keys over the limit of 90 days, 1 new; 3 "
        "more exempt"
    )
    assert coverage_rows(Coverage(exempt=3), settings()) == []


def test_of_what_is_not_known_no_number_is_sent() -> None:
    coverage = Coverage((carol(),), unknown="the tags of dave could not be read")

    assert coverage_measures(coverage) == []
    assert [row.reason for row in coverage_rows(coverage, settings())] == [
        "unmanaged_users",
        "coverage_unknown",
    ]
    assert str(coverage_rows(coverage, settings())[0].detail).startswith("at least 1 user who")


# -- in a run --------------------------------------------------------------------------------------


def account_with(*slots: Slot, **facts: Any) -> FakeAccount:
    account = FakeAccount()
    account.add(user(key("A", 10)))
    account.add_other("carol", *slots, **facts)
    return account


def digest_of(account: FakeAccount) -> str:
    [digest] = account.digests
    return " ".join(digest.text.split())


def test_a_run_measures_and_reports_and_says_it_weekly() -> None:
    account = account_with(active(400))

    report_ = run(account)

    assert [(row.user, row.action, row.reason) for row in report_.rows] == [
        ("(account)", "report", "unmanaged_users")
    ]
    assert account.measures["UnmanagedUsersWithKeys"] == 1
    assert account.measures["UnmanagedKeysOverLimit"] == 1
    assert "who are not managed: tag or exempt them: - carol: 1 active" in digest_of(account)


def test_on_other_days_it_is_measured_and_reported_only() -> None:
    account = account_with(active(400))
    account.clock.time += timedelta(days=1)

    report_ = run(account)

    assert [row.reason for row in report_.rows] == ["unmanaged_users"]
    assert account.measures["UnmanagedUsersWithKeys"] == 1
    assert account.digests == []


def test_nobody_is_a_number_and_nothing_to_say() -> None:
    account = account_with()

    assert run(account).rows == ()
    assert account.measures["UnmanagedUsersWithKeys"] == 0
    assert account.measures["UnmanagedKeysOverLimit"] == 0
    assert account.digests == []


def test_an_account_without_managed_users_is_covered_too() -> None:
    account = FakeAccount()
    account.add_other("carol", active(1))

    run(account)

    assert account.measures["UnmanagedUsersWithKeys"] == 1
    assert "carol: new, 1 active key" in digest_of(account)


@pytest.mark.parametrize("method", ["request", "read"])
def test_an_unread_report_is_never_nobody(method: str) -> None:
    account = account_with(active(400))
    account.fail(method, RuntimeError("AccessDenied"))

    report_ = run(account)

    assert ("(account)", "coverage_unknown") in [(row.user, row.reason) for row in report_.rows]
    assert not {"UnmanagedUsersWithKeys", "UnmanagedKeysOverLimit"} & set(account.measures)
    assert account.measures["ManagedUsers"] == 1
    assert "nobody knows how many users who are not managed have keys" in digest_of(account)


def test_a_long_list_is_cut_and_counted() -> None:
    account = FakeAccount()
    for number in range(400):
        account.add_other(f"u{number:03}", active(100 + number))
    account.add_other("zoe", active(1))

    report_ = run(account)

    [digest] = account.digests
    assert len(report_.rows) == 1
    assert "401 unmanaged" in digest.subject
    assert len(digest.data["lines"]) == 26
    assert digest.data["lines"][0]["user"] == "zoe"
    assert digest.data["lines"][-1]["text"] == "and 376 more: key-rotation status --unmanaged"


@pytest.mark.parametrize(
    ("payload", "measured"),
    [
        pytest.param(Payload(users=("alice",)), False, id="named"),
        pytest.param(Payload(emergency=Emergency("alice", "A", "leak")), False, id="emergency"),
        pytest.param(Payload(dry_run=True), False, id="dry run by payload"),
    ],
)
def test_only_a_whole_run_says_it(payload: Payload, measured: bool) -> None:
    account = account_with(active(400))

    run(account, payload)

    assert ("UnmanagedUsersWithKeys" in account.measures) is measured
    assert not any("carol" in digest.text for digest in account.digests)


def test_under_dry_run_the_row_is_there_and_no_digest() -> None:
    account = account_with(active(400))

    report_ = run(account, dry_run=True)

    assert [row.reason for row in report_.rows] == ["unmanaged_users"]
    assert account.measures["UnmanagedUsersWithKeys"] == 1
    assert account.digests == []


def test_no_call_is_made_for_it() -> None:
    with_keys, without = account_with(active(400)), account_with()
    for account in (with_keys, without):
        account.clock.time += timedelta(days=1)
        run(account)

    assert with_keys.calls == without.calls


# -- over days -------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", range(0, 168, 5))
def test_a_key_that_somebody_made_is_in_a_digest_within_a_week(hours: int) -> None:
    """Nobody tags the user, and nobody asks. A run each day at noon, on reports that are each up to
    4 hours old: the one of the run before may still stand."""
    account = FakeAccount()
    account.add(user(key("A", 10)))
    made = NOW + timedelta(hours=hours)
    carol = OtherUser("carol", made, NotManaged.NO_TAG)
    told: list[datetime] = []
    for day in range(15):
        now = account.clock.time = NOW + timedelta(days=day)
        generated = now - timedelta(hours=3.9)
        managed = {"alice": Row(ago(1000), (active(10), OFF))}
        rows = {"carol": Row(made, (Slot(True, made), OFF))} if made <= generated else {}
        account.credential_report = CredentialReport(generated, managed | rows)
        account.others = {"carol": carol} if made <= now else {}
        account.digests.clear()
        Rotation(account.world(), settings(), Payload(), f"run-{day}").run()
        if any("carol: new, 1 active key" in " ".join(d.text.split()) for d in account.digests):
            told.append(now)

    assert told
    assert told[0] - made <= timedelta(days=7, hours=4)
