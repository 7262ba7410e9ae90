"""A run that was asked to rotate: what is done, what each user's row says, and what is tried again.

Which rule decides is in `test_policy.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.model import Audience, Event, KeyStatus
from key_rotation.notify.response import RotationFailedError
from key_rotation.ports import UnprotectedSecretError
from key_rotation.run.payload import Payload, Request
from key_rotation.run.user_runs import MAX_ATTEMPTS
from tests.unit.builders import inactive, intent, key, secret, stamp, user
from tests.unit.fakes import FakeAccount, TooManyRequestsError
from tests.unit.test_run import OURS, changes, one_user, rows, run

NOTE = "Reason, as given by whoever asked: the supplier changes"
DAY = timedelta(days=1)


def asked(*users: str, dry_run: bool = False) -> Payload:
    return Payload(dry_run, rotate=Request(users or ("alice",), "the supplier changes"))


def two_users(**facts: Any) -> FakeAccount:
    account = FakeAccount()
    account.add(user(key("A", 40), **facts))
    account.add(user(key("B", 60), **facts), "bob")
    return account


def failures(account: FakeAccount, payload: Payload, **settings: Any) -> list[tuple[str, str, str]]:
    """User, reason and detail of what failed."""
    with pytest.raises(RotationFailedError) as failed:
        run(account, payload, **settings)
    return [(row.user, row.reason, row.detail or "") for row in failed.value.report.failed]


# -- what is done ----------------------------------------------------------------------------------


def test_a_request_rotates_in_the_ordinary_order() -> None:
    account = one_user(key("A", 40))

    report = run(account, asked())

    assert changes(account) == [
        "prepare",
        "record_intent",
        "create",
        "store",
        "works",
        "notify",
        "disable",
        "record",
        "notify_operators",
    ]
    assert rows(report) == [
        ("rotate", "requested", "A"),
        ("announce", "requested", "NEW1"),
        ("disable", "superseded", "A"),
    ]


def test_a_service_keeps_its_old_key_for_its_grace() -> None:
    account = one_user(key("A", 40), password=False)

    run(account, asked())

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}
    assert "works until 2026-06-08 12:00 UTC" in account.notified[0][2].text


def test_a_day_that_a_warning_named_stays_the_end_of_the_old_key() -> None:
    account = one_user(key("A", 85))
    run(account)
    account.clock.time += DAY

    run(account, asked())

    mails = [mail for _, event, mail in account.notified if event is Event.ROTATED]
    assert [mail.data["superseded_key_until"] for mail in mails] == ["2026-06-06T12:00:00Z"]
    statuses = []
    for _ in range(10):
        statuses.append(account.statuses()["A"])
        account.clock.time += DAY
        run(account)
    assert statuses[:4] == ["Active"] * 4
    assert statuses[-1] == "Inactive"


def test_nobody_else_is_rotated() -> None:
    account = two_users()
    account.add(user(key("C", 200)), "carol")

    run(account, asked("alice"))

    assert account.statuses("bob") == {"B": "Active"}
    assert account.statuses("carol") == {"C": "Active"}


def test_a_dry_run_shows_the_plan() -> None:
    account = two_users()
    account.set_status("B", KeyStatus.INACTIVE, "bob")

    planned = run(account, asked("alice", "bob", dry_run=True))

    assert changes(account) == []
    assert [(row.user, row.action, row.reason) for row in planned.rows] == [
        ("alice", "rotate", "requested"),
        ("alice", "announce", "requested"),
        ("alice", "disable", "superseded"),
        ("bob", "report", "not_active"),
    ]


# -- at most once a day ----------------------------------------------------------------------------


def test_the_same_request_again_does_nothing_and_says_so() -> None:
    account = one_user(key("A", 40))
    run(account, asked())
    account.calls.clear()
    account.clock.time += DAY - timedelta(seconds=1)

    report = run(account, asked())

    assert changes(account) == []
    [row] = report.rows
    assert (row.action, row.reason) == ("report", "rotated_today")
    assert row.detail == "not rotated: the key in the secret is less than a day old"


def test_a_record_that_somebody_took_away_makes_no_second_rotation() -> None:
    account = one_user(key("A", 40))
    run(account, asked())
    account.users["alice"] = user(account.key("NEW1"))
    account.secrets["alice"] = secret("X")
    account.calls.clear()
    account.clock.time += timedelta(hours=1)

    report = run(account, asked())

    assert rows(report) == [("report", "created_today", None)]
    assert changes(account) == []


def test_a_day_later_the_old_key_still_takes_the_place() -> None:
    account = one_user(key("A", 40))
    run(account, asked())
    account.clock.time += DAY

    report = run(account, asked())

    assert rows(report) == [("block", "slot_taken", "NEW1")]


# -- one row for each user -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "row"),
    [
        pytest.param(((), {}), ("report", "no_key", None), id="no key"),
        pytest.param(((inactive("A", 40),), {}), ("report", "not_active", None), id="inactive"),
        pytest.param(((key("A", hours=5),), {}), ("report", "created_today", None), id="young"),
        pytest.param(
            ((key("A", 40),), {"secret": secret(intent=intent(0, "A", minutes=5))}),
            ("report", "in_progress", None),
            id="another run is at work",
        ),
        pytest.param(
            ((key("A", 40),), {"audience": Audience.NOBODY}),
            ("block", "no_confirmed_subscription", "A"),
            id="nobody to notify",
        ),
        pytest.param(
            ((key("A", 40), key("B", 20)), {}),
            ("block", "two_active_keys_due", "A"),
            id="two active keys",
        ),
        pytest.param(
            (
                (key("A", 50), key("B", 2)),
                {"secret": secret("B", announced=stamp("B", 2)), "password": False},
            ),
            ("report", "in_grace", None),
            id="in grace",
        ),
    ],
)
def test_who_is_not_rotated_has_a_row_that_says_why(
    facts: tuple[tuple[Any, ...], dict[str, Any]], row: tuple[str, str, str | None]
) -> None:
    keys, others = facts
    account = one_user(*keys, **others)

    assert rows(run(account, asked())) == [row]


def test_a_hold_says_what_it_is_and_that_the_request_came_to_nothing() -> None:
    pair = (key("A", 100), key("B", 10))
    tags = {"hold-until": "2026-06-10"}
    account = one_user(*pair, secret=secret("B", announced=stamp("B", 10)), tags=tags)

    report = run(account, asked())

    assert rows(report) == [("hold", "hold_until", "A"), ("report", "hold_until", None)]


def test_users_who_cannot_be_served_do_not_stop_the_others() -> None:
    account = two_users()
    account.out_of_reach = {"admin": "never_user_arns"}

    report = run(account, asked("nobody", "admin", "bob"))

    said = [(row.user, row.action, row.reason) for row in report.rows]
    assert said[:2] == [("nobody", "report", "not_managed"), ("admin", "report", "out_of_reach")]
    assert [row.detail for row in report.rows[:2]] == [
        "not rotated: user 'nobody' is not an IAM user of this account that carries the tag "
        "access-key-rotation = enabled",
        "not rotated: user 'admin' is out of the function's reach, by the setting never_user_arns",
    ]
    assert ("bob", "rotate", "requested") in said
    assert report.scanned == 1


def test_one_failure_does_not_stop_the_others() -> None:
    account = two_users()
    account.fail("describe", RuntimeError("down"))

    assert failures(account, asked("alice", "bob")) == [("alice", "error", "RuntimeError: down")]

    assert account.statuses("alice") == {"A": "Active"}
    assert account.statuses("bob") == {"B": "Inactive", "NEW1": "Active"}


def test_a_secret_that_cannot_be_protected_blocks() -> None:
    ours = secret("A", announced=stamp("A", 40), policy_for=OURS)
    account = one_user(key("A", 40), secret=ours)
    account.foreign_policies.add("alice")
    account.fail("secure", UnprotectedSecretError("denied"))

    report = run(account, asked())

    assert ("block", "secret_not_protected", "A") in rows(report)
    assert account.statuses() == {"A": "Active"}


def test_the_limit_takes_the_oldest_first_and_the_rest_has_to_ask_again() -> None:
    account = two_users()

    report = run(account, asked("alice", "bob"), max_rotations_per_run=1)

    assert [row.user for row in report.rows if row.action == "rotate"] == ["bob"]
    [deferred] = [row for row in report.rows if row.action == "defer"]
    assert (deferred.user, deferred.reason) == ("alice", "rotation_limit")
    assert deferred.detail == "max_rotations_per_run is 1: ask again for this user"


# -- tried again -----------------------------------------------------------------------------------


def test_a_throttle_is_waited_for() -> None:
    account = one_user(key("A", 40))
    account.fail("describe", TooManyRequestsError())

    assert rows(run(account, asked()))[0] == ("rotate", "requested", "A")


def test_what_a_throttle_kept_from_being_done_is_a_failure_that_is_tried_again() -> None:
    account = one_user(key("A", 40))
    account.fail("keys", *[TooManyRequestsError()] * MAX_ATTEMPTS)

    assert failures(account, asked()) == [
        ("alice", "throttled", "not rotated, ask again: TooManyRequestsError")
    ]


def test_a_throttle_at_the_end_leaves_nothing_to_ask_for() -> None:
    """The key is there: the next run announces it, and says so."""
    account = one_user(key("A", 40))
    account.fail("works", TooManyRequestsError())

    report = run(account, asked())

    assert rows(report) == [("rotate", "requested", "A"), ("defer", "throttled", None)]
    account.clock.time += timedelta(minutes=21)
    assert rows(run(account))[0] == ("announce", "not_announced", "NEW1")


def test_a_record_that_was_throttled_is_made_up_for() -> None:
    account = one_user(key("A", 40), password=False)
    account.fail("record", TooManyRequestsError())

    report = run(account, asked())

    assert [action for action, _, _ in rows(report)] == ["rotate", "announce", "defer"]
    assert account.secrets["alice"].announced == stamp("NEW1")


def test_a_user_for_whom_there_is_no_time_is_a_failure_that_is_tried_again() -> None:
    account = one_user(key("A", 40))
    account.clock.left = timedelta(seconds=59)

    assert failures(account, asked()) == [("alice", "out_of_time", "not rotated, ask again")]
    assert changes(account) == []


def test_a_request_that_was_overtaken_is_an_error() -> None:
    account = one_user(key("A", 40))
    account.before("create", lambda: account.add_key(key("P")))

    [(_, reason, detail)] = failures(account, asked())

    assert reason == "error"
    assert "has just made a key" in detail
    assert account.statuses() == {"A": "Active", "P": "Active"}


def test_a_request_that_died_is_not_taken_for_done_when_it_is_tried_again() -> None:
    """Lambda tries again under the same request id, within minutes."""
    died = secret(intent=intent(0, "A", minutes=1, request_id="this"))
    account = one_user(key("A", 40), secret=died)

    assert failures(account, asked()) == [
        ("alice", "in_progress", "not rotated, ask again: in_progress")
    ]
    account.clock.time += timedelta(minutes=20)
    assert rows(run(account, asked()))[0] == ("rotate", "requested", "A")


def test_a_key_that_the_attempt_before_stored_is_not_asked_for_again() -> None:
    """It was stored, and then STS or SNS failed: what is left, a later run does unasked."""
    died = secret("B", "A", intent=intent(0, "A", minutes=1, request_id="this"))
    account = one_user(key("A", 40), key("B", minutes=1), secret=died)

    report = run(account, asked())

    assert rows(report) == [("defer", "in_progress", None)]
    assert "the next run goes on" in str(report.rows[0].detail)


def test_users_who_are_done_are_left_alone_when_the_others_are_tried_again() -> None:
    account = two_users()
    account.fail("describe", RuntimeError("down"))
    failures(account, asked("alice", "bob"))
    account.clock.time += timedelta(minutes=1)

    report = run(account, asked("alice", "bob"))

    said = [(row.user, row.action, row.reason) for row in report.rows]
    assert ("alice", "rotate", "requested") in said
    assert ("bob", "report", "rotated_today") in said
    assert len(account.statuses("bob")) == 2


# -- what people and programs are told -------------------------------------------------------------


def test_owner_operators_programs_and_log_are_told_why(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "key_rotation")
    account = one_user(key("A", 40), password=False)

    run(account, asked())

    [(_, event, mail)] = account.notified
    assert event is Event.ROTATED
    assert f"Somebody asked for this rotation. {NOTE}" in " ".join(mail.text.split())
    assert mail.data["reason"] == NOTE
    assert f"somebody asked for it. {NOTE}" in " ".join(account.digests[0].text.split())
    [rotated] = account.events
    assert (rotated.reason, rotated.note) == ("requested", NOTE)
    done = [vars(record) for record in caplog.records if record.getMessage() == "done"]
    assert {record["note"] for record in done} == {NOTE}


def test_what_the_ordinary_rules_do_beside_it_has_no_note() -> None:
    account = one_user(key("A", 40))

    run(account, asked())

    notes = {(event.detail_type, event.note) for event in account.events}
    assert notes == {("Access Key Rotated", NOTE), ("Access Key Disabled", None)}


def test_a_blocked_owner_is_told_that_somebody_asked_and_once_a_week() -> None:
    account = one_user(key("A", 40), key("B", 20))

    for _ in range(7):
        run(account, asked())
        account.clock.time += DAY

    [(_, event, mail)] = account.notified
    text = " ".join(mail.text.split())
    assert event is Event.BLOCKED
    assert f"Somebody asked for this rotation. {NOTE}" in text
    assert "Whoever asked can ask again after that. Until then the key works" in text
    assert [transition.note for transition in account.events] == [NOTE]


def test_a_secret_that_is_not_ours_is_said_to_whoever_asks_alone() -> None:
    account = one_user(key("A", 76), secret=secret(managed_by=None))

    report = run(account, asked())

    assert rows(report) == [("block", "unmanaged_secret", "A")]
    assert (account.notified, account.digests, account.events) == ([], [], [])


def test_a_request_is_measured_as_done() -> None:
    account = one_user(key("A", 40))

    run(account, asked())

    assert account.measures["KeysRotated"] == 1
    assert "OldestActiveKeyDays" not in account.measures


def test_the_ordinary_run_does_not_take_a_request_for_its_own() -> None:
    account = one_user(key("A", 40))
    run(account, asked())
    account.calls.clear()
    account.clock.time += DAY

    report = run(account)

    assert (rows(report), changes(account)) == ([], [])
