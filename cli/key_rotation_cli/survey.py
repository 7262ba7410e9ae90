"""Every marked user as they are now, read with the product's own adapters, and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from key_rotation.aws.parameters import read_parameters
from key_rotation.facts import read_fact
from key_rotation.handler import world_of
from key_rotation.model import AccessKey, Limits, MarkedUser, Needs, Verb
from key_rotation.overrides import limits_for
from key_rotation.ports import Scan, World
from key_rotation.report import describe
from key_rotation.settings import Settings, SettingsError, parse_settings

from .connection import SIDE_BY_SIDE, Connection, OperatorClock
from .forecast import Forecast, forecast

Tell = Callable[[int, int], None]


def foresee(
    world: World, settings: Settings, user: MarkedUser, now: datetime
) -> tuple[MarkedUser, Forecast]:
    """What comes, and the user with the facts that this took; `user` has their keys."""
    while isinstance(outcome := forecast(user, settings, now), Needs):
        user = read_fact(world, user, outcome.fact)
    return user, outcome


@dataclass(frozen=True, slots=True)
class Standing:
    """One user: what is known, the limits that hold for them, and what comes."""

    user: MarkedUser
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
        """Why: of the block, where there is one beside something else."""
        present = self.forecast.present
        blocks = [action.reason for action in present.actions if action.verb is Verb.BLOCK]
        return [*blocks, present.reason][0].value

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
class Survey:
    """All marked users of an installation at one time.

    `scanned` counts all IAM users; `odd` are those whose tag has another value than the marking.
    """

    settings: Settings
    account_id: str
    region: str
    at: datetime
    scanned: int
    odd: dict[str, str]
    standings: tuple[Standing, ...]
    unread: tuple[Unread, ...]


def settings_of(connection: Connection, name: str) -> Settings:
    """The settings of the installation. Raises SettingsError, also if there is none of the name."""
    path = f"/{name}/config"
    parameters = read_parameters(connection.client("ssm"), path)
    if not parameters:
        raise SettingsError(
            f"there is no installation {name!r} in {connection.region}: no parameters under {path} "
            "(--name, --region)"
        )
    return parse_settings(parameters, path)


def survey(connection: Connection, name: str, now: datetime, tell: Tell) -> Survey:
    """Reads everything; `tell` gets how many users are done, and of how many.

    A user who cannot be read is in `unread`; the scan itself is whole or an error.
    """
    settings = settings_of(connection, name)
    world = world_of(connection.clients(), settings, OperatorClock(), SIDE_BY_SIDE)
    scan = world.directory.scan()
    standings, unread = read_all(world, settings, scan, now, tell)
    return Survey(
        settings,
        connection.account_id,
        connection.region,
        now,
        scan.scanned,
        dict(scan.odd),
        tuple(standings),
        tuple(unread),
    )


def read_all(
    world: World, settings: Settings, scan: Scan, now: datetime, tell: Tell
) -> tuple[list[Standing], list[Unread]]:
    """Every marked user of a scan, by name; those who could not be read apart from the others."""
    standings: list[Standing] = []
    unread = [Unread(name, describe(error)) for name, error in sorted(scan.unread.items())]
    users = sorted(scan.marked, key=lambda user: user.ref.name)

    def read(user: MarkedUser) -> Standing | Unread:
        try:
            user = replace(user, keys=world.directory.keys(user.ref))
            user, coming = foresee(world, settings, user, now)
        except (BotoCoreError, ClientError) as error:
            return Unread(user.ref.name, describe(error))
        return Standing(user, limits_for(user.tags, settings), coming)

    tell(0, len(users))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done, outcome in enumerate(pool.map(read, users), 1):
            tell(done, len(users))
            if isinstance(outcome, Standing):
                standings.append(outcome)
            else:
                unread.append(outcome)
    return standings, unread
