"""Who need not be looked at today, by the credential report alone, without a call per user.

Left out is only who certainly has nothing due; every other user's keys are read afresh before
anything is decided. tests/unit/test_prefilter.py holds it to `policy.decide`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from .ages import recent, warned_after
from .credential_report import Row, Slot
from .model import ManagedUser
from .overrides import limits_for
from .settings import Settings

# A run may last 15 minutes, and the clocks of report and function may differ.
MARGIN = timedelta(hours=1)
# On this day of a month (UTC) every managed user is looked at: it bounds for how long a key that
# was switched off and on again can seem younger than it is.
FULL_LOOK_DAY = 28


def may_need_attention(
    user: ManagedUser, row: Row | None, settings: Settings, now: datetime
) -> bool:
    """Whether a run must read this user's keys; `row` is the report's, None if it has none."""
    return now.day == FULL_LOOK_DAY or not is_settled(user, row, settings, now)


def is_settled(user: ManagedUser, row: Row | None, settings: Settings, now: datetime) -> bool:
    """Whether the report shows that nothing is due for this user, on whatever day of a month."""
    return not _may_need_attention(user, row, settings, now)


def _may_need_attention(
    user: ManagedUser, row: Row | None, settings: Settings, now: datetime
) -> bool:
    if row is None or row.user_created != user.created:
        return True  # created since, or again under the same name
    limit = recent(settings, user.ref.name) + MARGIN
    if any(_is_younger(slot, limit, now) for slot in row.slots):
        return True
    match [slot for slot in row.slots if slot.active]:
        case []:
            wants_first_key = settings.options_of(user.ref.name).first_key
            return wants_first_key and not any(slot.seems_taken for slot in row.slots)
        case [active]:
            [other] = [slot for slot in row.slots if slot is not active]
            return _one_active(active, other, row.user_created, user, settings, now)
        case _:
            return True


def _is_younger(slot: Slot, limit: timedelta, now: datetime) -> bool:
    return slot.last_rotated is not None and now - slot.last_rotated < limit


def _one_active(
    active: Slot,
    other: Slot,
    user_created: datetime,
    user: ManagedUser,
    settings: Settings,
    now: datetime,
) -> bool:
    since = active.last_rotated
    if since is None:
        return True
    if active.last_used is not None and active.last_used < since - MARGIN:
        return True  # in use before that date: it was switched on again then, and is older
    age = now - since + MARGIN
    limits = limits_for(user.tags, settings)
    window = timedelta(days=limits.max_key_age_days - settings.warn_before_days)
    if age >= window:
        return True
    unused_after = warned_after(limits, settings)
    # A key that was never used betrays nowhere that it was switched on again, and is older.
    unused_for = now - (active.last_used or min(since, user_created)) + MARGIN
    if unused_after is not None and unused_for >= unused_after:
        return True
    # A key that this one superseded was disabled later than this one was made; any other must be
    # on record for long enough to be deletable when this one is due.
    delete_after = timedelta(days=settings.delete_after_days)
    return other.seems_taken and age >= min(delete_after, window - delete_after)
