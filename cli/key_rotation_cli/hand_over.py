"""What is known of the use of a user's keys: as data, and as the second table of `status`.

The last use is read where something depends on it, for two active keys. Nothing is read to show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from key_rotation.domain.model import AccessKey, LastUse
from key_rotation.notify.usage import used_data

from .account import UserStatus

HEADINGS = ("user", "key", "last use", "hand-over", "goes")
# Of a key in the CSV, in which a last use takes three cells.
COLUMNS = ("last_used", "last_used_service", "last_used_region", "hand_over", "held_until")


def known(status: UserStatus, key: AccessKey) -> dict[str, Any]:
    """The fields of a key for programs; without `last_used` where the last use was not read."""
    uses = used_data(status.user.last_used or {})
    until = status.held_until(key)
    return {
        **({"last_used": uses[key.id]} if key.id in uses else {}),
        "hand_over": status.hand_over(key),
        "held_until": until and iso(until),
    }


def flat(key: dict[str, Any]) -> dict[str, Any]:
    """The same as cells; a key that was never used says so."""
    if "last_used" not in key:
        return {}
    use = key["last_used"] or {"time": "never", "service": None, "region": None}
    return {
        "last_used": use["time"],
        "last_used_service": use["service"],
        "last_used_region": use["region"],
    }


def rows(statuses: Sequence[UserStatus], now: datetime) -> Iterator[list[str]]:
    """A row for each key that has a use to show."""
    for status in statuses:
        for key in status.keys:
            if (used := last_use(status, key)) is None:
                continue
            state = status.hand_over(key)
            goes = status.forecast.disabled(key.id) if state else None
            yield [
                status.name,
                key.id,
                used,
                state.replace("_", " ") if state else "",
                between(goes.at, goes.held_until, now) if goes else "",
            ]


def last_use(status: UserStatus, key: AccessKey) -> str | None:
    """In words, of the keys of those who have two active ones: they help to choose. None of others,
    and where it was not read."""
    active, uses = [key for key in status.keys if key.is_active], status.user.last_used
    return None if len(active) < 2 or key not in active or uses is None else words(uses[key.id])


def words(use: LastUse | None) -> str:
    """`s3 in eu-west-1, 2026-06-01`, as far as IAM says it; `never`."""
    if use is None:
        return "never"
    where = f" in {use.region}" if use.region else ""
    return (f"{use.service}{where}, " if use.service else "") + f"{use.time:%Y-%m-%d}"


def age(status: UserStatus, key: AccessKey, now: datetime) -> str:
    """`12 d`; `12+ d` of a settled user's key, which may be older than the report says."""
    return f"{(now - key.created).days}{'+' if status.from_report else ''} d"


def between(at: datetime, held_until: datetime | None, now: datetime) -> str:
    """`2026-06-05 to 06-28`: at the earliest, and if the owner does not move; `by 2026-06-28` if
    the earliest is now. Where that makes no difference, as `day`."""
    if held_until is None:
        return day(at, None, now)
    if at <= now:
        return f"by {held_until:%Y-%m-%d}"
    last = f"{held_until:%m-%d}" if held_until.year == at.year else f"{held_until:%Y-%m-%d}"
    return f"{at:%Y-%m-%d} to {last}"


def day(at: datetime, held_until: datetime | None, now: datetime) -> str:
    """The earliest day; `next run`, or `once moved` where that waits for the owner."""
    if at > now:
        return f"{at:%Y-%m-%d}"
    return "next run" if held_until is None else "once moved"


def iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
