"""The one key of a user, or the one that counts: warned about, replaced when it is due, unless
nobody uses it; and the first one of a user who has none."""

from __future__ import annotations

from .action import Action, Decision, Reason, Verb
from .decisions import blocked, no_first_key
from .hand_over import unmoved_until
from .model import AccessKey
from .overlap import old_key_until
from .situation import Situation
from .unused import when_unused


def rotate_or_warn(situation: Situation, key: AccessKey) -> Decision:
    if not key.is_active:
        return Decision((), Reason.NOT_ACTIVE)
    if (unused := when_unused(situation, key)) is not None:
        return unused
    if situation.is_due(key):
        return _rotate(situation, key)
    if situation.in_warning_window(key):
        return warn(situation, key)
    return Decision((), Reason.NOT_DUE)


def _rotate(situation: Situation, key: AccessKey) -> Decision:
    if situation.has_no_recipient:
        return blocked(situation, key, Reason.NO_CONFIRMED_SUBSCRIPTION)
    if situation.is_leaked(key):
        return _replace_leaked(situation, key)
    reason = Reason.REQUESTED if situation.requested else Reason.KEY_TOO_OLD
    rotate = Action(Verb.ROTATE, reason, key.id)
    announce = Action(Verb.ANNOUNCE, reason)
    actions: tuple[Action, ...] = (rotate, announce)
    until, while_used = old_key_until(situation, key)
    if until <= situation.now:
        actions = (*actions, Action(Verb.DISABLE, Reason.SUPERSEDED, key.id, notify=False))
    unmoved = unmoved_until(situation, until, while_used)
    return Decision(actions, reason, until, while_used, unmoved)


def _replace_leaked(situation: Situation, key: AccessKey) -> Decision:
    if situation.only_a_key_can_fetch:
        return blocked(situation, key, Reason.NOBODY_CAN_FETCH)
    actions = (
        Action(Verb.ROTATE, Reason.LEAKED, key.id),
        Action(Verb.ANNOUNCE, Reason.LEAKED),
        Action(Verb.DISABLE, Reason.LEAKED, key.id, notify=False),
    )
    return Decision(actions, Reason.LEAKED)


def warn(situation: Situation, key: AccessKey) -> Decision:
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


def first_key(situation: Situation) -> Decision:
    """For a user without a key who never had one of ours."""
    if situation.has_no_recipient:
        return no_first_key(situation, Reason.NO_CONFIRMED_SUBSCRIPTION)
    if situation.only_a_key_can_fetch:
        return no_first_key(situation, Reason.NOBODY_CAN_FETCH)
    actions = (Action(Verb.ROTATE, Reason.FIRST_KEY), Action(Verb.ANNOUNCE, Reason.FIRST_KEY))
    return Decision(actions, Reason.FIRST_KEY)
