"""The rotations of the last twelve months, as the function's log has them, or why it has not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from key_rotation.notify.response import describe
from key_rotation.notify.text import minute
from key_rotation.run.key_changes import CREATED

from ..exits import DeclinedError
from ..history.answer import bounds
from ..history.changes import KeyChange
from ..history.log_group import YEAR, History, find_group, read_rotations

MONTHS = 12
# A page of the log has up to 1 MB, some 1,800 rotations, or much less.
_MAX_CALLS = 20
_ALL = "key-rotation history reads all"


@dataclass(frozen=True, slots=True)
class Month:
    """The keys made in the month that begins at `start`, and how many of them in an emergency.
    `unread`: nothing or not all of the month was read, or can be in the log."""

    start: datetime
    rotations: int
    emergencies: int
    unread: Literal["all", "some"] | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """`history` is None if the log could not be read, and `error` says why."""

    history: History | None
    error: str | None = None

    @property
    def changes(self) -> list[KeyChange]:
        """Each key that was made, and each that an emergency disabled, the latest first."""
        found = self.history.changes if self.history is not None else ()
        wanted = [one for one in found if one.action == CREATED or one.is_emergency]
        return wanted[::-1]

    @property
    def rotations(self) -> list[KeyChange]:
        return [change for change in self.changes if change.action == CREATED]

    @property
    def emergencies(self) -> int:
        """How many runs there were for an emergency."""
        return len({change.run for change in self.changes if change.is_emergency})

    def months(self) -> list[Month]:
        """This month and the twelve before it."""
        assert self.history is not None
        since = max(self.history.since, self.history.group.known_from(self.history.until))
        start = self.history.until.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        starts = [start]
        while len(starts) <= MONTHS:
            starts.insert(0, (starts[0] - timedelta(days=1)).replace(day=1))
        made = [(change.at, change.is_emergency) for change in self.rotations]
        ends = [*starts[1:], datetime.max.replace(tzinfo=UTC)]
        return [
            Month(
                begin,
                sum(begin <= at < end for at, _ in made),
                sum(begin <= at < end and urgent for at, urgent in made),
                "all" if end <= since else "some" if begin < since else None,
            )
            for begin, end in zip(starts, ends, strict=True)
        ]

    def known(self) -> Iterator[str]:
        """What a month without a rotation means, in sentences."""
        history = self.history
        assert history is not None
        begin = history.group.known_from(history.until)
        if history.since > max(begin, history.until - YEAR):
            yield (
                f"Read back to {minute(history.since)} only, since the log takes so many calls to "
                f"read: {_ALL}."
            )
        elif begin > history.until - YEAR:
            yield f"The log knows nothing before {minute(begin)}."
        yield from bounds(history)


NOT_ASKED = Past(None, "the log was not asked")


def read_past(logs: Any, installation: str, now: datetime) -> Past:
    """In at most 21 calls. A log that cannot be read is no failure of the report."""
    try:
        group = find_group(logs, installation)
        history = read_rotations(logs, group, now, _MAX_CALLS)
    except DeclinedError as declined:
        return Past(None, str(declined))
    except (BotoCoreError, ClientError) as error:
        return Past(None, describe(error))
    if history is None:
        return Past(None, f"{_MAX_CALLS} calls do not reach over the last day of the log; {_ALL}")
    return Past(history)
