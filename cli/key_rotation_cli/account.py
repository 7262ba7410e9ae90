"""Every managed user as they are now, read with the product's own adapters, and what comes next.

As the function does, it reads one by one those who may need attention. Of the others it knows what
the credential report says, which costs no call per user.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from key_rotation.aws.credential_report import IamCredentialReports
from key_rotation.aws.parameters import read_parameters, settings_from
from key_rotation.domain.action import Verb
from key_rotation.domain.credential_report import CredentialReport, Row
from key_rotation.domain.hand_over import HandOver
from key_rotation.domain.model import AccessKey, Limits, ManagedUser
from key_rotation.domain.overrides import limits_for
from key_rotation.domain.prefilter import is_settled
from key_rotation.domain.settings import Settings, SettingsError
from key_rotation.handler import world_of
from key_rotation.notify.text import counted, minute
from key_rotation.ports import Scan, World
from key_rotation.run.gather import decided
from key_rotation.run.in_bulk import by_report, read_in_bulk
from key_rotation.run.named_users import named_in_vain

from .aws_errors import AWS_ERRORS, describe
from .connection import MAX_WORKERS, Connection, OperatorClock
from .forecast import Forecast, forecast
from .schedule import Schedule, read_schedule
from .settled import forecast_settled
from .subscriptions import ALL_REACHED, Subscriptions, read_subscriptions
from .wanted import check_managed, only_these

# So few are each read in full: that takes seconds, and shows the ids of all keys.
FEW_USERS = 100

# Between two looks for the credential report: somebody looks on.
_LONGEST_WAIT = timedelta(seconds=1)

EXACT = (
    "read the keys of every user one by one, also of those for whom the credential report shows "
    "that nothing is due"
)

ShowProgress = Callable[[int, int], None]


def forecast_user(
    world: World, settings: Settings, user: ManagedUser, now: datetime
) -> tuple[ManagedUser, Forecast]:
    """What comes, and the user with the facts that this took; `user` has their keys."""
    return decided(world, user, lambda known: forecast(known, settings, now))


@dataclass(frozen=True, slots=True)
class UserStatus:
    """One user: what is known, the limits that hold for them, and what comes.

    `from_report`: the user is settled, and was not read. The keys are the active ones of the
    credential report, without ids; `created` is when a key was created or last switched on, so
    that it may be older.
    """

    user: ManagedUser
    limits: Limits
    forecast: Forecast
    from_report: bool = False

    @property
    def name(self) -> str:
        return self.user.ref.name

    @property
    def keys(self) -> Sequence[AccessKey]:
        """Oldest first."""
        return sorted(self.user.keys, key=lambda key: (key.created, key.id))

    @property
    def state(self) -> str:
        """In a word: blocked, due, held, or ok."""
        verbs = {action.verb for action in self.forecast.present.actions}
        if self.forecast.is_blocked:
            return "blocked"
        if verbs - {Verb.HOLD, Verb.RECORD, Verb.FORGET}:
            return "due"
        return "held" if Verb.HOLD in verbs else "ok"

    @property
    def reason(self) -> str:
        """Why."""
        return self.forecast.present.reason.value

    def hand_over(self, key: AccessKey) -> HandOver | None:
        """How far the owner of this key is, if it is active and superseded; None otherwise."""
        return self.forecast.hand_over if key.id == self.keys[0].id else None

    def held_until(self, key: AccessKey) -> datetime | None:
        """Up to when this key stays on if its owner does not move; None if that is no matter."""
        gone = self.forecast.disabled(key.id)
        return None if gone is None else gone.held_until

    def is_over_limit(self, key: AccessKey, now: datetime, slack_days: int = 0) -> bool:
        """Whether an active key is older than the user's limit, by more than the slack."""
        most = timedelta(days=self.limits.max_key_age_days + slack_days)
        return key.is_active and now - key.created > most


@dataclass(frozen=True, slots=True)
class Unread:
    """A user of whom something could not be read, and why."""

    name: str
    error: str


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """All managed users of an installation at one time.

    `scanned` counts all IAM users; `unexpected` are those whose tag has an unexpected value;
    `unread` are managed users; `out_of_reach` are tagged users whom the role may not touch, with
    the setting that says so; `named_in_vain` are names in `users` that are no managed user's, and
    why. `scan` are all IAM users by their tags, as read in bulk; `credential_report` is None if
    there is none, and `no_report` says why. `only`: these users were asked for, and nothing is
    known of the others; empty if all were.
    """

    settings: Settings
    account_id: str
    region: str
    at: datetime
    scanned: int
    unexpected: dict[str, str]
    statuses: tuple[UserStatus, ...]
    unread: tuple[Unread, ...]
    scan: Scan
    schedule: Schedule
    credential_report: CredentialReport | None = None
    no_report: str | None = None
    only: tuple[str, ...] = ()
    subscriptions: Subscriptions = ALL_REACHED
    out_of_reach: Mapping[str, str] = field(default_factory=dict)
    named_in_vain: Mapping[str, str] = field(default_factory=dict)

    @property
    def gaps(self) -> list[str]:
        """What could not be read, in a sentence each."""
        users = [f"{unread.name} could not be read: {unread.error}" for unread in self.unread]
        return users + self.subscriptions.gap()


def settings_of(connection: Connection, name: str) -> Settings:
    """The settings of the installation. Raises SettingsError, also if there is none of the name."""
    path = f"/{name}/config"
    ssm = connection.client("ssm")
    parameters = read_parameters(ssm, path).values
    if not parameters:
        raise SettingsError(
            f"there is no installation {name!r} in {connection.region}: no parameters under {path} "
            "(--name, --region)"
        )
    return settings_from(ssm, parameters, path)


def no_report(found: AccountStatus) -> list[str]:
    """That every user had to be read one by one, and why, in a sentence."""
    if found.no_report is None:
        return []
    return [f"every user was read one by one, without a credential report: {found.no_report}"]


def settled(found: AccountStatus) -> list[str]:
    """What is known of the users who were not read, in a sentence."""
    number = sum(status.from_report for status in found.statuses)
    if not number or found.credential_report is None:
        return []
    return [
        f"{counted(number, 'settled user')} not read one by one: their keys are as the credential "
        f"report of {minute(found.credential_report.generated)} has them, and may be older "
        "(--exact)"
    ]


def read_account(
    connection: Connection,
    name: str,
    now: datetime,
    progress: ShowProgress,
    exact: bool = False,
    only: tuple[str, ...] = (),
    *,
    few: int = FEW_USERS,
    may_be_elsewhere: bool = False,
) -> AccountStatus:
    """All managed users; `progress` gets how many are read one by one, and of how many.

    Those who are settled by the credential report are not read, unless there are at most `few`
    users, or `exact` asks for it. With `only`, these users are read, and no others. A user who
    cannot be read is in `unread`; the scan itself is whole or an error. Raises DeclinedError if one
    of `only` is not managed, unless they `may_be_elsewhere`.
    """
    settings = settings_of(connection, name)
    clock = OperatorClock()
    world = world_of(connection.clients(), settings, clock, MAX_WORKERS)
    reports = IamCredentialReports(connection.client("iam"), clock, _LONGEST_WAIT)
    bulk = read_in_bulk(replace(world, credential_reports=reports))
    scan = bulk.scan
    if not may_be_elsewhere:
        check_managed(settings, scan, only)
    wanted = only_these(scan, only) if only else scan
    report = None if exact or len(wanted.managed) <= few else bulk.report
    statuses, unread = read_all(world, settings, wanted, now, progress, report)
    return AccountStatus(
        settings,
        connection.account_id,
        connection.region,
        now,
        scan.scanned,
        dict(scan.unexpected),
        tuple(statuses),
        tuple(unread),
        scan,
        read_schedule(connection.client("events"), settings.name),
        bulk.report,
        None if bulk.no_report is None else describe(bulk.no_report),
        only,
        read_subscriptions(world, settings, scan),
        dict(scan.out_of_reach),
        named_in_vain(settings, scan),
    )


def read_all(
    world: World,
    settings: Settings,
    scan: Scan,
    now: datetime,
    progress: ShowProgress,
    report: CredentialReport | None = None,
) -> tuple[list[UserStatus], list[Unread]]:
    """Every managed user of a scan, by name; those who could not be read apart from the others.
    With a report, those who are settled are not read."""
    statuses: list[UserStatus] = []
    users: Sequence[ManagedUser] = scan.managed
    if report is not None:
        found = by_report(users, report, lambda user, row: not is_settled(user, row, settings, now))
        users = found.looked_at
        statuses += [
            _settled(user, report.rows[user.ref.name], settings) for user in found.left_alone
        ]
    read, unread = _read_each(world, settings, users, now, progress)
    unread = [Unread(name, describe(error)) for name, error in sorted(scan.unread.items())] + unread
    return sorted([*statuses, *read], key=lambda status: status.name), unread


def _settled(user: ManagedUser, row: Row, settings: Settings) -> UserStatus:
    coming = forecast_settled(user, row, settings)
    return UserStatus(user, limits_for(user.tags, settings), coming, from_report=True)


def _read_each(
    world: World,
    settings: Settings,
    users: Collection[ManagedUser],
    now: datetime,
    progress: ShowProgress,
) -> tuple[list[UserStatus], list[Unread]]:
    statuses: list[UserStatus] = []
    unread: list[Unread] = []

    def read(user: ManagedUser) -> UserStatus | Unread:
        try:
            user = replace(user, keys=world.directory.keys(user.ref))
            user, coming = forecast_user(world, settings, user, now)
        except AWS_ERRORS as error:
            return Unread(user.ref.name, describe(error))
        return UserStatus(user, limits_for(user.tags, settings), coming)

    progress(0, len(users))
    by_name = sorted(users, key=lambda user: user.ref.name)
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        for done, outcome in enumerate(pool.map(read, by_name), 1):
            progress(done, len(users))
            if isinstance(outcome, UserStatus):
                statuses.append(outcome)
            else:
                unread.append(outcome)
    return statuses, unread
