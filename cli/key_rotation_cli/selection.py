"""Which users a command shows."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from .account import AccountStatus, UserStatus

# In the order of a table: who needs attention first.
STATES = ("blocked", "due", "held", "ok")
# A table has so many users, unless more are asked for.
MOST_SHOWN = 100
# States in which nothing is going on.
_QUIET = ("not_due", "no_key", "not_active")


@dataclass(frozen=True, slots=True)
class Selection:
    """`states` and `users` are what was asked for, empty for no restriction; `everybody`: a table
    is to have all of them."""

    states: frozenset[str] = frozenset()
    users: tuple[str, ...] = ()
    everybody: bool = False

    def admits(self, status: UserStatus) -> bool:
        """Whether the answer has this user. (Of other `users` nothing was read.)"""
        return not self.states or status.state in self.states

    def shown(self, found: AccountStatus) -> tuple[list[UserStatus], list[UserStatus]]:
        """Whom a table shows, those who need attention first, and whom it leaves out."""
        admitted = sorted(filter(self.admits, found.statuses), key=rank)
        if self.everybody or self.states or self.users:
            return admitted, []
        read = [status for status in admitted if not status.from_report]
        settled = [status for status in admitted if status.from_report]
        return read[:MOST_SHOWN], read[MOST_SHOWN:] + settled


EVERYBODY = Selection()


def add_to(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which users")
    group.add_argument(
        "--state",
        action="extend",
        type=_states,
        default=[],
        metavar="STATE",
        help=f"only users in this state: {', '.join(STATES)}; repeat it, or separate by commas",
    )
    group.add_argument(
        "--user",
        action="append",
        default=[],
        metavar="NAME",
        help="only this user, read in full; repeat it for more",
    )
    group.add_argument(
        "--all",
        action="store_true",
        help=f"all users in the table; without it, at most {MOST_SHOWN} and no settled ones",
    )


def selection_of(arguments: argparse.Namespace) -> Selection:
    users = tuple(dict.fromkeys(arguments.user))
    return Selection(frozenset(arguments.state), users, arguments.all)


def rank(status: UserStatus) -> tuple[int, bool, str]:
    """The place in a table: who needs attention first."""
    return STATES.index(status.state), status.reason in _QUIET, status.name


def _states(text: str) -> list[str]:
    states = [state.strip() for state in text.split(",")]
    for state in states:
        if state not in STATES:
            raise argparse.ArgumentTypeError(f"{state!r} is none of {', '.join(STATES)}")
    return states
