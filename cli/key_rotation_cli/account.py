"""Every managed user as they are now, read with the product's own adapters, and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from key_rotation.aws.parameters import read_parameters, settings_from
from key_rotation.domain.action import Verb
from key_rotation.domain.hand_over import HandOver
from key_rotation.domain.model import AccessKey, Limits, ManagedUser
from key_rotation.domain.overrides import limits_for
from key_rotation.domain.settings import Settings, SettingsError
from key_rotation.handler import world_of
from key_rotation.notify.response import describe
from key_rotation.ports import Scan, UnreachedOperator, World
from key_rotation.run.discovery import options_without_user
from key_rotation.run.gather import decided

from .connection import MAX_WORKERS, Connection, OperatorClock
from .forecast import Forecast, forecast

ShowProgress = Callable[[int, int], None]


def forecast_user(
    world: World, settings: Settings, user: ManagedUser, now: datetime
) -> tuple[ManagedUser, Forecast]:
    """What comes, and the user with the facts that this took; `user` has their keys."""
    return decided(world, user, lambda known: forecast(known, settings, now))


@dataclass(frozen=True, slots=True)
class UserStatus:
    """One user: what is known, the limits that hold for them, and what comes."""

    user: ManagedUser
    limits: Limits
    forecast: Forecast

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
    `unreached` are the operators who would not get the digest; `out_of_reach` are tagged users whom
    the role may not touch, with the setting that says so; `options_without_user` are names in
    `users` that are no managed user's, and why.
    """

    settings: Settings
    account_id: str
    region: str
    at: datetime
    scanned: int
    unexpected: dict[str, str]
    statuses: tuple[UserStatus, ...]
    unread: tuple[Unread, ...]
    unreached: tuple[UnreachedOperator, ...] = ()
    out_of_reach: Mapping[str, str] = field(default_factory=dict)
    options_without_user: Mapping[str, str] = field(default_factory=dict)


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


def standstill(settings: Settings) -> list[str]:
    """Why no run does what is due, in a sentence each."""
    if not settings.dry_run:
        return []
    return ["the setting dry_run is true: runs change nothing until it is false"]


def read_account(
    connection: Connection, name: str, now: datetime, progress: ShowProgress
) -> AccountStatus:
    """Reads everything; `progress` gets how many users are done, and of how many.

    A user who cannot be read is in `unread`; the scan itself is whole or an error.
    """
    settings = settings_of(connection, name)
    world = world_of(connection.clients(), settings, OperatorClock(), MAX_WORKERS)
    scan = world.directory.scan()
    statuses, unread = read_all(world, settings, scan, now, progress)
    unreached, unread_operators = _unreached_operators(world)
    return AccountStatus(
        settings,
        connection.account_id,
        connection.region,
        now,
        scan.scanned,
        dict(scan.unexpected),
        tuple(statuses),
        (*unread, *unread_operators),
        unreached,
        dict(scan.out_of_reach),
        options_without_user(settings, scan),
    )


def _unreached_operators(world: World) -> tuple[tuple[UnreachedOperator, ...], tuple[Unread, ...]]:
    """The operators who would not get the digest; who may not ask that sees all the rest."""
    try:
        return tuple(world.notifier.unreached_operators()), ()
    except (BotoCoreError, ClientError) as error:
        return (), (Unread("(operators)", describe(error)),)


def read_all(
    world: World, settings: Settings, scan: Scan, now: datetime, progress: ShowProgress
) -> tuple[list[UserStatus], list[Unread]]:
    """Every managed user of a scan, by name; those who could not be read apart from the others."""
    statuses: list[UserStatus] = []
    unread = [Unread(name, describe(error)) for name, error in sorted(scan.unread.items())]
    users = sorted(scan.managed, key=lambda user: user.ref.name)

    def read(user: ManagedUser) -> UserStatus | Unread:
        try:
            user = replace(user, keys=world.directory.keys(user.ref))
            user, coming = forecast_user(world, settings, user, now)
        except (BotoCoreError, ClientError) as error:
            return Unread(user.ref.name, describe(error))
        return UserStatus(user, limits_for(user.tags, settings), coming)

    progress(0, len(users))
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        for done, outcome in enumerate(pool.map(read, users), 1):
            progress(done, len(users))
            if isinstance(outcome, UserStatus):
                statuses.append(outcome)
            else:
                unread.append(outcome)
    return statuses, unread
