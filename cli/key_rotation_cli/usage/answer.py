"""What is known of the use of a user's keys, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.text import Text

from key_rotation.notify.text import counted, iso, minute

from ..screen import Screen
from .keys import UserKey
from .lookup import Period, Reading
from .trail import Use, uses_of

# A table without calls must not pass for a key that nobody needs.
NOTES = (
    "CloudTrail's event history has management events, up to 15 minutes late.",
    "Data events (S3 objects, Lambda invokes, DynamoDB items, SQS and SNS messages, ...) are not "
    "in it: a key without calls here may be in use.",
    "A program that assumes a role with the key shows as sts. What it does then, it does with "
    "another key.",
)
_HEADINGS = ("service", "region", "address", "calls", "refused", "first", "last", "user agent")
_WRAPPING = ("service", "address", "first", "last", "user agent")


@dataclass(frozen=True, slots=True)
class Usage:
    """The keys of a user, and what was read of each in each of `regions`."""

    user: str
    account_id: str
    period: Period
    regions: Sequence[str]
    keys: Sequence[UserKey]
    readings: Sequence[Reading]

    def uses(self, key: UserKey) -> list[Use]:
        """Of all regions, the latest used first."""
        return uses_of(
            call for each in self.readings if each.access_key_id == key.id for call in each.calls
        )

    @property
    def unread(self) -> Sequence[Reading]:
        """Those that are not whole."""
        return [reading for reading in self.readings if reading.error is not None]

    @property
    def is_unknown(self) -> bool:
        """Whether no region could be read."""
        return bool(self.readings) and all(each.error and not each.calls for each in self.readings)


def failures(found: Usage) -> list[str]:
    """What could not be read, in a sentence each."""
    return list(dict.fromkeys(_failure(reading) for reading in found.unread))


def _failure(reading: Reading) -> str:
    if reading.back_to is None:
        return f"{reading.region} could not be read: {reading.error}"
    return (
        f"{reading.region}: {reading.access_key_id} could be read back to "
        f"{minute(reading.back_to)} only: {reading.error}"
    )


def show(found: Usage, screen: Screen) -> None:
    """A table for each key, where they are from, and what is not in them."""
    if not found.keys:
        screen.say(f"{found.user} has no access key")
        return
    for key in found.keys:
        screen.say(_heading(key), "bold")
        uses = found.uses(key)
        if uses:
            screen.table(_HEADINGS, [list(_row(use)) for use in uses], _WRAPPING)
        else:
            screen.say(f"no call in {counted(found.period.days, 'day')}")
    screen.say(
        f"looked in {', '.join(found.regions)} from {minute(found.period.since)} to "
        f"{minute(found.period.until)} (account {found.account_id})"
    )
    for note in NOTES:
        screen.say(note)


def _heading(key: UserKey) -> str:
    text = f"{key.id}: {key.status}, created {key.created:%Y-%m-%d}, "
    used = key.last_use
    if used is None:
        return f"{text}never used"
    service = f" by {used.service}" if used.service else ""
    region = f" in {used.region}" if used.region else ""
    return f"{text}last used {minute(used.at)}{service}{region}"


def _row(use: Use) -> Iterator[str | Text]:
    refused = sum(use.refused.values())
    yield (use.service or "unknown").removesuffix(".amazonaws.com")
    yield use.region
    yield use.address or "unknown"
    yield str(use.calls)
    yield Text(str(refused), style="bold red" if refused else "")
    yield f"{use.first:%Y-%m-%d %H:%M}"
    yield f"{use.last:%Y-%m-%d %H:%M}"
    yield use.agent or "unknown"


def as_document(found: Usage) -> dict[str, Any]:
    """As JSON; docs/cli.md shows one."""
    return {
        "user": found.user,
        "account_id": found.account_id,
        "since": iso(found.period.since),
        "until": iso(found.period.until),
        "regions": list(found.regions),
        "keys": [_key(key, found.uses(key)) for key in found.keys],
        "unread": [
            {
                "region": reading.region,
                "access_key_id": reading.access_key_id,
                "read_back_to": _iso(reading.back_to),
                "error": reading.error,
            }
            for reading in found.unread
        ],
        "notes": list(NOTES),
    }


def _key(key: UserKey, uses: Sequence[Use]) -> dict[str, Any]:
    used = key.last_use
    return {
        "access_key_id": key.id,
        "status": key.status,
        "created": iso(key.created),
        "last_used": used and {"at": iso(used.at), "service": used.service, "region": used.region},
        "uses": [
            {
                "source_address": use.address,
                "user_agent": use.agent,
                "service": use.service,
                "region": use.region,
                "first": iso(use.first),
                "last": iso(use.last),
                "calls": use.calls,
                "refused": dict(use.refused),
            }
            for use in uses
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
