"""Orphans: keys that a run created and lost before it could store them.

A run records its intent before it creates a key. A key that fits an intent, and that no version of
the secret holds, is an orphan once no run can be at work on it and nobody has used it.
"""

from __future__ import annotations

from datetime import timedelta

from .model import AccessKey, Intent, KeyStatus
from .situation import CLOCK_GRAIN, CREATED_WITHIN, IN_PROGRESS_FOR, Situation

# An orphan that was never used is deleted this long after it was made inactive.
ORPHAN_DELETED_AFTER = timedelta(hours=6)


def is_in_progress(situation: Situation) -> bool:
    """Whether another run may be between two of its steps on this user just now."""
    intent = situation.secret.intent
    if intent is not None and situation.now - intent.time < IN_PROGRESS_FOR:
        key = situation.delivered_key
        if key is None or not situation.is_announced(key):
            return True
    return any(
        situation.age(key) < IN_PROGRESS_FOR and not situation.is_delivered(key)
        for key in situation.active
    )


def is_orphan(situation: Situation, key: AccessKey) -> bool:
    if not may_be_orphan(situation, key) or situation.age(key) < IN_PROGRESS_FOR:
        return False
    return situation.last_used(key) is None


def may_be_orphan(situation: Situation, key: AccessKey) -> bool:
    """The records fit; its age and last use are not looked at."""
    intent = situation.secret.intent
    if intent is None or key.status is KeyStatus.EXPIRED or situation.secret.holds(key):
        return False
    announced = situation.secret.announced
    if announced is not None and announced.access_key_id == key.id:
        return False  # its owner knows where it is, and may have fetched it
    if not intent.key_ids and situation.had_a_key:
        return False  # the first key is in the secret: no other one was made under that intent
    if any(_fits(intent, other) and situation.secret.holds(other) for other in situation.keys):
        return False  # the same of any other: a run asks for one key under an intent
    return _fits(intent, key)


def _fits(intent: Intent, key: AccessKey) -> bool:
    within = -CLOCK_GRAIN <= key.created - intent.time <= CREATED_WITHIN
    return key.id not in intent.key_ids and within


def may_make_room(situation: Situation, key: AccessKey) -> bool:
    """Whether an emergency may delete this inactive key to make room for a new one."""
    since = situation.inactive_since(key)
    if since is not None and is_orphan(situation, key):
        return not key.is_active and situation.now - since >= ORPHAN_DELETED_AFTER
    return situation.may_be_deleted(key)
