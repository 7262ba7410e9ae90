"""How long two keys of a user work side by side: grace, hold, longest overlap, an idle key."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from .action import Reason
from .model import AccessKey
from .situation import VERIFIED_AFTER, Situation


def grace_days(situation: Situation) -> int:
    """Days in which both keys work: long enough to fetch the new key with the old one, for a user
    who has no other way to fetch it."""
    grace, least = situation.limits.grace_days, situation.settings.min_grace_days_without_console
    if grace >= least:
        return grace
    return least if situation.only_a_key_can_fetch else grace


def grace_ends(situation: Situation) -> datetime:
    """Grace counts from the announcement, which is never before the key was made."""
    announced = situation.secret.announced
    assert announced is not None
    return announced.time + timedelta(days=grace_days(situation))


def overlap_ends(situation: Situation, newer: AccessKey) -> datetime:
    """The latest end of the overlap, whatever holds the old key; only a grace that began late may
    outlast it."""
    return newer.created + timedelta(days=situation.settings.max_overlap_days)


def hold_reason(situation: Situation, key: AccessKey) -> Reason | None:
    """What holds the superseded key beyond its grace, whatever is seen of its successor; None if
    nothing does."""
    if _is_held_by_tag(situation, key):
        return Reason.HOLD_UNTIL
    return Reason.STILL_IN_USE if is_held_by_use(situation, key, situation.now) else None


def is_held_by_use(situation: Situation, key: AccessKey, at: datetime) -> bool:
    """Whether the key was used within `hold_while_used_days` before `at`, or since."""
    days = situation.settings.hold_while_used_days
    if days == 0:
        return False
    used = situation.last_used(key)
    return used is not None and at - used < timedelta(days=days)


def held_until(situation: Situation, key: AccessKey, hold: Reason, latest: datetime) -> datetime:
    """Use may last up to the latest end; a tag names its day, which may be over by then."""
    ends = tagged_hold_ends(situation, key) if hold is Reason.HOLD_UNTIL else None
    return min(ends or latest, latest)


def tagged_end(situation: Situation, older: AccessKey, newer: AccessKey) -> datetime | None:
    """Up to when a tag holds the old key; None without one."""
    ends = tagged_hold_ends(situation, older)
    return min(ends, overlap_ends(situation, newer)) if ends else None


def old_key_until(
    situation: Situation, key: AccessKey, newer: AccessKey | None = None
) -> tuple[datetime, bool]:
    """When the key that is superseded now will be disabled at the latest, as far as is known
    today, and whether it may be so before, since it is left on only while it is used. `newer` is
    the other key, None if it is made now."""
    grace = situation.now + timedelta(days=grace_days(situation))
    grace = max(grace, situation.promised_end(key) or grace)
    hold = hold_reason(situation, key)
    if hold is None:
        return grace, False
    overlap = timedelta(days=situation.settings.max_overlap_days)
    latest = overlap_ends(situation, newer) if newer else situation.now + overlap
    until = max(grace, held_until(situation, key, hold, latest))
    return until, hold is Reason.STILL_IN_USE and until > grace


def used_by_owner(situation: Situation, key: AccessKey) -> datetime | None:
    """The last use. Within the first hour the run itself tried the key: no sign that somebody has
    it."""
    used = situation.last_used(key)
    return used if used is not None and used - key.created >= VERIFIED_AFTER else None


def is_had(situation: Situation, key: AccessKey) -> bool:
    """Whether somebody has this key, or can fetch it without another key of the user."""
    if not situation.is_delivered(key) or not situation.only_a_key_can_fetch:
        return True
    return used_by_owner(situation, key) is not None


def idle_key(situation: Situation) -> AccessKey | None:
    """The one of two active keys that may be disabled for being idle.

    The key that stays must be one that somebody surely has: it is in use, or it is in the secret
    and the owner had the time to fetch it.
    """
    limit = timedelta(days=situation.settings.idle_after_days)
    if all(situation.age(key) < limit for key in situation.keys):
        return None

    def last_sign(key: AccessKey) -> datetime:
        return max(key.created, situation.last_used(key) or key.created)

    for idle, other in (situation.keys, reversed(situation.keys)):
        if situation.now - last_sign(idle) < limit:
            continue
        if situation.is_promised(idle) or _is_held_by_tag(situation, idle):
            continue
        used = used_by_owner(situation, other)
        other_in_use = used is not None and situation.now - used < limit
        if other_in_use or _was_fetchable_with(situation, idle, other):
            return idle
    return None


def _was_fetchable_with(situation: Situation, idle: AccessKey, delivered: AccessKey) -> bool:
    """Both keys worked for the days of a grace after the announcement: an owner without a console
    password may need the idle key to fetch the other one."""
    announced = situation.secret.announced
    if announced is None or not situation.is_delivered(delivered):
        return False
    since = max(announced.time, idle.created)
    return situation.now - since >= timedelta(days=grace_days(situation))


def _is_held_by_tag(situation: Situation, key: AccessKey) -> bool:
    ends = tagged_hold_ends(situation, key)
    return ends is not None and situation.now < ends


def tagged_hold_ends(situation: Situation, key: AccessKey) -> datetime | None:
    """The end of the day that the override tag names; None if it is about another key."""
    limits = situation.limits
    if limits.hold_until is None or limits.held_key not in (None, key.id):
        return None
    midnight = datetime.combine(limits.hold_until, time.min, UTC)
    try:
        return midnight + timedelta(days=1)
    except OverflowError:
        return midnight
