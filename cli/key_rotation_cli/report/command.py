"""`key-rotation report`: the compliance report as a file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from key_rotation.notify.text import counted

from ..account import EXACT, no_report, read_account, settled
from ..administrators import read_administrators
from ..connection import HISTORY, READS
from ..exits import Exit
from ..options import connect, shared
from ..rotation_limit import limit_of
from ..schedule import standstill
from ..screen import Screen
from ..unmanaged import summed_up
from .compliance import BENCHMARK_DAYS, Compliance
from .file import check_target, write_private
from .page import page
from .past import read_past
from .unmanaged_keys import read_unmanaged_keys

CALLS = READS | HISTORY
_EXACT = (
    f"{EXACT}, and the keys of the users who are not managed and have active keys by that report. "
    "With --accounts the report dates the latter"
)


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "report",
        parents=[shared()],
        help="a compliance report as one HTML file",
        description="Writes a compliance report: ages, rotations, blocked users, administrators, "
        "and controls of CIS and Security Hub CSPM. Changes nothing.",
    )
    parser.add_argument(
        "--html",
        required=True,
        type=Path,
        metavar="FILE",
        help="where to write it, for you alone (mode 0600)",
    )
    parser.add_argument("--exact", action="store_true", help=_EXACT)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    target: Path = arguments.html
    check_target(target)
    connection = connect(arguments, CALLS)
    with screen.counting("reading users") as progress:
        now = datetime.now(UTC)
        found = read_account(connection, arguments.name, now, progress, arguments.exact)
        administrators = read_administrators(connection.client("iam"), found.settings.user_tag)
        past = read_past(connection.client("logs"), arguments.name, now)
    compliance = Compliance(found, administrators)
    unlisted: Mapping[str, str] = {}
    if arguments.exact:
        names = [user.name for user in compliance.coverage.users]
        with screen.counting("reading users who are not managed") as progress:
            listed, unlisted = read_unmanaged_keys(connection.client("iam"), names, progress)
        compliance = replace(compliance, listed=listed)
    write_private(target, page(compliance, past))
    screen.say(
        f"{target}: {len(found.statuses)} managed users, {len(compliance.keys)} active keys, "
        f"{compliance.failing} over {BENCHMARK_DAYS} days, {len(compliance.blocked)} users blocked"
    )
    for sentence in summed_up(found):
        screen.say(sentence)
    for sentence in (
        *standstill(found.settings, found.schedule),
        *limit_of(found),
        *no_report(found),
        *settled(found),
        *administrators.findings(),
    ):
        screen.note(sentence)
    if unlisted:
        user, error = next(iter(unlisted.items()))
        screen.note(
            f"the credential report dates the keys of {counted(len(unlisted), 'user')} not "
            f"managed, which could not be listed: {user}: {error}"
        )
    if past.error is not None:
        screen.note(f"without the rotations of the last twelve months: {past.error}")
    for unread in found.unread:
        screen.error(f"{unread.name} could not be read: {unread.error}")
    return Exit.AWS if found.unread else Exit.OK
