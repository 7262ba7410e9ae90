"""What to do about a key that was reported as leaked: replace it and disable it at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from .action import Action, Decision, Needs, Reason, Verb
from .decisions import blocked, record
from .model import AccessKey, KeyStatus, ManagedUser
from .orphans import may_be_orphan, may_make_room
from .overlap import is_had
from .policy import announce_late, missing_announcement
from .settings import Settings
from .situation import IN_PROGRESS_FOR, Situation, UnreadError


def decide_emergency(
    user: ManagedUser,
    access_key_id: str,
    settings: Settings,
    now: datetime,
    even_if_nobody_can_fetch: bool = False,
) -> Decision | Needs:
    """What to do to replace and disable the named key at once; no other key is disabled.

    The named key must be one of `user.keys`. Where nobody could fetch the key that stays, it is
    refused, unless `even_if_nobody_can_fetch`.
    """
    try:
        return _decide(Situation(user, settings, now), access_key_id, even_if_nobody_can_fetch)
    except UnreadError as unread:
        return Needs(unread.fact)


def _decide(situation: Situation, access_key_id: str, at_all_costs: bool) -> Decision:
    [key] = [key for key in situation.keys if key.id == access_key_id]
    others = [other for other in situation.keys if other is not key]
    if not key.is_active:
        return _already_inactive(situation, key)
    if situation.secret_is_unmanaged:
        return blocked(situation, key, Reason.UNMANAGED_SECRET, notify=True)
    working = [other for other in others if other.is_active and not may_be_orphan(situation, other)]
    cut_off = (
        not any(is_had(situation, other) for other in working)
        if working
        else situation.only_a_key_can_fetch
    )
    if cut_off and not at_all_costs:
        return blocked(situation, key, Reason.NOBODY_CAN_FETCH)
    if working:
        return _move_to(situation, working, key, cut_off)
    for other in others:
        if not may_make_room(situation, other):
            first = (*_record_leaked(situation, key), *record(situation, other))
            return blocked(situation, key, Reason.SLOT_TAKEN, first)
    actions = (
        *_record_leaked(situation, key),
        *(Action(Verb.DELETE, Reason.SLOT_TAKEN, other.id) for other in others),
        Action(Verb.ROTATE, Reason.EMERGENCY, key.id),
        Action(Verb.DISABLE, Reason.EMERGENCY, key.id, notify=False),
        Action(Verb.ANNOUNCE, Reason.EMERGENCY),
    )
    return Decision(actions, Reason.EMERGENCY, cut_off=cut_off)


def _already_inactive(situation: Situation, key: AccessKey) -> Decision:
    then = announce_late(situation) or Decision((), Reason.ALREADY_INACTIVE)
    if situation.secret_is_unmanaged or key.status is not KeyStatus.INACTIVE:
        return then
    return replace(then, actions=(*_record_leaked(situation, key), *then.actions))


def _record_leaked(situation: Situation, key: AccessKey) -> tuple[Action, ...]:
    """First of all: should this run die, no other run takes the key for an ordinary one."""
    return () if situation.is_leaked(key) else (Action(Verb.RECORD, Reason.EMERGENCY, key.id),)


def _move_to(
    situation: Situation, working: list[AccessKey], leaked: AccessKey, cut_off: bool
) -> Decision:
    """Another key works and is somebody's: the leaked one is disabled, and nothing is created."""
    disable = Action(Verb.DISABLE, Reason.EMERGENCY, leaked.id)
    actions = (
        *_prepare_to_be_sure(situation, working[-1]),
        disable,
        *missing_announcement(situation, working),
    )
    return Decision(actions, Reason.EMERGENCY, cut_off=cut_off)


def _prepare_to_be_sure(situation: Situation, other: AccessKey) -> tuple[Action, ...]:
    """A recent key may be what a run left behind whose secret is only not seen yet; making the
    secret fails then, and the next try sees both. One that is to be deleted is restored."""
    is_there = situation.secret.exists and not situation.secret.pending_deletion
    if is_there or (situation.age(other) >= IN_PROGRESS_FOR and not situation.secret.exists):
        return ()
    return (Action(Verb.PREPARE, Reason.EMERGENCY),)
