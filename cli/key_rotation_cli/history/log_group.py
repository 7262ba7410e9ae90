"""The function's log group: which it is, from when on it can know, and what it has of keys.

`FilterLogEvents` returns up to 1 MB or 10,000 events a page, oldest first. It may return less, or
an empty page with a token for the next one:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

from key_rotation.run.key_changes import MESSAGE

from ..exits import DeclinedError
from .changes import RUN, KeyChange, UnreadableLineError, change_of, message_of

_CHANGES = f'($.message = "{MESSAGE}")'
_RUNS = f'($.message = "{RUN}")'
# What is needed of a year: docs.aws.amazon.com, "Filter pattern syntax" of JSON log events.
EVERYTHING = f"{{ {_RUNS} || {_CHANGES} }}"
ROTATIONS = f'{{ {_RUNS} || ({_CHANGES} && (($.action = "create") || ($.reason = "emergency"))) }}'
# Where not everything may be read: the last day first, then at most so many times as long as the
# span before, and no more than half the calls that are left should take.
_FIRST, _GROWTH = timedelta(days=1), 7
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class LogGroup:
    """`retention_days` is how long a line is kept, as set today; None: for good."""

    name: str
    account_id: str
    created: datetime
    retention_days: int | None

    def known_from(self, now: datetime) -> datetime:
        """A line older than that cannot be there."""
        if self.retention_days is None:
            return self.created
        return max(self.created, now - timedelta(days=self.retention_days))


@dataclass(frozen=True, slots=True)
class History:
    """What the log has of the time from `since` until `until`, oldest first. `runs` is when a run
    was there to write; `unreadable` counts lines about keys that do not say enough."""

    group: LogGroup
    since: datetime
    until: datetime
    changes: tuple[KeyChange, ...]
    runs: tuple[datetime, ...]
    unreadable: int = 0

    @property
    def longest_pause(self) -> tuple[datetime, datetime] | None:
        """The longest time without a run, between the ends of this history; None without any."""
        if not self.runs:
            return None
        moments = [self.since, *self.runs, self.until]
        return max(pairwise(moments), key=lambda pair: pair[1] - pair[0])


def find_group(logs: Any, installation: str) -> LogGroup:
    """The log group of the installation's function, as function.tf names it.

    Raises DeclinedError if there is none.
    """
    name = f"/aws/lambda/{installation}"
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    for group in (group for page in pages for group in page["logGroups"]):
        if group["logGroupName"] == name:
            created = _moment(group["creationTime"])
            account_id = group["arn"].split(":")[4]
            return LogGroup(name, account_id, created, group.get("retentionInDays"))
    raise DeclinedError(f"there is no log group {name!r} in this region (--name, --region)")


def read(logs: Any, group: LogGroup, since: datetime, until: datetime) -> History:
    """All of that time, however many calls it takes."""
    found = _Found()
    for page in _pages(logs, group, since, until, EVERYTHING):
        found.add(page)
    return found.history(group, since, until)


def read_rotations(logs: Any, group: LogGroup, now: datetime, max_calls: int) -> History | None:
    """The rotations and emergencies of the last year, or of as much of it as `max_calls` reach;
    `since` of the answer says how much that is. None if they do not reach over the last day.

    CloudWatch Logs pages by what it scans, so the number of lines says nothing about the calls.
    Pages begin with the oldest line: a span that was not read to its end says nothing, either.
    """
    begin = max(now - YEAR, group.known_from(now))
    found, until, left, span = _Found(), now, max_calls, _FIRST
    while left and until > begin:
        since = max(until - span, begin)
        part, calls, more = _Found(), 0, True
        for page in islice(_pages(logs, group, since, until, ROTATIONS), left):
            calls += 1
            part.add(page)
            more = "nextToken" in page
        if more:
            break
        left -= calls
        found.put_before(part)
        span = min((until - since) * _GROWTH, (until - since) * left / (2 * calls))
        until = since
    return found.history(group, until, now) if until < now or begin >= now else None


def _pages(
    logs: Any, group: LogGroup, since: datetime, until: datetime, pattern: str
) -> Iterator[Mapping[str, Any]]:
    """The end is no part of it: two times that follow each other share no line."""
    pages: Iterator[Mapping[str, Any]] = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group.name,
        startTime=_milliseconds(since),
        endTime=_milliseconds(until) - 1,
        filterPattern=pattern,
    )
    return pages


class _Found:
    """What was read so far. The pattern is AWS's to apply, and is applied here once more."""

    def __init__(self) -> None:
        self._changes: list[KeyChange] = []
        self._runs: list[datetime] = []
        self._unreadable = 0

    def add(self, page: Mapping[str, Any]) -> None:
        for event in page["events"]:
            at = _moment(event["timestamp"])
            line = message_of(event["message"])
            if line.get("message") == RUN:
                self._runs.append(at)
                continue
            try:
                change = change_of(line, at)
            except UnreadableLineError:
                self._unreadable += 1
                continue
            if change is not None:
                self._changes.append(change)

    def put_before(self, earlier: _Found) -> None:
        self._changes = earlier._changes + self._changes
        self._runs = earlier._runs + self._runs
        self._unreadable += earlier._unreadable

    def history(self, group: LogGroup, since: datetime, until: datetime) -> History:
        changes = tuple(sorted(self._changes, key=lambda change: change.at))
        return History(group, since, until, changes, tuple(sorted(self._runs)), self._unreadable)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
