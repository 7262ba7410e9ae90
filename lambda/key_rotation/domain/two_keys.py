"""Two keys of a user: a pair of ours, of which the older one goes, or two that are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from .action import Action, Decision, Reason, Verb
from .decisions import blocked, record
from .hand_over import (
    HandOver,
    days_of_late_reminder,
    end_of_holds,
    hand_over,
    has_nothing_to_do,
    last_notice,
    missed_reminder,
    reminder,
    unmoved_reason,
    unmoved_until,
)
from .model import AccessKey, Event, KeyStatus
from .one_key import rotate_or_warn, warn
from .overlap import grace_ends, held_until, hold_reason, idle_key, tagged_end
from .situation import VERIFIED_AFTER, Situation
from .unused import when_unused


def rotated_pair(situation: Situation, older: AccessKey, newer: AccessKey) -> Decision:
    """The newer key is delivered, announced and active; the older one is superseded."""
    if not older.is_active:
        return one_of_unrelated_pair(situation, newer, older)
    if situation.now < grace_ends(situation):
        return _in_grace(situation, older, newer)
    hold = hold_reason(situation, older)
    if hold is not None and (held := _held(situation, older, newer, hold)):
        return held
    if situation.is_promised(older):
        return _promised(situation, older, newer)
    if situation.age(newer) < VERIFIED_AFTER:
        return Decision((), Reason.UNVERIFIED)
    if hold is None:
        hold = unmoved_reason(situation, older, newer)
        if hold is not None and (held := _held(situation, older, newer, hold)):
            return held
    if hold is not None and not has_nothing_to_do(situation, older, newer, hold):
        return _disabled(older, Reason.OVERLAP_CEILING)
    if remind := missed_reminder(situation, older, newer):
        if situation.has_no_recipient:
            return blocked(situation, older, Reason.NO_CONFIRMED_SUBSCRIPTION)
        days = timedelta(days=days_of_late_reminder(situation, older, newer))
        return _reminded(situation, newer, remind, situation.now + days)
    if hand_over(situation, older, newer) is HandOver.MOVED:
        return _disabled(older, Reason.MOVED, notify=False)
    return _disabled(older, Reason.SUPERSEDED)


def _promised(situation: Situation, older: AccessKey, newer: AccessKey) -> Decision:
    """A message named a day that is not over; of a last notice only who has not moved waits."""
    if last_notice(situation, older, newer) is not None:
        hold = unmoved_reason(situation, older, newer)
        if hold is not None and (held := _held(situation, older, newer, hold)):
            return held
    return _in_grace(situation, older, newer)


def _in_grace(situation: Situation, older: AccessKey, newer: AccessKey) -> Decision:
    ends = max(grace_ends(situation), situation.promised_end(older) or grace_ends(situation))
    ends = max(ends, tagged_end(situation, older, newer) or ends)
    remind = reminder(situation, older, newer, ends)
    if remind is None or situation.has_no_recipient:
        return Decision((), Reason.IN_GRACE)
    return _reminded(situation, newer, remind, ends)


def _reminded(situation: Situation, newer: AccessKey, remind: Action, ends: datetime) -> Decision:
    moving = remind.reason is Reason.MOVING
    unmoved = None if moving else unmoved_until(situation, ends, False, newer)
    return Decision((remind,), remind.reason, ends, unmoved_until=unmoved)


def _held(
    situation: Situation, older: AccessKey, newer: AccessKey, hold: Reason
) -> Decision | None:
    """None if the hold is over. Nothing is sent to an owner who has moved."""
    ends, is_last = end_of_holds(situation, older, newer, hold)
    if situation.now >= ends:
        return None
    until = ends if is_last else held_until(situation, older, hold, ends)
    notify = is_last or (
        last_notice(situation, older, newer) is None
        and situation.notice_is_due(Event.HELD, older)
        and not has_nothing_to_do(situation, older, newer, hold)
    )
    return Decision((Action(Verb.HOLD, hold, older.id, notify, is_last),), hold, until)


def _disabled(key: AccessKey, reason: Reason, notify: bool = True) -> Decision:
    return Decision((Action(Verb.DISABLE, reason, key.id, notify),), reason)


def one_of_unrelated_pair(situation: Situation, key: AccessKey, other: AccessKey) -> Decision:
    """One active key; the other slot holds a key that is inactive or expired."""
    expired = other.status is KeyStatus.EXPIRED
    superseded = situation.supersedes(key, other) and other.created <= key.created
    seen_inactive = record(situation, other)
    if (unused := when_unused(situation, key)) is not None:
        return _beside_unused(situation, other, superseded, unused)
    if situation.may_be_deleted(other) and (superseded or situation.is_due(key)):
        reason = Reason.SUPERSEDED if superseded else Reason.SLOT_TAKEN
        then = rotate_or_warn(situation, key)
        if any(action.verb is Verb.BLOCK for action in then.actions):
            return then  # who is blocked waits for a person, and that person sees both keys
        delete = Action(Verb.DELETE, reason, other.id)
        return replace(
            then, actions=(delete, *then.actions), reason=then.reason if then.actions else reason
        )
    if situation.is_due(key):
        taken = Reason.SLOT_TAKEN_BY_EXPIRED_KEY if expired else Reason.SLOT_TAKEN
        return blocked(situation, key, taken, seen_inactive)
    if situation.in_warning_window(key):
        then = warn(situation, key)
        return replace(then, actions=(*seen_inactive, *then.actions))
    if not superseded and not _should_record_inactive(situation, key):
        seen_inactive = ()
    reason = Reason.WAITING_TO_DELETE if superseded and not expired else Reason.NOT_DUE
    return Decision(seen_inactive, Reason.SEEN_INACTIVE if seen_inactive else reason)


def _beside_unused(
    situation: Situation, other: AccessKey, superseded: bool, unused: Decision
) -> Decision:
    """What is done about an inactive key beside an active one that nobody uses. No rotation needs
    its place. When the active one goes it stays: it may be the one that the user goes back to."""
    if any(action.verb in (Verb.DISABLE, Verb.BLOCK) for action in unused.actions):
        return unused
    first = record(situation, other)
    if superseded and situation.may_be_deleted(other):
        first = (Action(Verb.DELETE, Reason.SUPERSEDED, other.id),)
    return replace(unused, actions=(*first, *unused.actions))


def _should_record_inactive(situation: Situation, key: AccessKey) -> bool:
    """Whether to put the other, inactive key on record now. Where a secret exists it costs nothing.
    Otherwise a secret is made only when the key must be on record now to be deletable by the start
    of the warning window of `key`."""
    days = (
        situation.limits.max_key_age_days
        - situation.settings.warn_before_days
        - situation.settings.delete_after_days
    )
    return situation.secret.exists or situation.age(key) >= timedelta(days=days)


def unrelated_pair(situation: Situation) -> Decision:
    """Two active keys that are not a pair of ours."""
    idle = idle_key(situation)
    if idle is not None:
        if situation.has_no_recipient:
            return blocked(situation, idle, Reason.NO_CONFIRMED_SUBSCRIPTION)
        return Decision((Action(Verb.DISABLE, Reason.IDLE, idle.id),), Reason.IDLE)
    oldest = situation.keys[0]
    if situation.is_due(oldest):
        return blocked(situation, oldest, Reason.TWO_ACTIVE_KEYS_DUE)
    return Decision((), Reason.TWO_ACTIVE)
