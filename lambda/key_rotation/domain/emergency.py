"""What to do about a key that was reported as leaked: replace it and disable it at once."""

from __future__ import annotations

from datetime import datetime

from .model import AccessKey, Action, Decision, ManagedUser, Needs, Reason, Verb
from .orphans import may_be_orphan, may_make_room
from .policy import announce_late, blocked, record
from .settings import Settings
from .situation import IN_PROGRESS_FOR, Situation, UnreadError


def decide_emergency(
    user: ManagedUser, access_key_id: str, settings: Settings, now: datetime
) -> Decision | Needs:
    """What to do to replace and disable the named key at once; no other key is disabled.

    The named key must be one of `user.keys`.
    """
    try:
        return _decide(Situation(user, settings, now), access_key_id)
    except UnreadError as unread:
        return Needs(unread.fact)


def _decide(situation: Situation, access_key_id: str) -> Decision:
    [key] = [key for key in situation.keys if key.id == access_key_id]
    others = [other for other in situation.keys if other is not key]
    if not key.is_active:
        return announce_late(situation) or Decision((), Reason.ALREADY_INACTIVE)
    if situation.secret_is_unmanaged:
        return blocked(situation, key, Reason.UNMANAGED_SECRET)
    make_room: tuple[Action, ...] = ()
    for other in others:
        if other.is_active and not may_be_orphan(situation, other):
            return _move_to(situation, other, key)
        if not may_make_room(situation, other):
            return blocked(situation, key, Reason.SLOT_TAKEN, record(situation, other))
        make_room = (Action(Verb.DELETE, Reason.SLOT_TAKEN, other.id),)
    actions = (
        *make_room,
        Action(Verb.ROTATE, Reason.EMERGENCY, key.id),
        Action(Verb.DISABLE, Reason.EMERGENCY, key.id, notify=False),
        Action(Verb.ANNOUNCE, Reason.EMERGENCY),
    )
    return Decision(actions, Reason.EMERGENCY)


def _move_to(situation: Situation, other: AccessKey, leaked: AccessKey) -> Decision:
    """The other key works and is somebody's: the leaked one is disabled, and nothing is created."""
    announce = (
        (Action(Verb.ANNOUNCE, Reason.NOT_ANNOUNCED, other.id),)
        if situation.is_delivered(other) and not situation.is_announced(other)
        else ()
    )
    disable = Action(Verb.DISABLE, Reason.EMERGENCY, leaked.id)
    return Decision((*_prepare_to_be_sure(situation, other), disable, *announce), Reason.EMERGENCY)


def _prepare_to_be_sure(situation: Situation, other: AccessKey) -> tuple[Action, ...]:
    """A recent key may be what a run left behind whose secret is only not seen yet; making the
    secret fails then, and the next try sees both. One that is to be deleted is restored."""
    is_there = situation.secret.exists and not situation.secret.pending_deletion
    if is_there or (situation.age(other) >= IN_PROGRESS_FOR and not situation.secret.exists):
        return ()
    return (Action(Verb.PREPARE, Reason.EMERGENCY),)
