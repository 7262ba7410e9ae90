"""What several rules decide alike: a user is blocked, a key is put on record."""

from __future__ import annotations

from .action import Action, Decision, Reason, Verb
from .model import AccessKey, Event, KeyStatus
from .situation import Situation


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


def no_first_key(situation: Situation, reason: Reason) -> Decision:
    """A person must act before a user gets their first key. There is no key yet that a record could
    name, so each run says it. Whoever asked for it reads the response."""
    notify = reason is not Reason.NO_CONFIRMED_SUBSCRIPTION and not situation.requested
    return Decision((Action(Verb.BLOCK, reason, notify=notify),), reason)
