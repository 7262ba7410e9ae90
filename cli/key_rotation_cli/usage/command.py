"""`key-rotation usage`: which program uses a key."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import NoRegionError

from ..connection import USAGE, Connection, OperatorClock
from ..exits import DeclinedError, Exit
from ..options import connect, shared
from ..screen import Screen
from .answer import Usage, as_document, failures, show
from .keys import UserKey, read_keys
from .lookup import KEPT_DAYS, History, Period, read_all
from .regions import enabled_regions, likely_regions

CALLS = USAGE


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "usage",
        parents=[shared(installation=False)],
        help="which program uses a key: from where, for what, and when",
        description="Shows the calls that CloudTrail has of a user's keys, by source address, user "
        "agent, service and region. Looks in the region of the installation, in that of the global "
        "services, and where IAM says that a key was last used. The user need not be managed. "
        "Changes nothing.",
    )
    parser.add_argument("user", metavar="USER", help="IAM user name")
    parser.add_argument("key", metavar="KEY", nargs="?", help="only this key (default: all)")
    parser.add_argument(
        "--all-regions", action="store_true", help="look in every region that the account enabled"
    )
    parser.add_argument(
        "--days",
        type=_days,
        default=KEPT_DAYS,
        metavar="N",
        help="how far to look back; 6,000 calls take a minute (default: %(default)s, all there is)",
    )
    parser.add_argument("--json", action="store_true", help="as one JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    connection = connect(arguments, CALLS)
    if not connection.region:
        raise NoRegionError  # STS and IAM, which are asked first, do without
    with screen.counting("reading CloudTrail, day by day") as progress:
        account_id = connection.account_id
        keys = read_keys(connection.client("iam"), arguments.user, arguments.key)
        regions = _regions(connection, keys, arguments.all_regions)
        clock = OperatorClock()
        histories = [
            History(connection.client("cloudtrail", region), region, clock) for region in regions
        ]
        period = Period(clock.now(), arguments.days)
        readings = read_all(histories, [key.id for key in keys], period, progress)
    found = Usage(arguments.user, account_id, period, regions, keys, readings)
    for sentence in failures(found):
        screen.error(sentence)
    if found.is_unknown:
        raise DeclinedError("no region could be read: nothing is known of these keys", Exit.AWS)
    if arguments.json:
        screen.document(as_document(found))
    else:
        show(found, screen)
    return Exit.AWS if found.unread else Exit.OK


def _regions(connection: Connection, keys: Sequence[UserKey], every: bool) -> list[str]:
    last_used = [key.last_use.region for key in keys if key.last_use is not None]
    likely = likely_regions(connection.session, connection.region, last_used)
    enabled = enabled_regions(connection.client("ec2")) if every else []
    return list(dict.fromkeys([*likely, *enabled]))


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= KEPT_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {KEPT_DAYS}")
    return int(text)
