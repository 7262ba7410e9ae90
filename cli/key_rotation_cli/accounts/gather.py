"""All accounts, read side by side; one that cannot be read never hides the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from key_rotation.domain.settings import SettingsError
from key_rotation.ports import DiscoveryError

from ..account import AccountStatus, ShowProgress
from ..administrators import Administrators
from ..aws_errors import AWS_ERRORS, describe
from ..connection import NOT_SET_UP
from ..report.past import NOT_ASKED, Past
from .roles import Member, RoleNotAssumedError

# Each has up to `connection.MAX_WORKERS` threads of its own; IAM throttles by account.
ACCOUNTS_AT_ONCE = 16

type ShowAccounts = Callable[[int, int, str], None]
type Read = Callable[[Member, ShowProgress], "ReadAccount"]


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """An account of the map as it is now, under its name there."""

    name: str
    status: AccountStatus
    administrators: Administrators
    past: Past = NOT_ASKED

    @property
    def id(self) -> str:
        return self.status.account_id


@dataclass(frozen=True, slots=True)
class UnreadAccount:
    """An account of the map that could not be read, and why."""

    name: str
    id: str
    error: str


@dataclass(frozen=True)
class Gathered:
    """All that were asked for, as they were at this time, by name."""

    at: datetime
    read: Sequence[ReadAccount]
    unread: Sequence[UnreadAccount]

    @property
    def is_whole(self) -> bool:
        """Whether each account and each of its users could be read."""
        return not self.unread and not any(account.status.unread for account in self.read)


class _StoppedError(Exception):
    """The reading is over; nobody will ask what this account would have said."""


@dataclass
class _InWork:
    """The accounts that are being read, and how far each is."""

    total: int
    show: ShowAccounts
    done: int = 0
    at: dict[str, str] = field(default_factory=dict)
    is_stopped: bool = False
    lock: Lock = field(default_factory=Lock)

    def note(self, account: str, users: str = "") -> None:
        """Raises _StoppedError, so that who is in work ends at the next user."""
        with self.lock:
            if self.is_stopped:
                raise _StoppedError
            self.at[account] = f"{account} {users}".rstrip()
            self._tell()

    def end(self, account: str) -> None:
        with self.lock:
            self.at.pop(account, None)
            self.done += 1
            self._tell()

    def stop(self) -> None:
        with self.lock:
            self.is_stopped = True

    def _tell(self) -> None:
        self.show(self.done, self.total, ", ".join(self.at.values()))


def gather(
    members: Sequence[Member],
    read: Read,
    show: ShowAccounts,
    now: datetime,
    at_once: int = ACCOUNTS_AT_ONCE,
) -> Gathered:
    """Every account by `read`, at most `at_once` at a time. `show` gets how many accounts are done,
    of how many, and those in work with how many users are done, such as `shop 3/56`.

    Raises what says that there is nothing to connect with, and what is no answer of AWS.
    """
    work = _InWork(len(members), show)

    def one(member: Member) -> ReadAccount | UnreadAccount:
        try:
            work.note(member.name)
            return read(member, lambda done, of: work.note(member.name, f"{done}/{of}"))
        except NOT_SET_UP:
            raise
        except (DiscoveryError, RoleNotAssumedError, SettingsError) as error:
            return UnreadAccount(member.name, member.id, str(error))
        except AWS_ERRORS as error:
            return UnreadAccount(member.name, member.id, describe(error))
        finally:
            work.end(member.name)

    show(0, len(members), "")
    with ThreadPoolExecutor(at_once) as pool:
        try:
            return _parted(now, list(pool.map(one, members)))
        except BaseException:
            work.stop()
            raise


def _parted(now: datetime, outcomes: Sequence[ReadAccount | UnreadAccount]) -> Gathered:
    return Gathered(
        now,
        tuple(each for each in outcomes if isinstance(each, ReadAccount)),
        tuple(each for each in outcomes if isinstance(each, UnreadAccount)),
    )
