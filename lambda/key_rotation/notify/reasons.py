"""The words for a reason, and what to do about what blocks a key."""

from __future__ import annotations

from ..domain.action import Reason

REASON_TEXT = {
    Reason.SUPERSEDED: "it was replaced, and the time to move to its successor is over",
    Reason.OVERLAP_CEILING: "it was replaced, and the longest time that both keys may work is over",
    Reason.IDLE: "it has not been used for a long time",
    Reason.UNUSED: "it has not been used for a long time, and its owner was warned",
    Reason.ORPHAN: "it was left behind by a run that died, and nobody has its secret",
    Reason.REQUESTED: "somebody asked for it",
    Reason.EMERGENCY: "it was reported as leaked",
    Reason.LEAKED: "it was reported as leaked before, and somebody switched it on again",
    Reason.SLOT_TAKEN: "it has been inactive for long enough, and its place is needed",
    Reason.MOVED: "it was replaced, and its owner uses the new one",
    Reason.STILL_IN_USE: "it is still being used",
    Reason.NOT_FETCHED: "nobody has fetched the new key yet",
    Reason.FETCHED: "the new key was fetched, but nothing uses it yet",
    Reason.MOVING: "the new key is in use, and so is the old one",
    Reason.HOLD_UNTIL: "a tag on the user asks for it",
    Reason.NO_CONFIRMED_SUBSCRIPTION: "neither the user nor an operator has a confirmed "
    "subscription",
    Reason.TWO_ACTIVE_KEYS_DUE: "the user has two active keys, and IAM allows no third",
    Reason.SLOT_TAKEN_BY_EXPIRED_KEY: "IAM allows two keys, and the other one is an expired key",
    Reason.UNMANAGED_SECRET: "a secret of the same name exists that this rotation did not make",
    Reason.SECRET_CHANGED: "somebody changed the secret by hand, and it no longer holds the key "
    "that was announced",
    Reason.MORE_THAN_TWO_KEYS: "the user has more than two access keys",
    Reason.NOBODY_CAN_FETCH: "nobody could fetch the key that stays: the user has no console "
    "password, and the settings name no reader",
    Reason.SECRET_NOT_PROTECTED: "who can read its secret is not what the settings say, and that "
    "cannot be put right",
}
TO_DO = {
    Reason.TWO_ACTIVE_KEYS_DUE: "find out which of the two keys is not needed. Disable it, and "
    "delete it once nothing misses it.",
    Reason.SLOT_TAKEN: "nothing, if it can wait: a later run deletes the inactive key, once it has "
    "been inactive for long enough. If it cannot wait, delete the inactive key yourself.",
    Reason.SLOT_TAKEN_BY_EXPIRED_KEY: "delete the expired key.",
    Reason.SECRET_CHANGED: "put the key back into the secret (its previous version may still hold "
    "it), or disable and delete the key that is not needed.",
    Reason.MORE_THAN_TWO_KEYS: "find out which keys are not needed. Disable them, and delete them "
    "once nothing misses them, until two are left.",
    Reason.NOBODY_CAN_FETCH: "tell your platform team. They name a reader who hands the new key "
    "over (secret_reader_arns, or reader_arns of this user), and repeat the emergency; or they "
    "repeat it with "
    '"even_if_nobody_can_fetch".',
}
_NOT_OVER = "an earlier rotation is not over: the old key still takes the user's second place"
_LEFT_BEHIND = "a key that an earlier run left behind is removed first: ask again in a day"
# Why a request came to nothing, as the rest of "not rotated: …".
NOT_ROTATED = {
    Reason.NO_KEY: "the user has no access key",
    Reason.HAD_A_KEY: "the user has no access key any more: first_key makes only the first one",
    Reason.NOT_ACTIVE: "no key of the user is active",
    Reason.IN_PROGRESS: "another run may be at work on the user: ask again in 20 minutes",
    Reason.ROTATED_TODAY: "the key in the secret is less than a day old",
    Reason.CREATED_TODAY: "somebody made a key of the user less than a day ago",
    Reason.NOT_ANNOUNCED: "an earlier rotation was not announced until now",
    Reason.FIRST_KEY: "the user's first key was not announced until now",
    Reason.ORPHAN: _LEFT_BEHIND,
    Reason.ORPHAN_PENDING: _LEFT_BEHIND,
    Reason.UNMANAGED_SECRET: REASON_TEXT[Reason.UNMANAGED_SECRET],
    Reason.LEAKED: "a key that was reported as leaked is disabled first",
    Reason.IDLE: "the one of two active keys that is idle is disabled first",
    Reason.IN_GRACE: _NOT_OVER,
    Reason.NOT_FETCHED: _NOT_OVER,
    Reason.FETCHED: _NOT_OVER,
    Reason.MOVING: _NOT_OVER,
    Reason.HOLD_UNTIL: _NOT_OVER,
    Reason.STILL_IN_USE: _NOT_OVER,
    Reason.SUPERSEDED: _NOT_OVER,
    Reason.MOVED: _NOT_OVER,
    Reason.OVERLAP_CEILING: _NOT_OVER,
}
# … a first key, of which there is none yet.
_NO_FIRST_KEY_BECAUSE = {
    Reason.NOBODY_CAN_FETCH: "nobody could fetch it: the user has no console password, and no "
    "reader is named (reader_arns of this user, or secret_reader_arns)",
}
_BLOCKED_BECAUSE = {
    Reason.SLOT_TAKEN: "IAM allows two keys, and the other one is an inactive key",
}
# Reasons for which a key is disabled that surely has a successor in the secret.
SUPERSEDED = (Reason.SUPERSEDED, Reason.OVERLAP_CEILING, Reason.MOVED)


def blocked_because(reason: Reason) -> str:
    """Why a user is blocked, as the rest of "cannot be: …"."""
    return _BLOCKED_BECAUSE.get(reason) or REASON_TEXT[reason]


def blocked_text(key_id: str | None, reason: Reason) -> str:
    """What a blocked user waits for, in one line; without a key they wait for their first one."""
    if key_id is None:
        why = _NO_FIRST_KEY_BECAUSE.get(reason) or blocked_because(reason)
        return f"the first key cannot be made: {why}"
    if reason is Reason.SECRET_CHANGED:
        return f"nothing is done about key {key_id}: {blocked_because(reason)}"
    return f"key {key_id} cannot be replaced: {blocked_because(reason)}"
