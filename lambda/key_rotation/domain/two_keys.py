"""Two keys of a user: a pair of ours, of which the older one goes, or two that are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from .action import Action, Decision, Reason, Verb
from .decisions import blocked, record
from .model import AccessKey, Event, KeyStatus
from .one_key import rotate_or_warn, warn
from .overlap import grace_ends, held_until, hold_reason, idle_key, overlap_ends
from .situation import VERIFIED_AFTER, Situation


def rotated_pair(situation: Situation, older: AccessKey, newer: AccessKey) -> Decision:
    """The newer key is delivered, announced and active; the older one is superseded."""
    if not older.is_active:
        return one_of_unrelated_pair(situation, newer, older)
    disable = Action(Verb.DISABLE, Reason.SUPERSEDED, older.id)
    if situation.now < grace_ends(situation):
        return Decision((), Reason.IN_GRACE)
    hold, latest = hold_reason(situation, older), overlap_ends(situation, newer)
    if hold is not None and situation.now < latest:
        action = Action(Verb.HOLD, hold, older.id, situation.notice_is_due(Event.HELD, older))
        return Decision((action,), hold, held_until(situation, hold, latest))
    if situation.is_promised(older):
        return Decision((), Reason.IN_GRACE)
    if situation.age(newer) < VERIFIED_AFTER:
        return Decision((), Reason.UNVERIFIED)
    if hold is not None:
        disable = replace(disable, reason=Reason.OVERLAP_CEILING)
    return Decision((disable,), disable.reason)


def one_of_unrelated_pair(situation: Situation, key: AccessKey, other: AccessKey) -> Decision:
    """One active key; the other slot holds a key that is inactive or expired."""
    expired = other.status is KeyStatus.EXPIRED
    superseded = situation.is_announced(key) and other.created <= key.created
    seen_inactive = record(situation, other)
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
