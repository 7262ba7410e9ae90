"""What to do for one user: pure, over frozen data, standard library only.

The table in docs/architecture.md is the specification; tests/unit/test_policy.py is that table. A
rule returns None if it does not apply. The first that applies wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import takewhile

from .action import Action, Decision, Needs, Reason, Verb
from .after import after
from .decisions import blocked, no_first_key
from .hand_over import unmoved_until
from .model import AccessKey, ManagedUser
from .one_key import first_key, rotate_or_warn
from .orphans import ORPHAN_DELETED_AFTER, is_in_progress, is_orphan
from .overlap import is_had, old_key_until
from .settings import Settings
from .situation import Situation, UnreadError
from .two_keys import one_of_unrelated_pair, rotated_pair, unrelated_pair
from .unused import seems_unused

Rule = Callable[[Situation], Decision | None]
# What may follow a late announcement in the same run: what it announces, and a mere record. For an
# owner without a subscription it waits for the run's digest, and no line may come after that.
_MAY_FOLLOW_AN_ANNOUNCEMENT = (Verb.DISABLE, Verb.RECORD)


def decide(
    user: ManagedUser, settings: Settings, now: datetime, requested: bool = False
) -> Decision | Needs:
    """What to do for `user` at `now` (aware, UTC), or which fact must be read first. `requested`:
    as if the key were due; `decide_request` says when that may be.

    With every fact of `user` read it always returns a Decision.
    """
    situation = Situation(user, settings, now, requested)
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
    """Decides from the keys alone that nothing is due: the only rule that reads nothing more, but
    for the last use of a single key that may be unused."""
    if not situation.keys:
        return None if situation.wants_first_key else Decision((), Reason.NO_KEY)
    if len(situation.keys) > 2 or any(situation.is_recent(key) for key in situation.keys):
        return None
    if not situation.active:
        return Decision((), Reason.NOT_ACTIVE)
    if len(situation.keys) > 1 or situation.in_warning_window(situation.keys[0]):
        return None
    return None if seems_unused(situation, situation.keys[0]) else Decision((), Reason.NOT_DUE)


def _unmanaged_secret(situation: Situation) -> Decision | None:
    """Nothing can be stored: the name is taken by a secret that this installation did not make."""
    if not situation.secret_is_unmanaged:
        return None
    if not situation.keys:
        return no_first_key(situation, Reason.UNMANAGED_SECRET)
    for key in situation.active:
        if situation.in_warning_window(key):
            notify = not situation.requested and situation.is_day_of_notice(key)
            return blocked(situation, key, Reason.UNMANAGED_SECRET, notify=notify)
    return Decision((), Reason.UNMANAGED_SECRET)


def _in_progress(situation: Situation) -> Decision | None:
    return Decision((), Reason.IN_PROGRESS) if is_in_progress(situation) else None


# -- the table -------------------------------------------------------------------------------------


def _had_a_key(situation: Situation) -> Decision | None:
    """Nothing to do for a user without a key who had one of ours: it went for some reason."""
    if situation.keys or not situation.had_a_key:
        return None
    return Decision((), Reason.HAD_A_KEY)


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
    why = Reason.FIRST_KEY if situation.is_first(key) else Reason.NOT_ANNOUNCED
    announce = Action(Verb.ANNOUNCE, why, key.id)
    announced = _once_done(situation, announce)
    until, while_used, unmoved = None, False, None
    if len(situation.keys) == 2 and announced.supersedes(announced.keys[1], announced.keys[0]):
        then = rotated_pair(announced, *announced.keys)
        old = situation.keys[0]
        if old.is_active:
            until, while_used = old_key_until(announced, old, key)
            unmoved = unmoved_until(announced, until, while_used, key)
    else:
        then = Decision((), why)
    following = tuple(
        replace(action, notify=False) if action.verb is Verb.DISABLE else action
        for action in takewhile(
            lambda action: action.verb in _MAY_FOLLOW_AN_ANNOUNCEMENT, then.actions
        )
    )
    return Decision((announce, *following), why, until, while_used, unmoved)


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
    if newer.is_active and situation.supersedes(newer, older):
        return rotated_pair(situation, older, newer)
    match situation.active:
        case [_, _]:
            return unrelated_pair(situation)
        case [key]:
            return one_of_unrelated_pair(situation, key, older if key is newer else newer)
        case _:
            return Decision((), Reason.NOT_ACTIVE)


def _one_key(situation: Situation) -> Decision:
    if situation.keys:
        return rotate_or_warn(situation, situation.keys[0])
    return first_key(situation) if situation.wants_first_key else Decision((), Reason.NO_KEY)


# In this order: `_quiet` reads the least; nothing may be written to a secret that is not ours; a
# run at work on the user is left alone.
_ONCE_PER_DECISION: tuple[Rule, ...] = (_quiet, _unmanaged_secret, _in_progress)
# Asked again on the situation that a first step leaves. `_had_a_key` comes first: no secret is
# restored for a user without a key. Then `_restored`: a secret pending deletion delivers nothing. A
# leaked key waits for no announcement. What stands after `_more_than_two_keys` knows two at most,
# and `_one_key` one.
_AGAIN_AFTER_A_FIRST_STEP: tuple[Rule, ...] = (
    _had_a_key,
    _restored,
    _orphan,
    _leaked,
    announce_late,
    _more_than_two_keys,
    _secret_changed,
    _two_keys,
    _one_key,
)


def _with_forget(situation: Situation, then: Decision) -> Decision:
    """The decision, with the record of a key that is active again cleared first, also of one that
    is to be disabled: somebody else may do that before the run comes to it. A secret that is
    pending deletion takes no record before it is restored."""
    stamp = situation.secret.inactive_since
    if stamp is None or stamp.access_key_id not in {key.id for key in situation.active}:
        return then
    forget = Action(Verb.FORGET, Reason.SEEN_ACTIVE, stamp.access_key_id)
    restores = [a.reason is Reason.SECRET_PENDING_DELETION for a in then.actions[:1]] == [True]
    actions = (*then.actions[:restores], forget, *then.actions[restores:])
    return replace(then, actions=actions)


def _once_done(situation: Situation, action: Action) -> Situation:
    """The situation once `action` is done; the time does not move."""
    return replace(situation, user=after(situation.user, action, situation.settings, situation.now))
