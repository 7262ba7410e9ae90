"""`key-rotation status`: the managed users, their keys, and what comes next."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from key_rotation.domain.prefilter import FULL_LOOK_DAY

from . import selection, unmanaged
from .account import EXACT, AccountStatus, no_report, read_account
from .administrators import Administrators, read_administrators
from .connection import READS
from .exits import DeclinedError, Exit
from .findings import Tolerance, findings
from .options import connect, shared
from .rotation_limit import limit_of
from .schedule import standstill
from .screen import Screen
from .status_document import COLUMNS, as_document, csv_rows
from .status_table import show

CALLS = READS


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "status",
        parents=[shared()],
        help="the managed users: keys, ages, state, and what comes next",
        description="Shows the managed users, those who need attention first: keys, ages, state, "
        "the next action and when it is due, as things stand. Changes nothing.",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as one JSON document")
    form.add_argument("--csv", action="store_true", help="as CSV, a line for each key")
    selection.add_to(parser)
    parser.add_argument(
        "--unmanaged",
        action="store_true",
        help="instead of the managed users those who are not, and have active keys",
    )
    parser.add_argument("--exact", action="store_true", help=EXACT)
    check = parser.add_argument_group("check")
    check.add_argument(
        "--check",
        action="store_true",
        help="end with 1 if a user is blocked, or is or may be an administrator, or an active key "
        "is over its limit by more than --slack-days, one day unless you say otherwise; keys of "
        "users who are not managed count, too",
    )
    check.add_argument(
        "--slack-days",
        type=_days,
        default=1,
        metavar="N",
        help="days over the limit that --check passes over: a run a day may be a day late "
        "(default: %(default)s)",
    )
    check.add_argument(
        "--accept-grace",
        action="store_true",
        help="--check passes over a key that was replaced and is over its limit, up to the end "
        "that its owner was told",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    connection = connect(arguments, CALLS)
    chosen = selection.selection_of(arguments)
    check_selection(arguments, chosen)
    with screen.counting("reading users") as progress:
        now = datetime.now(UTC)
        exact = is_exact(arguments, now)
        found = read_account(connection, arguments.name, now, progress, exact, chosen.users)
        administrators = read_administrators(connection.client("iam"), found.settings.user_tag)
    for sentence in first_of_all(found):
        screen.note(sentence)
    if arguments.unmanaged:
        _show_unmanaged(found, arguments, screen)
    elif arguments.json:
        screen.document(as_document(found, administrators, chosen))
    elif arguments.csv:
        screen.csv(COLUMNS, csv_rows(found, administrators, chosen))
    else:
        show(found, screen, chosen)
    for gap in found.gaps:
        screen.error(gap)
    looked_at = found_in(found, administrators, arguments, chosen.users)
    for sentence in looked_at:
        screen.note(sentence)
    if found.gaps:
        return Exit.AWS
    return Exit.FINDINGS if arguments.check and looked_at else Exit.OK


def first_of_all(found: AccountStatus) -> list[str]:
    """What to know before the table: what holds the runs back, and how the users were read."""
    return [*standstill(found.settings, found.schedule), *limit_of(found), *no_report(found)]


def found_in(
    found: AccountStatus,
    administrators: Administrators,
    arguments: argparse.Namespace,
    users: tuple[str, ...],
) -> list[str]:
    """The findings in one account; those of `--check` only if that was asked for."""
    looked_at = administrators.findings(only=users)
    if arguments.check:
        looked_at += findings(found, Tolerance(arguments.slack_days, arguments.accept_grace))
        looked_at += unmanaged.findings(found, arguments.slack_days)
    return looked_at


def is_exact(arguments: argparse.Namespace, now: datetime) -> bool:
    """Whether settled users are read, too: when asked to, and by `--check` as often as by runs."""
    return bool(arguments.exact or (arguments.check and now.day == FULL_LOOK_DAY))


def _show_unmanaged(found: AccountStatus, arguments: argparse.Namespace, screen: Screen) -> None:
    if arguments.json:
        screen.document(unmanaged.as_document(found))
    elif arguments.csv:
        screen.csv(unmanaged.COLUMNS, unmanaged.csv_rows(found))
    else:
        unmanaged.show(found, screen)


def check_selection(arguments: argparse.Namespace, chosen: selection.Selection) -> None:
    """Raises DeclinedError if it is of managed users and the others were asked for."""
    if arguments.unmanaged and chosen != selection.EVERYBODY:
        raise DeclinedError("--unmanaged shows all of them: leave out --state, --user and --all")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of days")
    return int(text)
