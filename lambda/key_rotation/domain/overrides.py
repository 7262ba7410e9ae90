"""Override tags on a user: used in place of the settings, within limits that the settings set.

A malformed override is reported and ignored; it never exempts a user from anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from .model import Limits
from .settings import Settings

MAX_KEY_AGE_DAYS = "max-key-age-days"
GRACE_DAYS = "grace-days"
DISABLE_UNUSED_AFTER_DAYS = "disable-unused-after-days"
HOLD_UNTIL = "hold-until"


def limits_for(tags: Mapping[str, str], settings: Settings) -> Limits:
    """The limits for a user with these tags (`<user tag key>:max-key-age-days` and so on).

    `max-key-age-days` may only shorten the limit, and not below what grace, hold and deletion need;
    `grace-days` may not exceed `max_overlap_days`, and leaves a hold the room that the settings
    leave it; `disable-unused-after-days` may be 0, for a key that is kept for an emergency, or more
    than the warning takes, up to the user's `max-key-age-days`; `hold-until` is a date, YYYY-MM-DD,
    and the hold ends with that day or at `max_overlap_days`, whichever comes first. If the id of a
    key follows the date, that key alone is held: no later rotation is.
    """
    found = _overrides(tags, settings.user_tag.key)
    malformed: list[str] = []

    def days(name: str, default: int, least: int, most: int, or_zero: bool = False) -> int:
        text = found.get(name)
        if text is None:
            return default
        if or_zero and text == "0":
            return 0
        if re.fullmatch(r"[0-9]{1,5}", text) and least <= int(text) <= most:
            return int(text)
        number = f"{'0, or ' if or_zero else ''}a whole number from {least} to {most}"
        malformed.append(f"{name} must be {number}, not {text!r}")
        return default

    if settings.hold_until_moved:
        overlap_days, room_to_hold = settings.max_overlap_days, max(1, settings.remind_before_days)
    else:
        overlap_days = max(settings.grace_days, settings.min_grace_days_without_console)
        room_to_hold = 0
    least_age = max(settings.warn_before_days, overlap_days + settings.delete_after_days) + 1
    max_key_age_days = days(
        MAX_KEY_AGE_DAYS,
        settings.max_key_age_days,
        min(least_age, settings.max_key_age_days),
        settings.max_key_age_days,
    )
    most_grace = min(
        settings.max_overlap_days - room_to_hold, max_key_age_days - settings.delete_after_days - 1
    )
    grace_days = days(GRACE_DAYS, settings.grace_days, 0, most_grace)
    unused_days = days(
        DISABLE_UNUSED_AFTER_DAYS,
        settings.disable_unused_after_days,
        max(1, settings.warn_before_days) + 1,
        max_key_age_days,
        or_zero=True,
    )
    hold_until, held_key = None, None
    if (text := found.get(HOLD_UNTIL)) is not None:
        try:
            hold_until, held_key = _hold(text)
        except ValueError:
            malformed.append(
                f"{HOLD_UNTIL} must be a date like 2026-01-31, which the id of a key may follow, "
                f"not {text!r}"
            )
    return Limits(max_key_age_days, grace_days, hold_until, tuple(malformed), held_key, unused_days)


def _hold(text: str) -> tuple[date, str | None]:
    """Raises ValueError."""
    day, _, key_id = text.partition(" ")
    if key_id and not re.fullmatch(r"[A-Z0-9]{1,128}", key_id):
        raise ValueError
    return datetime.strptime(day, "%Y-%m-%d").date(), key_id or None


def _overrides(tags: Mapping[str, str], tag_key: str) -> dict[str, str]:
    """The tags behind `<tag_key>:`, whose keys IAM compares without regard to case."""
    prefix = f"{tag_key}:".lower()
    return {
        key.lower().removeprefix(prefix): value.strip()
        for key, value in tags.items()
        if key.lower().startswith(prefix)
    }
