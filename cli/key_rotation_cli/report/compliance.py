"""What an auditor asks of an account: pure.

There is no database, so the past is what is still on record: when each present key was made, the
last rotation and the last disabled key of each user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from key_rotation.domain.action import Verb
from key_rotation.domain.coverage import Coverage, UnmanagedUser, coverage_of
from key_rotation.domain.model import AccessKey

from ..account import AccountStatus, UserStatus
from ..administrators import Administrators, Power
from ..forecast import Step

BENCHMARK_DAYS = 90  # of the CIS benchmarks, and the default of IAM.3
# The numbers of a recommendation, by the versions of the benchmark: docs/compliance.md has sources.
ROTATED = "1.14 (v1.4 to v4), 1.13 (v5), 2.13 (v6), 2.12 (v7)"
ONE_ACTIVE = "1.13 (v1.4 to v4), 1.12 (v5), 2.12 (v6)"
UNUSED = "1.12 (v1.4 to v4), 1.11 (v5), 2.11 (v6, v7)"
BIN_DAYS = 10
_BINS = 13  # the last one is open: 120 days and more
WEEKS = 13

_PAST = {"announced": "rotated", "inactive_since": "disabled", "warned": "warned"}


@dataclass(frozen=True, slots=True)
class ActiveKey:
    """An active key of a managed user; `over_limit` is by the user's own limit."""

    user: str
    id: str
    age: timedelta
    over_limit: bool

    @property
    def over_benchmark(self) -> bool:
        return self.age > timedelta(days=BENCHMARK_DAYS)


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """Something that was done to a key, or will be as things stand, at the earliest; `held_until`
    is when it will at the latest, if that depends on the owner."""

    at: datetime
    user: str
    what: str
    access_key_id: str
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """How many active keys are at least `from_days` and less than `to_days` old; None: open."""

    from_days: int
    to_days: int | None
    keys: int


@dataclass(frozen=True, slots=True)
class Week:
    """Rotations in the seven days from `start` on."""

    start: datetime
    rotations: int


@dataclass(frozen=True, slots=True)
class Control:
    """A control, and how many keys fail it: of managed users, and of users who are not."""

    name: str
    about: str
    failing: int
    unmanaged: int = 0

    @property
    def of_account(self) -> int:
        """Of all users but those who are exempt."""
        return self.failing + self.unmanaged


@dataclass(frozen=True)
class Compliance:
    """An account as its auditor sees it.

    `listed` are the keys of users who are not managed, by name, as far as IAM was asked for them.
    The credential report dates the keys of the others.
    """

    account: AccountStatus
    administrators: Administrators
    listed: Mapping[str, Sequence[AccessKey]] = field(default_factory=dict)

    @property
    def keys(self) -> list[ActiveKey]:
        """Every active key of a managed user, the oldest first."""
        now = self.account.at
        found = [
            ActiveKey(status.name, key.id, now - key.created, status.is_over_limit(key, now))
            for status in self.account.statuses
            for key in status.keys
            if key.is_active
        ]
        return sorted(found, key=lambda key: (-key.age, key.user))

    @property
    def blocked(self) -> list[UserStatus]:
        return [status for status in self.account.statuses if status.forecast.is_blocked]

    @property
    def powerful(self) -> list[tuple[str, Power]]:
        """The managed users who are administrators, or may be, by name."""
        powers = sorted(self.administrators.powers.items())
        return [(user, power) for user, power in powers if power.is_administrator != "no"]

    @property
    def failing(self) -> int:
        """Active keys of managed users that are too old for the benchmark."""
        return sum(key.over_benchmark for key in self.keys)

    @cached_property
    def coverage(self) -> Coverage:
        """The users who are not managed and have active keys; over the limit is the benchmark's."""
        found = self.account
        known = coverage_of(found.scan.others, found.credential_report, BENCHMARK_DAYS, found.at)
        users = [self._as_listed(user) for user in known.users]
        users = [user for user in users if user.keys]
        users.sort(key=lambda user: (not user.is_new, user.since, user.name))
        return replace(known, users=tuple(users))

    @property
    def dated_managed(self) -> int:
        """Managed users with active keys that the credential report dates: they may be older."""
        return sum(status.from_report and bool(status.keys) for status in self.account.statuses)

    @property
    def dated_unmanaged(self) -> int:
        """The same of users who are not managed."""
        return sum(user.name not in self.listed for user in self.coverage.users)

    @property
    def failing_of_account(self) -> int:
        """The same of all users but those who are exempt, as far as they are known."""
        return self.failing + self.coverage.keys_over_limit

    @property
    def is_complete(self) -> bool:
        """Whether all of the account could be read that the verdict is about."""
        return not self.account.unread and self.coverage.is_known

    def controls(self) -> Sequence[Control]:
        rotated = "Access keys are rotated every 90 days or less"
        checked = "IAM users' access keys should be rotated every 90 days or less"
        unmanaged = self.coverage.keys_over_limit
        return (
            Control(f"CIS AWS Foundations {ROTATED}", rotated, self.failing, unmanaged),
            Control("Security Hub CSPM IAM.3", checked, self.failing, unmanaged),
            Control(
                "AWS Config access-keys-rotated",
                "Active access keys are rotated within maxAccessKeyAge (90 days)",
                self.failing,
                unmanaged,
            ),
        )

    def bins(self) -> list[Bin]:
        """The active keys by age."""
        counts = [0] * _BINS
        for key in self.keys:
            counts[min(key.age.days // BIN_DAYS, _BINS - 1)] += 1
        return [
            Bin(i * BIN_DAYS, (i + 1) * BIN_DAYS if i < _BINS - 1 else None, count)
            for i, count in enumerate(counts)
        ]

    def past(self) -> list[KeyEvent]:
        """What is on record, the latest first."""
        return sorted(self._past(), key=lambda h: (h.at, h.user), reverse=True)

    def coming(self) -> list[KeyEvent]:
        """What is due as things stand, at the earliest, the next first."""
        found = [
            KeyEvent(due.at, status.name, due.verb.value, _key_of(step), due.held_until)
            for status in self.account.statuses
            for step in status.forecast.steps
            for due in (step.due(step.verb),)
        ]
        return sorted(found, key=lambda h: (h.at, h.user))

    def weeks(self) -> tuple[list[Week], list[Week]]:
        """Rotations on record in the last weeks, and due in the next."""
        past = [h.at for h in self.past() if h.what == "rotated"]
        due = [h.at for h in self.coming() if h.what == Verb.ROTATE]
        now, week = self.account.at, timedelta(weeks=1)
        before = [now - week * n for n in range(WEEKS, 0, -1)]
        after = [now + week * n for n in range(WEEKS)]
        return (
            [Week(start, sum(start <= at < start + week for at in past)) for start in before],
            [Week(start, sum(start <= at < start + week for at in due)) for start in after],
        )

    def _as_listed(self, user: UnmanagedUser) -> UnmanagedUser:
        """The user with their keys as IAM lists them, if it was asked; the report may be older."""
        if user.name not in self.listed:
            return user
        made = [key.created for key in self.listed[user.name] if key.is_active]
        limit = timedelta(days=BENCHMARK_DAYS)
        return replace(
            user,
            keys=len(made),
            since=min(made, default=user.since),
            over_limit=sum(self.account.at - at > limit for at in made),
        )

    def _past(self) -> Iterator[KeyEvent]:
        for status in self.account.statuses:
            secret = status.user.secret
            if secret is None or secret.user_id != status.user.ref.id:
                continue  # never looked at, or a predecessor's
            for name, what in _PAST.items():
                stamp = getattr(secret, name)
                if stamp is not None:
                    leaked = what == "disabled" and stamp.access_key_id in secret.leaked
                    said = f"{what} in an emergency" if leaked else what
                    yield KeyEvent(stamp.time, status.name, said, stamp.access_key_id)


def _key_of(step: Step) -> str:
    actions = step.decision.actions
    return next((a.access_key_id or "" for a in actions if a.verb is step.verb), "")
