"""What to do for one user: pure, over frozen data, standard library only.

The table in docs/architecture.md is the specification; tests/unit/test_policy.py is that table. A
rule returns None if it does not apply. The first that applies wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from .after import after
from .model import (
    AccessKey,
    Action,
    Decision,
    Event,
    KeyStatus,
    ManagedUser,
    Needs,
    Reason,
    Verb,
)
from .orphans import ORPHAN_DELETED_AFTER, is_in_progress, is_orphan
from .overlap import (
    grace_ends,
    held_until,
    hold_reason,
    idle_key,
    is_had,
    old_key_until,
    overlap_ends,
)
from .settings import Settings
from .situation import RECENT, VERIFIED_AFTER, Situation, UnreadError

Rule = Callable[[Situation], Decision | None]
# What may follow a late announcement in the same run: what it announces, and a mere record. For an
# owner without a subscription it waits for the run's digest, and no line may come after that.
_MAY_FOLLOW_AN_ANNOUNCEMENT = (Verb.DISABLE, Verb.RECORD)


def decide(user: ManagedUser, settings: Settings, now: datetime) -> Decision | Needs:
    """What to do for `user` at `now` (aware, UTC), or which fact must be read first.

    With every fact of `user` read it always returns a Decision.
    """
    situation = Situation(user, settings, now)
    try:
        return _first(_ONCE_PER_DECISION, situation) or _with_forget(situation, _row(situation))
    except UnreadError as unread:
        return Needs(unread.fact)


def _first(rules: tuple[Rule, ...], situation: Situation) -> Decision | None:
    return next((found for rule in rules if (found := rule(situation)) is not None), None)


def _row(situation: Situation) -> Decision:
    decision = _first(_AGAIN_AFTER_A_FIRST_STEP, situation)
    assert decision is not None  # the last rule always applies
    return decision


# -- before the table ------------------------------------------------------------------------------


def _quiet(situation: Situation) -> Decision | None:
    """Decides from the keys alone that nothing is due; the only rule that reads nothing more."""
    if not situation.keys:
        return Decision((), Reason.NO_KEY)
    if len(situation.keys) > 2 or any(situation.age(key) < RECENT for key in situation.keys):
        return None
    if not situation.active:
        return Decision((), Reason.NOT_ACTIVE)
    if len(situation.keys) == 1 and not situation.in_warning_window(situation.keys[0]):
        return Decision((), Reason.NOT_DUE)
    return None


def _unmanaged_secret(situation: Situation) -> Decision | None:
    """Nothing can be stored: the name is taken by a secret that this installation did not make."""
    if not situation.secret_is_unmanaged:
        return None
    for key in situation.active:
        if situation.in_warning_window(key):
            notify = situation.is_day_of_notice(key)
            return blocked(situation, key, Reason.UNMANAGED_SECRET, notify=notify)
    return Decision((), Reason.UNMANAGED_SECRET)


def _in_progress(situation: Situation) -> Decision | None:
    return Decision((), Reason.IN_PROGRESS) if is_in_progress(situation) else None


# -- the table -------------------------------------------------------------------------------------


def _restored(situation: Situation) -> Decision | None:
    """A secret that is pending deletion while its owner is still managed is restored first."""
    if not (situation.secret.pending_deletion and situation.secret_is_owners):
        return None
    restore = Action(Verb.PREPARE, Reason.SECRET_PENDING_DELETION)
    then = _row(_once_done(situation, restore))
    return replace(then, actions=(restore, *then.actions))


def _orphan(situation: Situation) -> Decision | None:
    """Disabled by the run that finds it; deleted by a later run, which then decides again."""
    key = next((key for key in situation.keys if is_orphan(situation, key)), None)
    if key is None:
        return None
    if key.is_active:
        first = Action(Verb.DISABLE, Reason.ORPHAN, key.id, notify=False)
    elif (since := situation.inactive_since(key)) is None:
        first = Action(Verb.RECORD, Reason.ORPHAN, key.id)
    elif situation.now - since < ORPHAN_DELETED_AFTER:
        return Decision((), Reason.ORPHAN_PENDING)
    else:
        delete = Action(Verb.DELETE, Reason.ORPHAN, key.id)
        without = _once_done(situation, delete)
        then = _quiet(without) or _row(without)
        return replace(then, actions=(delete, *then.actions))
    return Decision((first,), Reason.ORPHAN)


def _leaked(situation: Situation) -> Decision | None:
    """A key that was reported as leaked is active again: it goes while another key works, whatever
    grace, hold and messages say."""
    key = next((key for key in situation.active if situation.is_leaked(key)), None)
    if key is None or len(situation.active) == 1:
        return None
    others = [other for other in situation.active if other is not key]
    disable = Action(Verb.DISABLE, Reason.LEAKED, key.id)
    announce: tuple[Action, ...] = ()
    if situation.is_announced_late and not situation.has_no_recipient:
        announce = missing_announcement(situation, others)
    cut_off = not any(is_had(situation, other) for other in others)
    return Decision((disable, *announce), Reason.LEAKED, cut_off=cut_off)


def missing_announcement(situation: Situation, keys: list[AccessKey]) -> tuple[Action, ...]:
    """The announcement of the one of these that is delivered, and was never announced."""
    return tuple(
        Action(Verb.ANNOUNCE, Reason.NOT_ANNOUNCED, key.id)
        for key in keys
        if situation.is_delivered(key) and not situation.is_announced(key)
    )


def announce_late(situation: Situation) -> Decision | None:
    """Announces a key that an earlier run delivered and did not announce, then does what follows.
    The rest is left to the next run."""
    key = situation.delivered_key
    if key is None or not situation.is_announced_late:
        return None
    if situation.has_no_recipient:
        return blocked(situation, key, Reason.NO_CONFIRMED_SUBSCRIPTION)
    announce = Action(Verb.ANNOUNCE, Reason.NOT_ANNOUNCED, key.id)
    announced = _once_done(situation, announce)
    if len(situation.keys) == 2 and situation.keys[1] is key:
        then = _rotated_pair(announced, *announced.keys)
        old = situation.keys[0]
        until, while_used = old_key_until(announced, old, key) if old.is_active else (None, False)
    else:
        then, until, while_used = Decision((), Reason.NOT_ANNOUNCED), None, False
    following = tuple(
        replace(action, notify=False) if action.verb is Verb.DISABLE else action
        for action in takewhile(
            lambda action: action.verb in _MAY_FOLLOW_AN_ANNOUNCEMENT, then.actions
        )
    )
    return Decision((announce, *following), Reason.NOT_ANNOUNCED, until, while_used)


def _secret_changed(situation: Situation) -> Decision | None:
    """Somebody replaced the secret's value, and no rotation is near that would put it right."""
    key = situation.changed_by_hand
    return None if key is None else blocked(situation, key, Reason.SECRET_CHANGED)


def _more_than_two_keys(situation: Situation) -> Decision | None:
    """IAM allows two, unless the quota was raised or two creates overlapped."""
    if len(situation.keys) <= 2:
        return None
    key = next(iter(situation.active), situation.keys[0])
    return blocked(situation, key, Reason.MORE_THAN_TWO_KEYS)


def _two_keys(situation: Situation) -> Decision | None:
    if len(situation.keys) != 2:
        return None
    older, newer = situation.keys
    if newer.is_active and situation.is_announced(newer):
        return _rotated_pair(situation, older, newer)
    match situation.active:
        case [_, _]:
            return _unrelated_pair(situation)
        case [key]:
            return _one_of_unrelated_pair(situation, key, older if key is newer else newer)
        case _:
            return Decision((), Reason.NOT_ACTIVE)


def _one_key(situation: Situation) -> Decision:
    return (
        _rotate_or_warn(situation, situation.keys[0])
        if situation.keys
        else Decision((), Reason.NO_KEY)
    )


# In this order: `_quiet` reads nothing; nothing may be written to a secret that is not ours; a run
# at work on the user is left alone.
_ONCE_PER_DECISION: tuple[Rule, ...] = (_quiet, _unmanaged_secret, _in_progress)
# Asked again on the situation that a first step leaves. `_restored` comes first: a secret pending
# deletion delivers nothing. A leaked key waits for no announcement. What stands after
# `_more_than_two_keys` knows two at most, and `_one_key` one.
_AGAIN_AFTER_A_FIRST_STEP: tuple[Rule, ...] = (
    _restored,
    _orphan,
    _leaked,
    announce_late,
    _more_than_two_keys,
    _secret_changed,
    _two_keys,
    _one_key,
)


# -- rules by number of keys -----------------------------------------------------------------------


def _rotate_or_warn(situation: Situation, key: AccessKey) -> Decision:
    if not key.is_active:
        return Decision((), Reason.NOT_ACTIVE)
    if situation.is_due(key):
        return _rotate(situation, key)
    if situation.in_warning_window(key):
        return _warn(situation, key)
    return Decision((), Reason.NOT_DUE)


def _rotated_pair(situation: Situation, older: AccessKey, newer: AccessKey) -> Decision:
    """The newer key is delivered, announced and active; the older one is superseded."""
    if not older.is_active:
        return _one_of_unrelated_pair(situation, newer, older)
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


def _one_of_unrelated_pair(situation: Situation, key: AccessKey, other: AccessKey) -> Decision:
    """One active key; the other slot holds a key that is inactive or expired."""
    expired = other.status is KeyStatus.EXPIRED
    superseded = situation.is_announced(key) and other.created <= key.created
    seen_inactive = record(situation, other)
    if situation.may_be_deleted(other) and (superseded or situation.is_due(key)):
        reason = Reason.SUPERSEDED if superseded else Reason.SLOT_TAKEN
        then = _rotate_or_warn(situation, key)
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
        then = _warn(situation, key)
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


def _unrelated_pair(situation: Situation) -> Decision:
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


# -- building decisions ----------------------------------------------------------------------------


def _rotate(situation: Situation, key: AccessKey) -> Decision:
    if situation.has_no_recipient:
        return blocked(situation, key, Reason.NO_CONFIRMED_SUBSCRIPTION)
    if situation.is_leaked(key):
        return _replace_leaked(situation, key)
    rotate = Action(Verb.ROTATE, Reason.KEY_TOO_OLD, key.id)
    announce = Action(Verb.ANNOUNCE, Reason.KEY_TOO_OLD)
    actions: tuple[Action, ...] = (rotate, announce)
    until, while_used = old_key_until(situation, key)
    if until <= situation.now:
        actions = (*actions, Action(Verb.DISABLE, Reason.SUPERSEDED, key.id, notify=False))
    return Decision(actions, Reason.KEY_TOO_OLD, until, while_used)


def _replace_leaked(situation: Situation, key: AccessKey) -> Decision:
    if situation.only_a_key_can_fetch:
        return blocked(situation, key, Reason.NOBODY_CAN_FETCH)
    actions = (
        Action(Verb.ROTATE, Reason.LEAKED, key.id),
        Action(Verb.ANNOUNCE, Reason.LEAKED),
        Action(Verb.DISABLE, Reason.LEAKED, key.id, notify=False),
    )
    return Decision(actions, Reason.LEAKED)


def _warn(situation: Situation, key: AccessKey) -> Decision:
    warned = situation.secret.warned
    if warned is not None and warned.access_key_id == key.id and situation.secret_is_owners:
        return Decision((), Reason.WARNED_ALREADY)
    if situation.has_no_recipient:
        return blocked(situation, key, Reason.NO_CONFIRMED_SUBSCRIPTION)
    actions = (
        Action(Verb.PREPARE, Reason.WARNING_WINDOW, key.id),
        Action(Verb.WARN, Reason.WARNING_WINDOW, key.id),
    )
    return Decision(actions, Reason.WARNING_WINDOW)


def blocked(
    situation: Situation,
    key: AccessKey,
    reason: Reason,
    first: tuple[Action, ...] = (),
    notify: bool | None = None,
) -> Decision:
    """A person must act before this key can be replaced; `first` is done all the same. Without
    `notify` the records say whether a notice is due. If nobody would get it, there is none: the
    block shows only in the response and the metric."""
    if reason is Reason.NO_CONFIRMED_SUBSCRIPTION:
        notify = False
    elif notify is None:
        notify = situation.notice_is_due(Event.BLOCKED, key)
    return Decision((*first, Action(Verb.BLOCK, reason, key.id, notify)), reason)


def record(situation: Situation, key: AccessKey) -> tuple[Action, ...]:
    """The RECORD action for a key that is not on record as inactive yet. None for an active or an
    expired key: an expired one is never deleted, so a record is of no use."""
    if key.status is not KeyStatus.INACTIVE or situation.inactive_since(key) is not None:
        return ()
    return (Action(Verb.RECORD, Reason.SEEN_INACTIVE, key.id),)


def _with_forget(situation: Situation, then: Decision) -> Decision:
    """The decision, with the record of a key that is active again cleared first; a secret that is
    pending deletion takes no record before it is restored. Disabling that key replaces the record
    anyway."""
    stamp = situation.secret.inactive_since
    if stamp is None or stamp.access_key_id not in {key.id for key in situation.active}:
        return then
    forget = Action(Verb.FORGET, Reason.SEEN_ACTIVE, stamp.access_key_id)
    if any(
        action.verb is Verb.DISABLE and action.access_key_id == forget.access_key_id
        for action in then.actions
    ):
        return then
    restores = [a.reason is Reason.SECRET_PENDING_DELETION for a in then.actions[:1]] == [True]
    actions = (*then.actions[:restores], forget, *then.actions[restores:])
    return replace(then, actions=actions)


def _once_done(situation: Situation, action: Action) -> Situation:
    """The situation once `action` is done; the time does not move."""
    return replace(situation, user=after(situation.user, action, situation.settings, situation.now))
