"""The log of keys as it is read: which lines count, how far back, and what people read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from key_rotation_cli.history.answer import bounds
from key_rotation_cli.history.changes import KeyChange
from key_rotation_cli.history.log_group import ROTATIONS, LogGroup, read, read_rotations
from tests.unit.builders import NOW, ago
from tests.unit.history_sample import history_sample

GROUP = LogGroup("/aws/lambda/key-rotation", "123456789012", ago(400), None)
LINE = {
    "message": "key changed",
    "user": "alice",
    "user_id": "AIDAALICE",
    "access_key_id": "NEW",
    "action": "create",
    "reason": "key_too_old",
    "run": "this",
    "by": "schedule",
}


class Logs:
    """CloudWatch Logs with these lines, so many a page; an empty page comes first, as it may."""

    def __init__(self, lines: list[tuple[datetime, Any]], page: int = 2) -> None:
        self._lines = sorted(lines, key=lambda line: line[0])
        self._page = page
        self.calls: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> Logs:
        assert name == "filter_log_events"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        found = self.events(asked["startTime"], asked["endTime"])
        pages: list[list[dict[str, Any]]] = [[]] if found else []
        pages += [found[at : at + self._page] for at in range(0, len(found), self._page)]
        for number, page in enumerate(pages or [[]], 1):
            self.calls.append(asked)
            more = {"nextToken": "more"} if number < len(pages) else {}
            yield {"events": page, **more}

    def events(self, start: int, end: int) -> list[dict[str, Any]]:
        return [
            {"timestamp": int(at.timestamp() * 1000), "message": json.dumps(line)}
            for at, line in self._lines
            if start <= at.timestamp() * 1000 <= end
        ]


class FineLogs(Logs):
    """CloudWatch Logs that scans so many days for a page, whatever it finds there."""

    def __init__(self, lines: list[tuple[datetime, Any]], days: float = 1) -> None:
        super().__init__(lines)
        self._days = days

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        step, start, end = int(self._days * 86_400_000), asked["startTime"], asked["endTime"]
        for begin in range(start, end + 1, step):
            last = min(begin + step - 1, end)
            more = {"nextToken": "more"} if last < end else {}
            self.calls.append(asked)
            yield {"events": self.events(begin, last), **more}


def created(*days: float) -> list[tuple[datetime, Any]]:
    return [(ago(day), LINE | {"access_key_id": f"K{day}"}) for day in days]


def test_every_page_counts_and_the_end_is_no_part() -> None:
    logs = Logs([*created(1, 2, 3, 4, 5), (NOW, LINE), (ago(6), {"message": "users found"})])

    found = read(logs, GROUP, ago(6), NOW)

    assert [change.access_key_id for change in found.changes] == ["K5", "K4", "K3", "K2", "K1"]
    assert found.runs == (ago(6),)
    assert len(logs.calls) == 4


def test_a_year_is_read_from_its_end() -> None:
    logs = Logs(created(1, 29, 31, 89, 91, 200, 364, 366))

    found = read_rotations(logs, GROUP, NOW, max_calls=100)

    assert found is not None
    ids = ["K364", "K200", "K91", "K89", "K31", "K29", "K1"]
    assert [change.access_key_id for change in found.changes] == ids
    assert (found.since, found.until) == (NOW - timedelta(days=365), NOW)
    assert {asked["filterPattern"] for asked in logs.calls} == {ROTATIONS}


@pytest.mark.parametrize(
    ("max_calls", "days"),
    [
        pytest.param(1, 1, id="the last day"),
        pytest.param(2, 1.5, id="half of what is left"),
        pytest.param(12, 9.5, id="most of a day for each call"),
        pytest.param(400, 365, id="all"),
    ],
)
def test_fine_pages_cost_what_cannot_be_read_and_not_what_was(max_calls: int, days: float) -> None:
    logs = FineLogs(created(*(day + 0.25 for day in range(365))))

    found = read_rotations(logs, GROUP, NOW, max_calls)

    assert found is not None
    assert len(logs.calls) <= max_calls
    assert found.since <= ago(days)
    read_days = (NOW - found.since) / timedelta(days=1)
    ids = [f"K{day + 0.25}" for day in range(365) if day + 0.25 <= read_days]
    assert [change.access_key_id for change in found.changes] == ids[::-1]


def test_a_year_of_few_lines_takes_few_calls() -> None:
    logs = Logs([])

    found = read_rotations(logs, GROUP, NOW, 20)

    assert found is not None
    assert found.since == ago(365)
    assert len(logs.calls) <= 5


def test_a_year_of_a_large_account_is_read() -> None:
    """docs/adr/0034: at 5,000 users, 20,000 new keys on 11 pages."""
    logs = FineLogs([], days=365 / 11)

    found = read_rotations(logs, GROUP, NOW, 20)

    assert found is not None
    assert found.since == ago(365)


def test_nothing_is_said_of_a_day_that_was_not_read_to_its_end() -> None:
    logs = FineLogs(created(0.1, 0.9), days=0.05)

    assert read_rotations(logs, GROUP, NOW, 19) is None
    assert len(logs.calls) == 19
    assert read_rotations(logs, GROUP, NOW, 20) is not None


def test_nothing_is_asked_of_a_time_that_the_log_cannot_know() -> None:
    logs = Logs(created(10, 20))
    young = LogGroup("/aws/lambda/key-rotation", "123456789012", ago(400), 14)

    found = read_rotations(logs, young, NOW, 100)

    assert found is not None
    assert found.since == ago(14)
    assert [change.access_key_id for change in found.changes] == ["K10"]
    assert min(asked["startTime"] for asked in logs.calls) == int(ago(14).timestamp() * 1000)


def test_the_longest_time_without_a_run_includes_the_ends() -> None:
    earlier = replace(history_sample(), since=ago(60))
    assert earlier.longest_pause == (ago(60), ago(40))
    [knows] = bounds(history_sample())
    assert knows == (
        "The log has 39 runs of this time. The longest time without one: 3 days, from 2026-04-30 "
        "12:00 UTC to 2026-05-03 12:00 UTC."
    )


@pytest.mark.parametrize(
    ("fields", "who"),
    [
        ({"by": "schedule"}, "the schedule"),
        ({"by": "aws.health", "event_id": "5b53b920"}, "AWS Health, event 5b53b920"),
        ({"by": "aws.health"}, "AWS Health, event unknown"),
        ({"by": "arn:aws:iam::1:user/bob"}, "arn:aws:iam::1:user/bob, as stated by the caller"),
        ({}, "a caller who is not stated"),
        ({"action": "found_inactive"}, "unknown: see CloudTrail"),
    ],
)
def test_whose_doing_it_is(fields: dict[str, Any], who: str) -> None:
    change = {"action": "disable", **fields}

    assert KeyChange(NOW, "alice", "AIDA", "A", reason="leaked", run="r", **change).who == who


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"reason": "key_too_old", "replaces": "OLD"}, "key too old, replaces OLD"),
        ({"reason": "undone"}, "the disable was undone: the other key was not active any more"),
        ({"reason": "not_stored"}, "its value could not be stored"),
        ({"reason": "emergency", "note": "Reason: x"}, "emergency. Reason: x"),
        (
            {"reason": "requested", "note": "Reason, as given by whoever asked: it's time"},
            'requested: "it\'s time"',
        ),
    ],
)
def test_why_it_was_done(fields: dict[str, Any], why: str) -> None:
    assert KeyChange(NOW, "alice", "AIDA", "A", "disable", run="r", **fields).why == why
