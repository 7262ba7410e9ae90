"""What somebody does, or what fails, between two steps of a run, or between two runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.model import Audience, Event, KeyStatus, ManagedUser
from key_rotation.notify.response import RotationFailedError
from key_rotation.ports import UnknownPrincipalError
from key_rotation.run.payload import Payload
from tests.unit.builders import (
    ALICE,
    ago,
    credential_report_of,
    key,
    secret,
    stamp,
    user,
    uses,
)
from tests.unit.fakes import FakeAccount, TooManyRequestsError
from tests.unit.test_run import leaked, one_user, rows, run, superseded


def days_pass(account: FakeAccount, days: int, **changes: Any) -> None:
    for _ in range(days):
        account.clock.time += timedelta(days=1)
        run(account, Payload(), **changes)


def test_a_key_that_came_back_is_not_deleted_for_having_been_inactive_once() -> None:
    account = one_user(key("A", 5), password=False)
    run(account, leaked(even_if_nobody_can_fetch=True))
    # It had not leaked: the operators take that off its record, and the owner goes back to it, and
    # uses it alone until it is due.
    account.set_status("A", KeyStatus.ACTIVE)
    account._update(account.secrets["alice"], leaked=frozenset())
    account.delete(ALICE, "NEW1")
    days_pass(account, 85)
    assert account.statuses() == {"A": "Active", "NEW2": "Active"}

    account.set_status("A", KeyStatus.INACTIVE)  # the owner has moved, and tidies up
    days_pass(account, 29)
    assert account.statuses() == {"A": "Inactive", "NEW2": "Active"}

    days_pass(account, 2)
    assert account.statuses() == {"NEW2": "Active"}


def test_that_we_tried_the_new_key_ourselves_does_not_make_the_old_one_idle() -> None:
    account = one_user(key("A", 90), password=False, used={"A": ago(60)})
    run(account)
    del account.secrets["alice"]  # for good, and with it all that was known

    days_pass(account, 1)

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}


def test_an_owner_who_could_not_read_the_secret_gets_the_time_anew() -> None:
    holds = secret("B", "A", announced=stamp("B", 7), pending_deletion=True)
    account = one_user(key("A", 97), key("B", 7), secret=holds, password=False)

    assert rows(run(account)) == [
        ("prepare", "secret_pending_deletion", None),
        ("announce", "not_announced", "B"),
    ]
    days_pass(account, 6)
    assert account.statuses()["A"] == "Active"
    days_pass(account, 1)
    assert account.statuses()["A"] == "Inactive"


def test_a_secret_that_is_to_be_deleted_is_restored_before_an_emergency_needs_it() -> None:
    holds = secret("B", "A", announced=stamp("B", 10), pending_deletion=True)
    account = one_user(key("A", 20), key("B", 10), secret=holds)

    report = run(account, leaked())

    assert rows(report) == [("prepare", "emergency", None), ("disable", "emergency", "A")]
    assert not account.secrets["alice"].pending_deletion
    assert account.statuses() == {"A": "Inactive", "B": "Active"}


@pytest.mark.parametrize("times", [1, 40], ids=["once", "for as long as it is tried"])
def test_a_disable_is_taken_back_or_somebody_is_told(times: int) -> None:
    account = superseded()
    account.before("disable", lambda: account.set_status("B", KeyStatus.INACTIVE))
    account.fail("enable", *[TooManyRequestsError()] * times)

    with pytest.raises(RotationFailedError) as failure:
        run(account)

    came_back = times == 1
    assert account.statuses() == {"A": "Active" if came_back else "Inactive", "B": "Inactive"}
    assert ("enable it by hand" in str(failure.value)) is not came_back


@pytest.mark.parametrize("forgets", [True, False], ids=["whole", "the record stays"])
def test_a_key_restored_while_a_run_is_at_work_stays(forgets: bool) -> None:
    account = superseded(inactive_since=stamp("A", hours=1))
    account.credential_report = credential_report_of(account.users.values(), ago(hours=2))
    account.set_status("A", KeyStatus.INACTIVE)
    held = {"access-key-rotation:hold-until": "2026-06-20 A"}

    def an_operator_restores_it() -> None:
        account.tag("alice", held)
        account.set_status("A", KeyStatus.ACTIVE)
        if forgets:
            account.forget_inactive(account.secrets["alice"])

    account.before("keys", an_operator_restores_it)  # the users' tags are read by then

    report = run(account)

    assert account.statuses() == {"A": "Active", "B": "Active"}
    assert rows(report)[-1] == ("defer", "concurrent_change", "A")
    assert "override tags were changed" in str(report.rows[-1].detail)
    assert rows(run(account)) == [("hold", "hold_until", "A")]


def test_an_idle_key_that_is_held_while_a_run_is_at_work_stays() -> None:
    account = one_user(key("A", 80), key("B", 70), used={"A": ago(60), "B": ago(1)})
    held = {"access-key-rotation:hold-until": "2026-06-20 A"}
    account.before("keys", lambda: account.tag("alice", held))

    report = run(account)

    assert account.statuses() == {"A": "Active", "B": "Active"}
    assert rows(report)[-1] == ("defer", "concurrent_change", "A")
    assert rows(run(account)) == []


def test_a_key_whose_tags_cannot_be_read_again_stays() -> None:
    account = superseded()
    account.fail("tags", RuntimeError("IAM is not there"))

    with pytest.raises(RotationFailedError, match="IAM is not there"):
        run(account)

    assert account.statuses() == {"A": "Active", "B": "Active"}
    assert rows(run(account)) == [("disable", "superseded", "A")]


def test_tags_are_read_again_for_no_key_that_was_replaced_just_now() -> None:
    account = one_user(key("A", 90))

    run(account, grace_days=0, hold_until_moved=False)

    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}
    assert "tags" not in account.calls


def test_keys_that_changed_while_a_user_waited_are_judged_anew() -> None:
    account = one_user(key("A", 100), key("B", 50), used={"A": ago(1), "B": ago(50)})

    def a_person_replaces_b() -> None:
        account.clock.time += timedelta(seconds=30)
        keys, used = (key("A", 100), key("D", 1)), {"A": ago(1), "D": None}
        account.users["alice"] = replace(account.users["alice"], keys=keys, last_used=uses(used))

    account.before("missing", a_person_replaces_b)

    assert rows(run(account, max_rotations_per_run=5)) == [("block", "two_active_keys_due", "A")]


def test_a_user_who_is_gone_by_now_stops_nobody_else() -> None:
    account = FakeAccount()
    account.add(user(key("A", 91)))
    account.add(user(key("B", 90)), "bob")
    account.fail("prepare", UnknownPrincipalError("the policy was refused"))

    with pytest.raises(RotationFailedError, match=r"1 failed, everything else.*alice"):
        run(account, secret_reader_arns=("arn:aws:iam::123456789012:role/here",))

    assert account.statuses("bob")["B"] == "Inactive"


class OnlyRotations(FakeAccount):
    """The owner's subscription admits no other event, and no operator's does either."""

    def audience(self, user: Any, event: Event) -> Audience:
        return Audience.USER if event is Event.ROTATED else Audience.NOBODY


@pytest.mark.parametrize(
    ("subject", "kept"),
    [
        (user(key("A", 80), key("B", 60), used={"B": None}), {"A": "Active", "B": "Active"}),
        (user(key("A", 84)), {"A": "Active"}),
    ],
    ids=["idle", "to be warned"],
)
@pytest.mark.parametrize("required", [True, False])
def test_nothing_is_done_of_which_nobody_would_hear(
    subject: ManagedUser, kept: dict[str, str], required: bool
) -> None:
    account = OnlyRotations()
    account.add(subject)

    if required:
        with pytest.raises(RotationFailedError, match="no confirmed subscription admits"):
            run(account)
        assert account.statuses() == kept
        assert account.notified == []
    else:
        run(account, require_confirmed_subscription=False)
        assert len(account.notified) == 1


def test_a_key_stays_whose_user_is_not_managed_any_more() -> None:
    account = superseded()
    exempt = {"access-key-rotation": "off"}
    account.before("keys", lambda: account.tag("alice", exempt))  # the users' tags are read by then

    report = run(account)

    assert account.statuses() == {"A": "Active", "B": "Active"}
    assert rows(report)[-1] == ("defer", "concurrent_change", "A")
    assert "the user is not managed any more" in str(report.rows[-1].detail)
