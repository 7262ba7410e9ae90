"""What `--accounts` adds to a command, and the reading that it asks for."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from ..account import FEW_USERS, ShowProgress, read_account
from ..administrators import read_administrators
from ..connection import ASSUMPTION, Connection, session
from ..exits import DeclinedError
from ..options import is_default
from ..report.past import NOT_ASKED, read_past
from ..screen import Screen
from .gather import Gathered, ReadAccount, gather
from .map import ROLE_NAME, read_map
from .roles import Member, entrance, members


def add_to(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("all accounts")
    group.add_argument(
        "--accounts",
        type=Path,
        metavar="FILE",
        help="every account of this map, side by side: accounts.auto.tfvars.json of "
        "examples/multi-account. --region and --name then default to those of the map",
    )
    group.add_argument("--only", metavar="ACCOUNT,…", help="these accounts of the map only")
    group.add_argument(
        "--role-name",
        type=_role_name,
        metavar="ROLE",
        help="role to assume in each account (default: role_name of the map, terraform)",
    )


def check(arguments: argparse.Namespace) -> None:
    """Raises DeclinedError if there is no map for what was asked of one."""
    for option in ("only", "role_name"):
        if arguments.accounts is None and getattr(arguments, option) is not None:
            raise DeclinedError(f"--{option.replace('_', '-')} is for the map of --accounts FILE")


def read_accounts(
    arguments: argparse.Namespace,
    screen: Screen,
    allowed: frozenset[str],
    now: datetime,
    exact: bool,
    only: tuple[str, ...] = (),
    with_past: bool = False,
) -> Gathered:
    """The accounts of the map that were asked for, by these calls in each; `exact` and `only` as in
    `read_account`, but a user of `only` need not be in each account. `with_past`: and the rotations
    of the last twelve months, for a report.

    Raises AccountMapError, and what says that the caller's own credentials are of no use.
    """
    accounts = read_map(arguments.accounts)
    accounts.refuse_unknown()
    region = arguments.region or accounts.region
    name = accounts.name if is_default(arguments.name) else arguments.name
    chosen = members(accounts, arguments.only, arguments.role_name or accounts.role_name, region)
    own = Connection(session(arguments.profile, region), ASSUMPTION)
    _ = own.account_id  # credentials that AWS refuses are one error, and not one for each account
    enter = entrance(own, arguments.profile, allowed)
    few = FEW_USERS // len(chosen)  # so that it takes no longer than that of one account

    def read(member: Member, progress: ShowProgress) -> ReadAccount:
        connection = enter(member)
        found = read_account(
            *(connection, name, now, progress, exact, only), few=few, may_be_elsewhere=True
        )
        return ReadAccount(
            member.name,
            found,
            read_administrators(connection.client("iam"), found.settings.user_tag),
            read_past(connection.client("logs"), name, now) if with_past else NOT_ASKED,
        )

    with screen.following("reading accounts") as show:
        return gather(chosen, read, show, now)


def _role_name(text: str) -> str:
    if not ROLE_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the name of a role, with its path or not"
        )
    return text
