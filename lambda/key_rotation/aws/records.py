"""The records on a secret: tags that say what was done, when, and to which key.

A tag value may hold letters, digits, spaces and `_ . / = + - @ :`, so a record is words with spaces
between. A record that cannot be read counts as absent; whatever depends on it is then not done.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from ..domain.model import Event, Intent, Stamp

PREFIX = "access-key-rotation:"
MANAGED_BY = f"{PREFIX}managed-by"
USER_ID = f"{PREFIX}user-id"
POLICY_FOR = f"{PREFIX}policy-for"
INTENT = f"{PREFIX}intent"
ANNOUNCED = f"{PREFIX}announced"
WARNED = f"{PREFIX}warned"
WARNED_UNUSED = f"{PREFIX}warned-unused"
INACTIVE_SINCE = f"{PREFIX}inactive-since"
WORKS_UNTIL = f"{PREFIX}works-until"
LEAKED = f"{PREFIX}leaked"
GONE_SINCE = f"{PREFIX}user-gone-since"
PROVIDED_BY = f"{PREFIX}provided-by"  # on those that Terraform made; whatever its value

_NOTICES = (Event.REMINDED, Event.HELD, Event.ENDING, Event.BLOCKED, Event.FAILED)
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def notice_key(event: Event) -> str:
    """The tag that says when a notice of this event went out last, one per event."""
    return f"{PREFIX}notice-{event.value}"


def write_gone(user_id: str, since: datetime) -> str:
    return f"{user_id} {since.astimezone(UTC).strftime(_TIME)}"


def read_gone(text: str | None, user_id: str | None) -> datetime | None:
    """Since when this user is gone: a secret may have come to another one since."""
    words = (text or "").split()
    return _time(words[1]) if len(words) == 2 and words[0] == user_id else None


def write_stamp(stamp: Stamp) -> str:
    return f"{stamp.access_key_id} {stamp.time.astimezone(UTC).strftime(_TIME)}"


def read_stamp(text: str | None) -> Stamp | None:
    words = (text or "").split()
    if len(words) != 2 or (time := _time(words[1])) is None:
        return None
    return Stamp(words[0], time)


def write_ids(key_ids: frozenset[str]) -> str:
    return " ".join(sorted(key_ids))


def read_ids(text: str | None) -> frozenset[str]:
    return frozenset((text or "").split())


def write_intent(intent: Intent) -> str:
    time = intent.time.astimezone(UTC).strftime(_TIME)
    return " ".join([time, intent.request_id, *sorted(intent.key_ids)])


def read_intent(text: str | None) -> Intent | None:
    words = (text or "").split()
    if len(words) < 2 or (time := _time(words[0])) is None:
        return None
    return Intent(time, words[1], frozenset(words[2:]))


def read_notices(tags: Mapping[str, str]) -> dict[Event, Stamp]:
    stamps = {event: read_stamp(tags.get(notice_key(event))) for event in _NOTICES}
    return {event: stamp for event, stamp in stamps.items() if stamp is not None}


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
