"""`key-rotation history`: every key created, disabled and deleted, by whom and why."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ..connection import HISTORY, OperatorClock
from ..exits import DeclinedError, Exit
from ..options import connect, shared
from ..screen import Screen
from .answer import as_csv, as_document, bounds, show
from .log_group import YEAR, find_group, read

CALLS = HISTORY


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "history",
        parents=[shared()],
        help="every key created, disabled and deleted, by whom and why",
        description="Reads the log of the function: each change of a key, the reason, and who "
        "asked for it. Says from when on the log can know. Changes nothing.",
    )
    parser.add_argument(
        "--since",
        type=_date,
        metavar="DATE",
        help="first day, like 2026-01-31, UTC (default: a year ago, or where the log begins)",
    )
    parser.add_argument("--until", type=_date, metavar="DATE", help="last day (default: today)")
    parser.add_argument("--user", metavar="USER", help="only the keys of this IAM user")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="as CSV, a line for each change")
    form.add_argument("--json", action="store_true", help="as one JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    now = OperatorClock().now()
    since, until = _period(arguments.since, arguments.until, now)
    with screen.spinning("reading the log") as tick:
        connection = connect(arguments, CALLS, tick)
        logs = connection.client("logs")
        group = find_group(logs, arguments.name)
        if arguments.since is None:
            since = max(since, min(group.known_from(now), until))
        found = read(logs, group, since, until)
    if arguments.user is not None:
        changes = tuple(one for one in found.changes if one.user == arguments.user)
        found = replace(found, changes=changes)
    if arguments.json:
        screen.document(as_document(found, arguments.name, connection.region))
        return Exit.OK
    if not arguments.csv:
        show(found, screen)
        return Exit.OK
    as_csv(found, screen)
    for sentence in bounds(found):
        screen.note(sentence)
    return Exit.OK


def _period(since: date | None, until: date | None, now: datetime) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last one, or to now."""
    end = now if until is None else min(now, _midnight(until) + timedelta(days=1))
    begin = end - YEAR if since is None else _midnight(since)
    if begin >= end:
        raise DeclinedError(
            f"--since {begin:%Y-%m-%d} is not before the end of the time asked for, {end:%Y-%m-%d}"
        )
    return begin, end


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-01-31") from None
