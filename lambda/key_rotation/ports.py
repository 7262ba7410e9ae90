"""What a rotation needs of the outside world. Adapters in `aws/` and the tests' fakes implement it.

Unless said otherwise every method may raise whatever its service raises; a rotation treats an
error as "not known", never as an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from .domain.coverage import OtherUser
from .domain.credential_report import CredentialReport
from .domain.model import (
    Access,
    AccessKey,
    Audience,
    Event,
    Intent,
    LastUse,
    ManagedUser,
    NewAccessKey,
    OwnedSecret,
    SecretState,
    Stamp,
    UserRef,
)
from .notify.events import Transition
from .notify.message import Message
from .notify.response import Measure


class SlotTakenError(Exception):
    """`CreateAccessKey` was refused because the user has two keys: another run, or a person."""


class RefusedError(Exception):
    """Every attempt was definitely refused, so nothing was changed. Its cause is the error."""


class ThrottledError(RefusedError):
    """Refused because there are too many requests, for as long as it could be tried."""


class UnknownPrincipalError(Exception):
    """A policy was refused, for longer than IAM takes to know a new principal: one that it names
    does not exist. `readers` are the readers that it names. Of a policy whose readers were refused
    before in this run, it is not awaited again."""

    def __init__(self, message: str, readers: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.readers = readers


class UnprotectedSecretError(Exception):
    """Who can read a secret is not what the settings say, and that cannot be put right."""


class NoCredentialReportError(Exception):
    """There is no credential report that can be trusted."""


class DiscoveryError(Exception):
    """The account's users could not all be listed, so nothing can be said of any."""


class NotSentError(Exception):
    """The event bus did not take every event of a batch."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Every IAM user seen, by what its tag says.

    `unexpected` maps the names of users whose tag has any other value to that value,
    `unread` those of users whose tags could not be read to the error: nobody knows whether they
    are managed. `one_by_one` says why the tags were read user by user; None if they were not.
    `users` are all users by their unique ids. `out_of_reach` maps the names of users who carry the
    tag, but whom the role may not touch, to the setting that says so. `others` is everybody who is
    not managed, or may not be; empty if the caller named users.
    """

    managed: tuple[ManagedUser, ...]
    unexpected: Mapping[str, str]
    scanned: int
    users: Mapping[str, UserRef]
    unread: Mapping[str, Exception] = field(default_factory=dict)
    one_by_one: str | None = None
    out_of_reach: Mapping[str, str] = field(default_factory=dict)
    others: tuple[OtherUser, ...] = ()


class Directory(Protocol):
    """Reads of IAM users and their keys."""

    def scan(self, only: Collection[str] | None = None) -> Scan:
        """All users of the account, the managed ones without their keys; `only` names those that
        matter to the caller. Raises DiscoveryError if a page of them is missing."""

    def tags(self, user: UserRef) -> Mapping[str, str]: ...

    def keys(self, user: UserRef) -> tuple[AccessKey, ...]: ...

    def last_used(self, key: AccessKey) -> LastUse | None:
        """None for a key that never was used. Lags by hours."""

    def owner(self, access_key_id: str) -> str | None:
        """The name of the user whose key it is; None if there is no such key in the account."""

    def has_password(self, user: UserRef) -> bool:
        """Whether the user has a console password."""

    def missing(self, account_id: str, principal_arns: Sequence[str]) -> list[str]:
        """Those of the principals that belong to the account and do not exist."""


class CredentialReports(Protocol):
    """The account's keys at a glance."""

    def request(self) -> None:
        """Has a credential report made, which takes a while."""

    def read(self) -> CredentialReport:
        """Waits for it; raises NoCredentialReportError if it is not to be trusted."""


class Keys(Protocol):
    """Writes of access keys, at most so many a second as the settings allow."""

    def create(self, user: UserRef, by: datetime) -> NewAccessKey:
        """A new key; it is not asked for after `by`. Raises SlotTakenError, RefusedError
        (ThrottledError when the time was up), or an error that leaves open whether there is a new
        key."""

    def disable(self, user: UserRef, access_key_id: str) -> None: ...

    def enable(self, user: UserRef, access_key_id: str) -> None: ...

    def delete(self, user: UserRef, access_key_id: str) -> None: ...

    def works(self, user: UserRef, key: NewAccessKey) -> bool:
        """Whether STS accepts the key just now, as this user's."""


class Secrets(Protocol):
    """The users' secrets: their metadata, records, policies and, write-only, values."""

    def name(self, user: UserRef) -> str:
        """What the user's secret is called; this costs no call."""

    def describe(self, user: UserRef) -> SecretState: ...

    def prepare(
        self,
        user: UserRef,
        state: SecretState,
        keys: Collection[AccessKey],
        placeholder: bool = False,
    ) -> SecretState:
        """Makes or restores the secret, and puts its policy, where that is still to do. First it
        empties what is a predecessor's: `keys` are all that the user has.

        With `placeholder` a secret without a value gets one that is no key, so that reading can be
        tried; a value that another run has stored meanwhile stays. Raises UnknownPrincipalError.
        """

    def empty(self, user: UserRef, state: SecretState) -> SecretState:
        """Puts a placeholder over each value, so that the user can read nothing that somebody left
        who had the name before."""

    def as_now(self, state: SecretState) -> SecretState:
        """The secret with the KMS key and the replicas that it has now; all else is as it was."""

    def access(self, owner: UserRef | None, state: SecretState) -> Access:
        """Who may read the secret, read from AWS; an owner of None is gone."""

    def secure(self, owner: UserRef | None, state: SecretState, found: Access) -> SecretState:
        """Puts the policy, moves the secret to `kms_key_arn` and removes its replicas, where
        `found` and `state` show that it is to do. An owner without a name is not put on record, and
        gets the readers of all secrets only. Raises UnknownPrincipalError, or
        UnprotectedSecretError for what is definitely refused."""

    def record_intent(self, state: SecretState, intent: Intent) -> None: ...

    def withdraw_intent(self, state: SecretState) -> None:
        """Takes back the intent recorded after `state` was read: no key was made under it. The
        one that stood before stands again, since a key may have been made under that."""

    def store(self, user: UserRef, state: SecretState, key: NewAccessKey) -> None:
        """Makes the key the secret's current value. Raises RefusedError; any other error leaves
        open whether the key was stored."""

    def record(
        self,
        state: SecretState,
        *,
        announced: Stamp | None = None,
        warned: Stamp | None = None,
        warned_unused: Stamp | None = None,
        inactive_since: Stamp | None = None,
        works_until: Stamp | None = None,
        leaked: frozenset[str] | None = None,
        notice: tuple[Event, Stamp] | None = None,
    ) -> None:
        """Writes the given records, all in one call."""

    def forget_inactive(self, state: SecretState) -> None: ...

    def forget_unused_warning(self, state: SecretState) -> None: ...

    def forget_announced(self, state: SecretState) -> None:
        """Also the intent that the announced key fulfilled, all in one call."""


class OwnedSecrets(Protocol):
    """All secrets of this installation, whoever they are for."""

    def all(self) -> Iterable[OwnedSecret]:
        """As listed, which lags by minutes; those pending deletion are among them."""

    def confirmed(self, secret: OwnedSecret) -> OwnedSecret | None:
        """The secret as it is now; None if it is not there, or not ours."""

    def record_gone(self, secret: OwnedSecret, since: datetime) -> None: ...

    def forget_gone(self, secret: OwnedSecret) -> None: ...

    def record_blocked(self, secret: OwnedSecret, since: datetime) -> None: ...

    def retire(self, secret: OwnedSecret, days: int) -> None:
        """Schedules it for deletion in so many days, in which it can be restored."""

    def restore(self, secret: OwnedSecret) -> None: ...


@dataclass(frozen=True, slots=True)
class UnreachedOperator:
    """An operator of the settings who would not get the digest; `why` goes on after the address."""

    email: str
    why: str


class Notifier(Protocol):
    """Messages to users and operators."""

    def audience(self, user: UserRef, event: Event) -> Audience:
        """Who would be notified: a confirmed subscription admits the message. If the settings name
        operators, no other subscription counts as theirs."""

    def unreached_operators(self) -> Sequence[UnreachedOperator]:
        """Those of the settings who have not confirmed, or whose subscription is gone or filtered
        otherwise. Costs no call where somebody was notified, or is going to be."""

    def notify(self, user: UserRef, event: Event, message: Message) -> None:
        """Publishes to the user."""

    def notify_operators(self, message: Message) -> None: ...


class Metrics(Protocol):
    """Numbers for the operators' dashboard and alarms."""

    def put(self, measures: Sequence[Measure]) -> None: ...


class Bus(Protocol):
    """Where other programs hear of what happened."""

    def send(self, transitions: Sequence[Transition]) -> None:
        """Sends at most 10. Raises NotSentError if any of them was not taken: sending them again
        may then repeat the others."""


class Clock(Protocol):
    """Time, and how much of it this run has left."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...

    def remaining(self) -> timedelta: ...


@dataclass(frozen=True)
class World:
    """The ports of one run; `is_throttle` picks the errors that say: later, or slower."""

    directory: Directory
    credential_reports: CredentialReports
    keys: Keys
    secrets: Secrets
    owned_secrets: OwnedSecrets
    notifier: Notifier
    metrics: Metrics
    bus: Bus
    clock: Clock
    is_throttle: Callable[[Exception], bool]
