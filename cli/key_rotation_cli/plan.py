"""`key-rotation plan`: what the next run would do, from the code that would do it."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from key_rotation.domain.settings import Settings
from key_rotation.handler import Environment
from key_rotation.handler import run as run_once
from key_rotation.notify.response import RotationFailedError
from key_rotation.notify.text import counted

from .account import settings_of
from .administrators import read_administrators
from .connection import MAX_WORKERS, READS, OperatorClock
from .exits import Exit
from .options import connect, shared
from .rotation_limit import limited
from .schedule import read_schedule, standstill
from .screen import Screen
from .selection import MOST_SHOWN

HEADINGS = ("user", "action", "key", "reason", "detail")
WRAPPING = ("user", "reason", "detail")
# Who needs a person comes first; who waits, or is only reported, last.
_RANKS = {"block": 0, "hold": 2, "report": 2, "defer": 3}

CALLS = READS


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "plan",
        parents=[shared()],
        help="what the next run would do",
        description="Shows what the next run would do: the function's own code, as a dry run with "
        "your credentials. Changes and sends nothing.",
    )
    parser.add_argument("users", nargs="*", metavar="USER", help="only these (default: all)")
    parser.add_argument("--json", action="store_true", help="the response of the dry run, as JSON")
    parser.add_argument(
        "--all", action="store_true", help=f"all rows; without it, at most {MOST_SHOWN}"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    payload: dict[str, Any] = {"dry_run": True}
    if arguments.users:
        payload["users"] = arguments.users
    with screen.spinning("a dry run") as tick:
        connection = connect(arguments, CALLS, tick)
        settings = settings_of(connection, arguments.name)  # says so if there is none of the name
        environment = Environment(f"/{arguments.name}/config")
        clients, clock = connection.clients(), OperatorClock()
        try:
            response = run_once(payload, environment, "plan", clients, clock, MAX_WORKERS)
        except RotationFailedError as failed:
            response = failed.report.response()
        schedule = read_schedule(connection.client("events"), settings.name)
        administrators = read_administrators(connection.client("iam"), settings.user_tag)
    for sentence in (*standstill(settings, schedule), *_limited(settings, response["users"])):
        screen.note(sentence)
    if arguments.json:
        screen.document(response)
    else:
        show(response, screen, MOST_SHOWN if not arguments.all else None)
    for row in response["users"]:
        if row["action"] == "fail":
            screen.error(f"{row['user']} could not be read: {row['detail']}")
    for sentence in administrators.findings(only=arguments.users):
        screen.note(sentence)
    return Exit.AWS if response["failed"] else Exit.OK


def rows(users: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The rows of a response as a table shows them."""
    return [
        [
            row["user"],
            row["action"],
            row["access_key_id"] or "",
            row["reason"].replace("_", " "),
            row["detail"] or "",
        ]
        for row in users
    ]


def _limited(settings: Settings, users: Sequence[Mapping[str, Any]]) -> list[str]:
    """Whose rotation the limit puts off; the rows are in the order of the run."""
    waiting = [row["user"] for row in users if row["reason"] == "rotation_limit"]
    due = {row["user"] for row in users if row["action"] == "rotate"} | set(waiting)
    return limited(settings, len(due), waiting)


def show(response: Mapping[str, Any], screen: Screen, most: int | None) -> None:
    """The rows of a dry run's response, at most so many; None for all."""
    # The detail of what is planned begins with "dry run"; other rows have their own.
    planned = [
        {**row, "detail": (row["detail"] or "").removeprefix("dry run").removeprefix(": ")}
        for row in response["users"]
        if row["action"] != "fail"
    ]
    managed = counted(response["scanned"], "managed user")
    if not planned:
        screen.say(f"nothing to do for {managed}")
        return
    planned.sort(key=lambda row: _RANKS.get(row["action"], 1))  # otherwise as the run has them
    shown, left_out = planned[:most], planned[most:] if most else []
    headings = HEADINGS if any(row["detail"] for row in shown) else HEADINGS[:-1]
    screen.table(headings, [row[: len(headings)] for row in rows(shown)], WRAPPING)
    if left_out:
        actions = Counter(row["action"] for row in left_out)
        listed = ", ".join(f"{number} {action}" for action, number in actions.items())
        screen.say(f"not shown: {counted(len(left_out), 'row')}, {listed} (--all)")
    counts = ", ".join(f"{number} {action}" for action, number in response["counts"].items())
    screen.say(f"the next run would do this for {managed}: {counts}")
