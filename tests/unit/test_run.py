"""One run on an account in memory: what is done, in which order, and what is left when it fails."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from key_rotation.domain.model import AccessKey, Audience, Event, Grant, KeyStatus, NewAccessKey
from key_rotation.domain.settings import SettingsError
from key_rotation.notify.outcome import CUT_OFF
from key_rotation.notify.response import Report, RotationFailedError
from key_rotation.ports import (
    RefusedError,
    SlotTakenError,
    UnknownPrincipalError,
    UnprotectedSecretError,
)
from key_rotation.run.payload import Emergency, Payload, PayloadError
from key_rotation.run.run import Rotation
from tests.unit.builders import NOW, ago, inactive, intent, key, secret, settings, stamp, user, uses
from tests.unit.fakes import FakeAccount
from tests.unit.watched_run import CHANGES

# Changes and messages, and the trial of a new key, whose place among them counts.
MUTATING = CHANGES | {"works"}


def run(account: FakeAccount, payload: Payload | None = None, **changes: Any) -> Report:
    rotation = Rotation(
        account.world(), settings(**changes), payload or Payload(), request_id="this"
    )
    return rotation.run()


def rows(report: Report) -> list[tuple[str, str, str | None]]:
    return [(row.action, row.reason, row.access_key_id) for row in report.rows]


def changes(account: FakeAccount) -> list[str]:
    return [call for call in account.calls if call in MUTATING]


def one_user(*args: Any, **facts: Any) -> FakeAccount:
    account = FakeAccount()
    account.add(user(*args, **facts))
    return account


def leaked(key_id: str = "A", even_if_nobody_can_fetch: bool = False) -> Payload:
    reason = "seen on a\npaste site"
    return Payload(emergency=Emergency("alice", key_id, reason, even_if_nobody_can_fetch))


# -- the order of a rotation -----------------------------------------------------------------------


def test_rotates_in_this_order() -> None:
    account = one_user(key("A", 90))

    report = run(account)

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
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}
    assert rows(report) == [
        ("rotate", "key_too_old", "A"),
        ("announce", "key_too_old", "NEW1"),
        ("disable", "superseded", "A"),
    ]


def test_the_records_of_a_rotation() -> None:
    account = one_user(key("A", 90))

    run(account)

    state = account.secrets["alice"]
    assert state.intent is not None
    assert (state.intent.time, state.intent.request_id) == (NOW, "this")
    assert state.intent.key_ids == {"A"}
    assert state.announced == stamp("NEW1")
    assert state.inactive_since == stamp("A")


def test_a_second_run_does_nothing() -> None:
    account = one_user(key("A", 90))
    run(account)
    account.clock.time += timedelta(days=1)
    account.calls.clear()

    report = run(account)

    assert (rows(report), changes(account)) == ([], [])


def test_a_service_user_keeps_the_old_key_and_is_told_until_when() -> None:
    account = one_user(key("A", 90), password=False)

    run(account)

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}
    [(name, event, message)] = account.notified
    assert (name, event) == ("alice", Event.ROTATED)
    assert "works until 2026-06-08 12:00 UTC" in message.text
    assert message.data["superseded_key_until"] == "2026-06-08T12:00:00Z"


def test_the_old_key_goes_when_its_days_are_over() -> None:
    account = one_user(key("A", 90), password=False)
    run(account)
    account.clock.time += timedelta(days=7)

    run(account, hold_until_moved=False, remind_before_days=0)

    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}
    assert [event for _, event, _ in account.notified] == [Event.ROTATED, Event.DISABLED]


def test_a_whole_life() -> None:
    account = one_user(key("A", 80))
    seen = []
    for _ in range(135):
        seen += [(event.value, account.clock.time) for _, event, _ in account.notified]
        account.notified.clear()
        run(account)
        account.clock.time += timedelta(days=1)

    days = [(event, (time - NOW).days) for event, time in seen]
    assert days == [
        ("warned", 4),
        ("rotated", 11),
        ("deleted", 41),
        ("warned", 94),
        ("rotated", 101),
        ("deleted", 131),
    ]


# -- who is notified -------------------------------------------------------------------------------


def test_without_a_subscription_the_operators_are_told_before_the_old_key_goes() -> None:
    account = one_user(key("A", 90), audience=Audience.OPERATOR)

    report = run(account)

    assert changes(account)[-3:] == ["notify_operators", "disable", "record"]
    assert account.notified == []
    [digest] = account.digests
    assert "NEW1" in digest.text
    assert "please pass it on" in digest.text
    assert [row.action for row in report.rows] == ["rotate", "announce", "disable"]


def test_when_the_digest_cannot_be_sent_the_old_key_stays() -> None:
    account = one_user(key("A", 90), audience=Audience.OPERATOR)
    account.fail("notify_operators", RuntimeError("down"))

    with pytest.raises(RotationFailedError, match="down"):
        run(account)

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}
    assert account.secrets["alice"].announced is None
    account.clock.time += timedelta(days=1)
    run(account)
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


def test_when_the_user_cannot_be_told_the_old_key_stays() -> None:
    account = one_user(key("A", 90))
    account.fail("notify", RuntimeError("down"))

    with pytest.raises(RotationFailedError, match="alice: RuntimeError: down"):
        run(account)

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}


def test_nobody_listens_nothing_is_made() -> None:
    account = one_user(key("A", 90), audience=Audience.NOBODY)

    report = run(account)

    assert changes(account) == []
    assert rows(report) == [("block", "no_confirmed_subscription", "A")]


def test_nobody_listens_and_nobody_has_to() -> None:
    account = one_user(key("A", 90), audience=Audience.NOBODY)

    run(account, require_confirmed_subscription=False)

    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


def test_a_warning_makes_the_secret_and_is_not_repeated() -> None:
    account = one_user(key("A", 85))

    run(account)
    account.clock.time += timedelta(days=1)
    run(account)

    [(_, event, message)] = account.notified
    assert event is Event.WARNED
    assert "a placeholder" in message.text
    assert account.secrets["alice"].exists


def test_a_late_announcement_and_the_next_rotation_are_told_to_the_operators_each() -> None:
    account = one_user(
        inactive("A", 180),
        key("B", 90),
        secret=secret("B", "A", inactive_since=stamp("A", 90)),
        audience=Audience.OPERATOR,
    )

    reports = [run(account), run(account)]

    assert [[row[:2] for row in rows(report)] for report in reports] == [
        [("announce", "not_announced")],
        [
            ("delete", "superseded"),
            ("rotate", "key_too_old"),
            ("announce", "key_too_old"),
            ("disable", "superseded"),
        ],
    ]
    notified = [
        line["access_key_id"] for digest in account.digests for line in digest.data["lines"]
    ]
    assert {"B", "NEW1"} <= set(notified)
    assert account.statuses() == {"B": "Inactive", "NEW1": "Active"}


def test_a_warning_through_the_operators() -> None:
    account = one_user(key("A", 85), audience=Audience.OPERATOR)

    run(account)

    assert account.secrets["alice"].warned == stamp("A")
    assert len(account.digests) == 1


def test_a_long_disabled_key_is_deleted_right_after_it_was_seen_inactive() -> None:
    pair = secret("B", "A", announced=stamp("B", 40), inactive_since=stamp("A", 30))
    account = one_user(inactive("A", 130), key("B", 40), secret=pair)

    run(account)

    seen = account.calls.index("delete")
    assert account.calls[seen - 1] == "keys"
    assert changes(account) == ["delete", "notify", "notify_operators"]
    assert account.statuses() == {"B": "Active"}


def test_a_held_key_is_left_and_its_user_reminded_once_a_week() -> None:
    pair = secret("B", "A", announced=stamp("B", 10))
    account = one_user(key("A", 100), key("B", 10), secret=pair)

    for _ in range(15):
        report = run(account, hold_while_used_days=20)
        assert [row.action for row in report.rows] == ["hold"]
        account.clock.time += timedelta(days=1)

    assert [event for _, event, _ in account.notified] == [Event.HELD] * 3
    assert "2026-06-21" in account.notified[0][2].text


def test_a_blocked_user_is_told_once_a_week_and_so_are_the_operators() -> None:
    account = one_user(key("A", 100), key("B", 10))

    for _ in range(8):
        report = run(account)
        assert rows(report) == [("block", "two_active_keys_due", "A")]
        account.clock.time += timedelta(days=1)

    assert [event for _, event, _ in account.notified] == [Event.BLOCKED] * 2
    assert len(account.digests) == 2


def test_a_notice_that_cannot_be_recorded_is_not_sent() -> None:
    account = one_user(key("A", 100), key("B", 10))
    account.fail("record", RuntimeError("down"), RuntimeError("still down"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert (account.notified, account.digests) == ([], [])


def test_an_idle_key_goes_after_its_user_was_told() -> None:
    account = one_user(key("A", 80), key("B", 60), used={"B": None})

    run(account)

    assert changes(account) == ["prepare", "notify", "disable", "record", "notify_operators"]
    assert account.statuses() == {"A": "Active", "B": "Inactive"}
    assert len(account.digests[0].data["lines"]) == 1


def test_an_idle_key_of_a_user_whose_predecessors_secret_is_pending_deletion() -> None:
    """Secrets Manager takes no record on such a secret."""
    account = FakeAccount()
    state = secret("GONE", pending_deletion=True, user_id="AIDAPREDECESSOR")
    account.add(user(key("A", 60), key("B", 60), used={"B": None}, secret=state))

    assert rows(run(account)) == [("disable", "idle", "B")]

    restored = account.secrets["alice"]
    assert (restored.pending_deletion, restored.user_id) == (False, "AIDAALICE")
    assert restored.inactive_since == stamp("B")


def test_an_idle_key_of_a_user_without_a_subscription() -> None:
    account = one_user(key("A", 80), key("B", 60), used={"B": None}, audience=Audience.OPERATOR)

    run(account)

    assert changes(account)[-3:] == ["notify_operators", "disable", "record"]
    assert account.statuses() == {"A": "Active", "B": "Inactive"}


# -- what somebody changed by hand -----------------------------------------------------------------

OURS = "AIDAALICE ours"


def superseded(**others: Any) -> FakeAccount:
    """A pair whose grace is over."""
    records: dict[str, Any] = {"announced": stamp("B", 7), "policy_for": OURS, **others}
    return one_user(key("A", 97), key("B", 7), secret=secret("B", "A", **records))


def test_a_changed_policy_is_put_back_before_the_old_key_goes_and_the_next_run_goes_on() -> None:
    account = superseded()
    account.foreign_policies.add("alice")

    report = run(account)

    assert rows(report) == [("defer", "concurrent_change", "A")]
    assert account.statuses() == {"A": "Active", "B": "Active"}
    assert "the secret's policy had been changed, and is put back" in account.digests[0].text
    assert rows(run(account)) == [
        ("announce", "not_announced", "B"),
        ("disable", "superseded", "A"),
    ]


def nothing() -> None: ...


def test_a_record_goes_that_a_key_seen_active_was_inactive_though_somebody_disables_it() -> None:
    account = superseded(inactive_since=stamp("A", 89))  # disabled, and switched on again
    account.before("keys", nothing, lambda: account.set_status("A", KeyStatus.INACTIVE))

    assert rows(run(account)) == [
        ("forget", "seen_active", "A"),
        ("defer", "concurrent_change", "A"),
    ]
    account.clock.time += timedelta(days=1)
    run(account)

    assert account.secrets["alice"].inactive_since is None
    assert account.statuses() == {"A": "Inactive", "B": "Active"}


def test_so_it_does_if_the_digest_that_the_disable_waits_for_is_lost() -> None:
    account = superseded(inactive_since=stamp("A", 89), announced=None)
    account.users["alice"] = replace(account.users["alice"], audience=Audience.OPERATOR)
    account.fail("notify_operators", RuntimeError("down"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.secrets["alice"].inactive_since is None


def test_so_it_does_in_an_emergency() -> None:
    account = superseded(inactive_since=stamp("A", 89))
    account.before("keys", nothing, lambda: account.set_status("A", KeyStatus.INACTIVE))

    with pytest.raises(RotationFailedError, match="A is not active any more"):
        run(account, Payload(emergency=Emergency("alice", "A", "leaked")))

    assert account.secrets["alice"].inactive_since is None


def test_a_changed_policy_is_put_back_before_a_new_key_is_stored() -> None:
    account = one_user(key("A", 90), secret=secret("A", policy_for=OURS, announced=stamp("A", 90)))
    account.foreign_policies.add("alice")

    report = run(account)

    assert [action for action, _, _ in rows(report)] == ["rotate", "announce", "disable"]
    assert account.calls.index("access") < account.calls.index("store")
    assert not account.foreign_policies
    assert "the secret's policy had been changed, and is put back" in account.digests[0].text


def test_a_policy_changed_after_the_warning_is_put_back_before_a_new_key_is_stored() -> None:
    records = secret("A", policy_for=OURS, announced=stamp("A", 90), warned=stamp("A", 7))
    account = one_user(key("A", 90), secret=records)
    account.foreign_policies.add("alice")

    run(account)

    assert account.calls.index("secure") < account.calls.index("store")
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


def test_an_idle_key_stays_while_nobody_can_read_the_delivered_one() -> None:
    account = one_user(
        key("A", 80),
        key("B", 60),
        secret=secret("A", policy_for=OURS, announced=stamp("A", 80)),
        used={"A": None, "B": None},
    )
    account.foreign_policies.add("alice")

    assert rows(run(account)) == [("defer", "concurrent_change", "B")]
    assert rows(run(account)) == [("disable", "idle", "B")]


def test_a_policy_that_stays_as_somebody_made_it_blocks() -> None:
    """Nobody can tell a policy that AWS writes down in a way not known here from another's."""
    account = superseded()
    account.foreign_policies.add("alice")
    account.policies_read_otherwise = True

    assert rows(run(account)) == [("block", "secret_not_protected", "A")]
    assert account.statuses() == {"A": "Active", "B": "Active"}
    said = " ".join(account.digests[0].text.split())
    assert "its policy is not the one that was just put" in said


def test_a_policy_for_other_readers_is_put_again_and_nobody_is_blamed() -> None:
    account = superseded()
    account.grants["alice"] = Grant("AIDAALICE", None, frozenset({"arn:reader"}))

    assert rows(run(account)) == [("disable", "superseded", "A")]
    assert "may not read it any more: arn:reader" in " ".join(account.digests[0].text.split())
    assert "had been changed" not in account.digests[0].text


def test_a_policy_for_another_owner_blocks() -> None:
    account = superseded()
    account.grants["alice"] = Grant("AIDAOTHER", None, frozenset())

    assert rows(run(account)) == [("block", "secret_not_protected", "A")]
    assert "secure" not in account.calls


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"kms_key_id": "other"}, "was encrypted with other, and is moved", id="key"),
        pytest.param({"replica_regions": ("us-east-1",)}, "replicated to us-east-1", id="replica"),
    ],
)
def test_the_kms_key_and_the_replicas_are_put_right_before_a_store(
    changes: dict[str, Any], said: str
) -> None:
    ours = secret("A", policy_for=OURS, announced=stamp("A", 90), warned=stamp("A", 7))
    account = one_user(key("A", 90), secret=replace(ours, **changes))

    run(account)

    assert account.calls.index("secure") < account.calls.index("store")
    assert said in " ".join(account.digests[0].text.split())
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


def test_a_secret_that_cannot_be_protected_fails_an_emergency() -> None:
    ours = secret("A", announced=stamp("A", 40), policy_for=OURS)
    account = one_user(key("A", 40), secret=ours)
    account.foreign_policies.add("alice")
    account.fail("secure", UnprotectedSecretError("denied"))

    with pytest.raises(RotationFailedError, match="denied"):
        run(account, leaked())

    assert "create" not in account.calls


def test_a_policy_that_cannot_be_read_keeps_the_old_key() -> None:
    account = superseded()
    account.fail("access", RuntimeError("throttled"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.statuses() == {"A": "Active", "B": "Active"}


def test_a_changed_policy_is_put_back_with_the_warning() -> None:
    account = one_user(key("A", 85), secret=secret("A", policy_for=OURS, announced=stamp("A", 85)))
    account.foreign_policies.add("alice")

    run(account)

    assert not account.foreign_policies
    assert "is put back" in account.digests[0].text


def test_a_key_that_was_inactive_before_is_not_deleted_early_when_the_new_record_fails() -> None:
    account = superseded(inactive_since=stamp("A", 60))
    account.fail("record", RuntimeError("down"), RuntimeError("still down"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.statuses() == {"A": "Inactive", "B": "Active"}
    assert account.secrets["alice"].inactive_since is None
    account.clock.time += timedelta(hours=1)
    assert "delete" not in [action for action, _, _ in rows(run(account))]


def test_a_restored_secret_is_reported() -> None:
    account = superseded(pending_deletion=True)

    run(account)

    assert "alice: the secret was to be deleted, and is restored" in account.digests[0].text
    assert account.statuses() == {"A": "Inactive", "B": "Active"}


def test_a_changed_value_is_reported_once_a_week_and_nothing_is_done() -> None:
    changed = secret("X", "B", announced=stamp("B", 7))
    account = one_user(key("A", 97), key("B", 7), secret=changed)

    for _ in range(8):
        assert rows(run(account)) == [("block", "secret_changed", "B")]
        account.clock.time += timedelta(days=1)

    assert [event for _, event, _ in account.notified] == [Event.BLOCKED] * 2
    assert "changed the secret by hand" in account.digests[0].text


# -- the metrics -----------------------------------------------------------------------------------


def test_a_run_is_measured() -> None:
    account = one_user(key("A", 90))
    account.add(user(key("C", 100), key("D", 10)), "carol")

    run(account)

    assert account.calls[-1] == "put"
    assert account.measures == {
        "UsersWarned": 0,
        "KeysRotated": 1,
        "KeysDisabled": 1,
        "KeysDeleted": 0,
        "UsersHeld": 0,
        "UsersBlocked": 1,
        "UsersDeferred": 0,
        "UsersFailed": 0,
        "ManagedUsers": 2,
        "RunSeconds": 0,
        "OldestActiveKeyDays": 100,
        "KeysOverLimit": 1,
        "UnmanagedUsersWithKeys": 0,
        "UnmanagedKeysOverLimit": 0,
    }


def test_the_gauges_are_of_after_the_run() -> None:
    account = one_user(key("A", 200))

    run(account)

    assert account.measures["OldestActiveKeyDays"] == 0
    assert account.measures["KeysOverLimit"] == 0


def test_the_gauges_know_users_who_were_put_off() -> None:
    account = one_user(key("A", 200))
    account.add(user(key("B", 150)), "bob")

    run(account, max_rotations_per_run=1)

    assert (account.measures["KeysRotated"], account.measures["UsersDeferred"]) == (1, 1)
    assert (account.measures["OldestActiveKeyDays"], account.measures["KeysOverLimit"]) == (150, 1)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(Payload(users=("alice",)), id="named users"),
        pytest.param(Payload(emergency=Emergency("alice", "A", "leaked")), id="emergency"),
    ],
)
def test_only_a_run_over_all_users_has_gauges(payload: Payload) -> None:
    account = one_user(key("A", 100))

    run(account, payload)

    assert account.measures["KeysRotated"] == 1
    assert not {"OldestActiveKeyDays", "KeysOverLimit"} & set(account.measures)


def test_what_a_dry_run_would_do_is_not_measured_as_done() -> None:
    account = one_user(key("A", 90))

    run(account, dry_run=True)

    assert (account.measures["KeysRotated"], account.measures["ManagedUsers"]) == (0, 1)


def test_a_look_at_the_plan_is_not_measured() -> None:
    account = one_user(key("A", 90))

    run(account, Payload(dry_run=True))

    assert account.measures == {}


def test_a_notice_that_cannot_be_recorded_is_in_the_metric() -> None:
    account = one_user(key("A", 100), key("B", 10))
    account.fail("record", RuntimeError("down"), RuntimeError("still down"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.measures["UsersFailed"] == 1


def test_a_run_that_cannot_be_measured_is_a_failure() -> None:
    account = one_user(key("A", 90))
    account.fail("put", RuntimeError("no metrics today"))

    with pytest.raises(RotationFailedError, match="no metrics today"):
        run(account)

    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


# -- what fails ------------------------------------------------------------------------------------


def test_a_refused_store_rolls_the_new_key_back() -> None:
    account = one_user(key("A", 90))
    account.fail("store", RefusedError("denied"))

    with pytest.raises(RotationFailedError, match="denied"):
        run(account)

    assert account.statuses() == {"A": "Active"}
    assert account.secrets["alice"].intent is None  # so Lambda's retry of the run tries again
    assert ("rotate", "key_too_old", "A") in rows(run(account))


def test_a_refusal_says_why() -> None:
    account = one_user(key("A", 90))
    refusal = RefusedError()
    refusal.__cause__ = ValueError("no such key: the KMS key is disabled")
    account.fail("store", refusal)

    with pytest.raises(RotationFailedError, match="the KMS key is disabled"):
        run(account)


def test_a_lost_answer_of_the_store_rolls_nothing_back() -> None:
    account = one_user(key("A", 90))
    account.lose_answer("store", TimeoutError("no answer"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}
    account.clock.time += timedelta(days=1)
    run(account)
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}
    assert [event for _, event, _ in account.notified] == [Event.ROTATED]


def test_a_key_whose_secret_was_lost_is_disabled_then_deleted_then_replaced() -> None:
    account = one_user(key("A", 90))
    account.users["alice"] = replace(
        account.users["alice"], last_used=uses({"A": ago(1), "NEW1": None})
    )
    account.lose_answer("create", TimeoutError("no answer"))
    with pytest.raises(RotationFailedError):
        run(account)

    account.clock.time += timedelta(days=1)
    run(account)
    assert account.statuses() == {"A": "Active", "NEW1": "Inactive"}

    account.clock.time += timedelta(days=1)
    run(account)
    assert account.statuses() == {"A": "Inactive", "NEW2": "Active"}


def test_a_refused_create_withdraws_the_intent() -> None:
    account = one_user(key("A", 90))
    account.fail("create", RefusedError("denied"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.secrets["alice"].intent is None


def test_a_key_that_a_person_makes_under_the_intent_stays_theirs() -> None:
    account = one_user(key("A", 90))
    account.before("create", lambda: account.add_key(AccessKey("P", KeyStatus.ACTIVE, NOW)))
    account.users["alice"] = replace(account.users["alice"], last_used=uses({"A": NOW, "P": None}))

    report = run(account)

    assert rows(report) == [("defer", "concurrent_change", "A")]
    assert (report.rows[0].detail or "").startswith("not done: rotate: another run")
    account.clock.time += timedelta(days=1)
    run(account)
    assert account.statuses() == {"A": "Active", "P": "Active"}


def test_the_intent_of_a_run_that_died_is_put_back_when_the_slot_is_taken() -> None:
    """The list that this run has seen does not show the key that the dead run made."""
    dead = intent(0, "A", request_id="dead", minutes=1)
    account = one_user(key("A", 90), secret=secret(intent=dead))
    orphan = key("B", minutes=1)
    account.before("create", lambda: account.add_key(orphan))

    with pytest.raises(RotationFailedError, match="has just made a key"):
        run(account, leaked())

    assert account.secrets["alice"].intent == dead


def test_an_intent_that_another_run_has_written_since_stands() -> None:
    account = one_user(key("A", 90))
    theirs = intent(0, "A", request_id="other")
    account.before("create", lambda: account._update(account.secrets["alice"], intent=theirs))
    account.fail("create", SlotTakenError())

    run(account)

    assert account.secrets["alice"].intent == theirs


def test_a_key_that_sts_does_not_take_yet_is_not_announced() -> None:
    account = one_user(key("A", 90))
    account.refused_by_sts = 1000

    report = run(account)

    assert account.clock.slept == pytest.approx(30)
    assert account.notified == []
    assert account.statuses() == {"A": "Active", "NEW1": "Active"}
    assert report.failed == ()
    account.clock.time += timedelta(days=1)
    run(account)
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


def test_a_key_that_sts_takes_after_a_while() -> None:
    account = one_user(key("A", 90))
    account.refused_by_sts = 3

    run(account)

    assert account.clock.slept == pytest.approx(6)
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


def test_the_announcement_is_on_record_even_when_the_disable_fails() -> None:
    account = one_user(key("A", 90))
    account.fail("disable", RuntimeError("throttled"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.secrets["alice"].announced == stamp("NEW1")


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_new_key_is_disabled_by_a_person_around_our_disable(when: str) -> None:
    account = one_user(key("A", 90))

    def person() -> None:
        account.set_status("NEW1", KeyStatus.INACTIVE)

    if when == "before":
        account.before("notify", person)
        report = run(account)
        assert "not done" in (report.rows[-1].detail or "")
    else:
        account.before("disable", person)
        with pytest.raises(RotationFailedError, match="was enabled again"):
            run(account)

    assert account.statuses() == {"A": "Active", "NEW1": "Inactive"}


def test_a_disable_that_cannot_be_checked_is_undone() -> None:
    account = one_user(key("A", 90))
    account.fail("keys", None, None, RuntimeError("throttled"))

    with pytest.raises(RotationFailedError, match="could not be looked at afterwards"):
        run(account)

    assert account.statuses() == {"A": "Active", "NEW1": "Active"}


def test_a_key_that_somebody_else_has_disabled() -> None:
    account = one_user(key("A", 90))
    account.before("notify", lambda: account.set_status("A", KeyStatus.INACTIVE))

    report = run(account)

    assert "not active any more" in (report.rows[-1].detail or "")
    assert "disable" not in account.calls


@pytest.mark.parametrize(
    ("meanwhile", "detail"),
    [("enabled", "not inactive any more"), ("deleted", "gone already")],
)
def test_a_key_to_be_deleted_that_somebody_else_has(meanwhile: str, detail: str) -> None:
    pair = secret("B", "A", announced=stamp("B", 40), inactive_since=stamp("A", 40))
    account = one_user(inactive("A", 130), key("B", 40), secret=pair)

    def person() -> None:
        if meanwhile == "enabled":
            account.set_status("A", KeyStatus.ACTIVE)
        else:
            subject = account.users["alice"]
            account.users["alice"] = replace(subject, keys=subject.keys[1:])

    account.before("keys", lambda: None, person)

    report = run(account)

    assert detail in (report.rows[-1].detail or "")
    assert "delete" not in account.calls


def test_one_users_failure_does_not_stop_the_others() -> None:
    account = FakeAccount()
    account.add(user(key("A", 95)))
    account.add(user(key("B", 90)), "bob")
    account.fail("describe", RuntimeError("throttled"))

    with pytest.raises(RotationFailedError) as failed:
        run(account)

    assert account.statuses("alice") == {"A": "Active"}
    assert account.statuses("bob") == {"B": "Inactive", "NEW1": "Active"}
    assert [row.user for row in failed.value.report.failed] == ["alice"]


def test_a_failure_goes_to_the_operators_once_a_week() -> None:
    account = one_user(key("A", 90), secret=secret())
    for _ in range(8):
        account.fail("create", RuntimeError("AccessDenied"))
        with pytest.raises(RotationFailedError):
            run(account)
        account.clock.time += timedelta(days=1)

    assert [digest.data["lines"][0]["event"] for digest in account.digests] == ["failed"] * 2


def test_a_failure_before_there_is_a_secret_is_left_to_the_alarm() -> None:
    account = one_user(key("A", 90))
    account.fail("prepare", RuntimeError("AccessDenied"))

    with pytest.raises(RotationFailedError):
        run(account)

    assert account.digests == []


def test_many_failures_are_named_in_short() -> None:
    account = FakeAccount()
    for number in range(7):
        account.add(user(key(f"A{number}", 90)), f"user{number}")
    account.fail("describe", *[RuntimeError("throttled")] * 7)

    with pytest.raises(RotationFailedError, match=r"7 failed, everything else .*and 2 more$"):
        run(account)


# -- time, limits, choice --------------------------------------------------------------------------


def test_no_user_is_started_in_the_last_minute() -> None:
    account = one_user(key("A", 90))
    account.clock.left = timedelta(seconds=59)

    report = run(account)

    assert changes(account) == []
    assert report.response()["deferred"] == 1


def test_time_may_run_out_between_deciding_and_doing() -> None:
    account = one_user(key("A", 90))
    account.before("missing", lambda: setattr(account.clock, "left", timedelta(seconds=1)))

    report = run(account)

    assert changes(account) == []
    assert rows(report) == [("defer", "out_of_time", None)]


def test_the_limit_takes_the_oldest_first() -> None:
    account = FakeAccount()
    for name, days in (("young", 91), ("old", 200), ("middle", 100)):
        account.add(user(key(f"A-{name}", days)), name)

    report = run(account, max_rotations_per_run=2)

    rotated = [row.user for row in report.rows if row.action == "rotate"]
    deferred = [row.user for row in report.rows if row.action == "defer"]
    assert (rotated, deferred) == (["old", "middle"], ["young"])


def test_keys_read_long_ago_are_read_again_before_a_change() -> None:
    account = one_user(key("A", 90))

    def meanwhile() -> None:
        account.clock.time += timedelta(minutes=5)
        account.set_status("A", KeyStatus.INACTIVE)

    account.before("missing", meanwhile)

    report = run(account)

    assert (rows(report), changes(account)) == ([], [])


def test_keys_are_listed_again_when_preparing_the_secret_took_long() -> None:
    account = one_user(key("A", 90))
    account.before("prepare", lambda: account.clock.sleep(30))

    run(account)

    state = account.secrets["alice"]
    assert state.intent is not None
    assert state.intent.time == NOW + timedelta(seconds=30)


def test_keys_that_changed_while_the_secret_was_prepared() -> None:
    account = one_user(key("A", 90))

    def meanwhile() -> None:
        account.clock.sleep(30)
        account.add_key(key("P"))

    account.before("prepare", meanwhile)

    report = run(account)

    assert "changed in the meantime" in (report.rows[0].detail or "")
    assert "create" not in account.calls


def test_only_the_users_named() -> None:
    account = FakeAccount()
    account.add(user(key("A", 90)))
    account.add(user(key("B", 90)), "bob")

    run(account, Payload(users=("bob",)))

    assert account.statuses("alice") == {"A": "Active"}
    assert account.statuses("bob") == {"B": "Inactive", "NEW1": "Active"}


def test_odd_tags_are_no_matter_of_a_run_for_named_users() -> None:
    account = one_user(key("A", 10))
    account.unexpected = {"carol": "Enabled"}

    assert rows(run(account, Payload(users=("alice",)))) == []


def test_a_user_that_is_not_managed_cannot_be_named() -> None:
    account = one_user(key("A", 90))

    with pytest.raises(PayloadError, match="user 'mallory' of the payload"):
        run(account, Payload(users=("alice", "mallory")))

    assert changes(account) == []


def test_a_dry_run_shows_the_plan_and_changes_nothing() -> None:
    account = one_user(key("A", 90))

    planned = run(account, Payload(dry_run=True))
    assert changes(account) == []
    done = run(account)

    def without_new_key(report: Report) -> list[tuple[str, str]]:
        return [(row.action, row.reason) for row in report.rows]

    assert planned.response()["dry_run"] is True
    assert without_new_key(planned) == without_new_key(done)


def test_dry_run_by_setting_cannot_be_overridden() -> None:
    account = one_user(key("A", 90))

    run(account, Payload(dry_run=False), dry_run=True)

    assert changes(account) == []


def test_a_dead_reader_stops_the_run_before_the_first_change() -> None:
    reader = "arn:aws:iam::123456789012:role/gone"
    account = one_user(key("A", 90))
    account.dead_principals.append(reader)

    with pytest.raises(SettingsError, match=r"secret_reader_arns.*role/gone"):
        run(account, secret_reader_arns=(reader,))

    assert changes(account) == []


def test_a_dead_reader_of_another_account_stops_the_run_when_the_policy_is_refused() -> None:
    account = FakeAccount()
    account.add(user(key("A", 91)))
    account.add(user(key("B", 90)), "bob")
    account.add(user(key("C", 89)), "carol")
    refused = UnknownPrincipalError("the policy was refused")
    account.fail("prepare", refused, refused)

    with pytest.raises(SettingsError, match="secret_reader_arns"):
        run(account, secret_reader_arns=("arn:aws:iam::999999999999:role/gone",))

    assert "create" not in account.calls


def test_a_policy_refused_without_any_reader_is_that_users_failure() -> None:
    account = FakeAccount()
    account.add(user(key("A", 91)))
    account.add(user(key("B", 90)), "bob")
    account.fail("prepare", UnknownPrincipalError("the policy was refused"))

    with pytest.raises(RotationFailedError, match="alice"):
        run(account)

    assert account.statuses("bob") == {"B": "Inactive", "NEW1": "Active"}


def test_odd_tag_values_and_malformed_overrides_are_reported() -> None:
    account = one_user(key("A", 40), tags={"max-key-age-days": "never"})
    account.unexpected["bob"] = "Enabled"

    report = run(account)

    assert [(row.user, row.action, row.reason) for row in report.rows] == [
        ("bob", "report", "unexpected_tag_value"),
        ("alice", "report", "malformed_override"),
    ]
    assert changes(account) == []


# -- emergency -------------------------------------------------------------------------------------


def test_an_emergency_disables_before_it_tells() -> None:
    account = one_user(key("A", 5), password=False)

    run(account, leaked(even_if_nobody_can_fetch=True))

    assert changes(account) == [
        "prepare",
        "record",
        "record_intent",
        "create",
        "store",
        "works",
        "disable",
        "record",
        "notify",
        "record",
        "notify_operators",
    ]
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}
    mail = account.notified[0][2].text
    told = "Reason, as given by whoever asked: seen on a paste site"
    assert told in " ".join(mail.split())
    assert "Old key: A, disabled now" in mail
    assert "has no console password. Ask your platform team for the new key" in " ".join(
        mail.split()
    )
    assert account.secrets["alice"].leaked == {"A"}


def test_an_emergency_that_cuts_its_owner_off_says_so_to_whoever_can_help() -> None:
    account = one_user(key("A", 5), password=False)

    report = run(account, leaked(even_if_nobody_can_fetch=True))

    details = [row.detail for row in report.rows if row.action in ("disable", "announce")]
    assert [CUT_OFF in str(detail) for detail in details] == [True, True]
    assert CUT_OFF in " ".join(account.digests[0].text.split())


def test_an_emergency_that_would_cut_its_owner_off_is_refused() -> None:
    account = one_user(key("A", 5), password=False)

    with pytest.raises(RotationFailedError, match="nobody could fetch the key that stays"):
        run(account, leaked())

    assert account.statuses() == {"A": "Active"}
    assert account.secrets["alice"].leaked == frozenset()
    text = account.notified[0][2].text
    assert "secret_reader_arns" in text
    assert "even_if_nobody_can_fetch" in text


def test_a_leaked_key_that_is_switched_on_again_is_disabled_by_every_next_run() -> None:
    """Whatever the user has to do with it, and owner and operators are told every time."""
    account = one_user(key("A", 40), password=False, tags={"hold-until": "2026-07-01"})
    run(account, leaked(even_if_nobody_can_fetch=True))
    account.clock.time += timedelta(days=1)
    for _ in range(3):
        account.set_status("A", KeyStatus.ACTIVE)
        account.notified.clear()
        account.digests.clear()

        report = run(account, hold_while_used_days=7)

        assert rows(report) == [("forget", "seen_active", "A"), ("disable", "leaked", "A")]
        assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}
        assert [event for _, event, _ in account.notified] == [Event.DISABLED]
        assert "somebody switched it on again" in " ".join(account.notified[0][2].text.split())
        assert "somebody switched it on again" in " ".join(account.digests[0].text.split())
        account.clock.time += timedelta(days=1)


def _with_another_key(on_schedule: bool) -> tuple[FakeAccount, Payload]:
    """A leaked key beside one that is in the secret, which somebody gave another policy."""
    holds = secret("B", announced=stamp("B", 10), leaked=frozenset({"A"} if on_schedule else ()))
    account = one_user(key("A", 20), key("B", 10), secret=holds, password=False)
    account.foreign_policies.add("alice")
    return account, Payload() if on_schedule else leaked(even_if_nobody_can_fetch=True)


@pytest.mark.parametrize("on_schedule", [True, False])
def test_before_a_leaked_key_goes_the_other_one_can_be_fetched(on_schedule: bool) -> None:
    account, payload = _with_another_key(on_schedule)
    was_on: list[bool] = []
    account.before("secure", lambda: was_on.append(account.statuses()["A"] == "Active"))

    run(account, payload)

    assert account.statuses() == {"A": "Inactive", "B": "Active"}
    assert account.foreign_policies == set()
    assert was_on == [True]


@pytest.mark.parametrize("user_id", [None, "AIDABOB"])
def test_an_emergency_empties_no_secret_whose_tag_somebody_changed(user_id: str | None) -> None:
    account, payload = _with_another_key(on_schedule=False)
    account._update(account.secrets["alice"], user_id=user_id)

    run(account, payload)

    assert account.statuses() == {"A": "Inactive", "B": "Active"}
    assert account.secrets["alice"].is_current("B")


@pytest.mark.parametrize("on_schedule", [True, False])
def test_an_emergency_does_not_wait_for_what_cannot_be_read(on_schedule: bool) -> None:
    account, payload = _with_another_key(on_schedule)
    account.fail("access", RuntimeError("Secrets Manager is not there"))

    with pytest.raises(RotationFailedError, match="Secrets Manager is not there"):
        run(account, payload)

    assert account.statuses() == {"A": "Active" if on_schedule else "Inactive", "B": "Active"}
    assert account.secrets["alice"].leaked == {"A"}
    run(account)
    assert account.statuses() == {"A": "Inactive", "B": "Active"}


@pytest.mark.parametrize("step", ["record_intent", "create", "store", "disable"])
def test_an_emergency_that_dies_leaves_on_record_that_the_key_is_leaked(step: str) -> None:
    account = one_user(key("A", 40))
    account.fail(step, RuntimeError("died"))
    with pytest.raises(RotationFailedError):
        run(account, leaked())

    assert account.secrets["alice"].leaked == {"A"}


def test_a_leaked_key_that_somebody_disabled_is_on_record_all_the_same() -> None:
    account = one_user(inactive("A", 40), key("B", 30))

    run(account, leaked())

    assert account.secrets["alice"].leaked == {"A"}


def test_with_three_keys_a_leaked_one_is_disabled_while_another_works() -> None:
    account = one_user(key("A", 90), inactive("B", 60), key("C", 50))

    run(account, leaked())

    assert account.statuses() == {"A": "Inactive", "B": "Inactive", "C": "Active"}


def test_three_keys_are_reported_and_left_as_they_are() -> None:
    account = one_user(key("A", 120), key("B", 110), key("C", 100))

    reports = [run(account), run(account)]

    assert [rows(report) for report in reports] == [[("block", "more_than_two_keys", "A")]] * 2
    assert len(account.digests) == len(account.notified) == 1
    assert "until two are left" in " ".join(account.notified[0][2].text.split())


def test_an_end_that_a_message_named_is_kept_when_a_reader_is_added() -> None:
    account = one_user(key("A", 90), password=False)
    run(account)
    assert "2026-06-08 12:00 UTC" in account.notified[0][2].text
    reader: dict[str, Any] = {"secret_reader_arns": ("arn:aws:iam::123456789012:role/deploy",)}

    for day in range(8):
        account.clock.time = NOW + timedelta(days=day)
        run(account, **reader)
        assert account.statuses()["A"] == ("Active" if day < 7 else "Inactive")


def test_a_day_that_a_warning_named_is_kept_when_the_limit_is_lowered() -> None:
    account = one_user(key("A", 85))
    run(account)
    assert "replaced on 2026-06-06" in account.notified[0][2].subject

    for day in range(1, 6):
        account.clock.time = NOW + timedelta(days=day)
        run(account, max_key_age_days=60)
        assert ("NEW1" in account.statuses()) is (day >= 5)


def test_a_key_that_was_used_since_it_was_disabled_is_kept() -> None:
    """Somebody enabled it at noon, used it, and disabled it again, between two runs."""
    pair = secret("B", "A", announced=stamp("B", 40), inactive_since=stamp("A", 30))
    account = one_user(inactive("A", 130), key("B", 40), secret=pair, used={"A": ago(3)})

    report = run(account)

    assert [row[:2] for row in rows(report)] == [
        ("record", "used_since"),
        ("defer", "concurrent_change"),
    ]
    assert account.statuses() == {"A": "Inactive", "B": "Active"}
    assert account.secrets["alice"].inactive_since == stamp("A")
    assert "kept for another 30 days" in " ".join(account.digests[0].text.split())

    account.clock.time += timedelta(days=30)
    run(account)
    assert account.statuses() == {"B": "Active"}


def test_a_deletion_asks_once_when_the_key_was_used() -> None:
    pair = secret("B", "A", announced=stamp("B", 40), inactive_since=stamp("A", 30))
    account = one_user(inactive("A", 130), key("B", 40), secret=pair, used={"A": ago(30.5)})

    run(account)

    assert account.statuses() == {"B": "Active"}
    assert account.calls.count("last_used") == 1


def test_an_emergency_waits_until_sts_takes_the_new_key() -> None:
    account = one_user(key("A", 5))
    account.refused_by_sts = 3

    run(account, leaked())

    assert account.clock.slept == 6
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


def test_an_emergency_waits_no_longer_than_half_a_minute() -> None:
    account = one_user(key("A", 5))
    account.refused_by_sts = 1000

    run(account, leaked())

    assert account.clock.slept == 30
    assert account.statuses() == {"A": "Inactive", "NEW1": "Active"}


def test_the_same_emergency_again_does_nothing() -> None:
    account = one_user(key("A", 5))
    run(account, leaked())
    account.calls.clear()

    run(account, leaked())

    assert changes(account) == []


def test_an_emergency_touches_nobody_else() -> None:
    account = one_user(key("A", 5))
    account.add(user(key("B", 200)), "bob")

    run(account, leaked())

    assert account.statuses("bob") == {"B": "Active"}


def test_an_emergency_with_both_slots_active_disables_the_named_key_only() -> None:
    account = one_user(key("A", 5), key("B", 50))

    run(account, leaked("B"))

    assert account.statuses() == {"A": "Active", "B": "Inactive"}
    assert [event for _, event, _ in account.notified] == [Event.DISABLED]


def test_an_emergency_that_cannot_be_done_is_an_error() -> None:
    account = one_user(key("A", 5), inactive("B", 50))

    with pytest.raises(RotationFailedError, match="cannot be replaced"):
        run(account, leaked())

    assert account.statuses() == {"A": "Active", "B": "Inactive"}


@pytest.mark.parametrize(("lists", "slept"), [(1, 2), (20, 30)])
def test_an_emergency_waits_until_the_new_key_is_listed(lists: int, slept: int) -> None:
    account = one_user(key("A", 5))
    account.unseen = ("NEW1", lists)

    if slept < 30:
        run(account, leaked())
    else:
        with pytest.raises(RotationFailedError, match="NEW1 is not seen active, so A stays"):
            run(account, leaked())

    assert account.clock.slept == slept
    assert account.statuses()["A"] == ("Inactive" if slept < 30 else "Active")


def test_an_emergency_does_not_disable_the_only_key_that_is_left() -> None:
    account = one_user(key("A", 5), key("B", 50))
    account.before("keys", lambda: None, lambda: account.set_status("B", KeyStatus.INACTIVE))

    with pytest.raises(RotationFailedError, match="B is not seen active, so A stays"):
        run(account, leaked())

    assert account.statuses() == {"A": "Active", "B": "Inactive"}


def test_an_emergency_never_switches_the_leaked_key_on_again() -> None:
    account = one_user(key("A", 5), key("B", 50))
    account.before("disable", lambda: account.set_status("B", KeyStatus.INACTIVE))

    run(account, leaked())

    assert account.statuses() == {"A": "Inactive", "B": "Inactive"}


def test_an_emergency_that_was_overtaken_is_an_error() -> None:
    account = one_user(key("A", 5))
    account.before("create", lambda: account.add_key(key("B")))

    with pytest.raises(RotationFailedError, match="has just made a key"):
        run(account, leaked())

    assert account.statuses() == {"A": "Active", "B": "Active"}


def test_an_emergency_for_an_unknown_key() -> None:
    account = one_user(key("A", 5))

    with pytest.raises(PayloadError, match=r"emergency\.access_key_id.*alice.*AKIAOTHER"):
        run(account, leaked("AKIAOTHER"))


# -- secrecy ---------------------------------------------------------------------------------------


def test_the_secret_access_key_is_in_the_secret_and_nowhere_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    account = one_user(key("A", 90))

    report = run(account)

    assert account.values["alice"] == "secret of NEW1"
    said = json.dumps(report.response()) + account.notified[0][2].body() + account.digests[0].body()
    said += "".join(repr(vars(record)) for record in caplog.records)
    assert "secret of" not in said


def test_a_new_key_is_neither_shown_nor_pickled() -> None:
    new = NewAccessKey(key("A"), "hush")

    assert "hush" not in repr(new)
    with pytest.raises(TypeError, match="never serialised"):
        pickle.dumps(new)
