"""`key-rotation plan`: what the next run would do, from the code that would do it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from key_rotation.handler import Environment
from key_rotation.handler import run as run_once
from key_rotation.notify.response import RotationFailedError

from .account import settings_of, standstill
from .administrators import read_administrators
from .connection import MAX_WORKERS, READS, OperatorClock
from .exits import Exit
from .options import connect, shared
from .screen import Screen
from .words import count

HEADINGS = ("user", "action", "key", "reason", "detail")
WRAPPING = ("user", "reason", "detail")

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
        administrators = read_administrators(connection.client("iam"), settings.user_tag)
    for sentence in standstill(settings):
        screen.note(sentence)
    if arguments.json:
        screen.document(response)
    else:
        _show(response, screen)
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


def _show(response: Mapping[str, Any], screen: Screen) -> None:
    # The detail of what is planned begins with "dry run"; other rows have their own.
    planned = [
        {**row, "detail": (row["detail"] or "").removeprefix("dry run").removeprefix(": ")}
        for row in response["users"]
        if row["action"] != "fail"
    ]
    managed = count(response["scanned"], "managed user")
    if not planned:
        screen.say(f"nothing to do for {managed}")
        return
    headings = HEADINGS if any(row["detail"] for row in planned) else HEADINGS[:-1]
    screen.table(headings, [row[: len(headings)] for row in rows(planned)], WRAPPING)
    counts = ", ".join(f"{number} {action}" for action, number in response["counts"].items())
    screen.say(f"the next run would do this for {managed}: {counts}")
