"""A situation of the lifecycle table, and what its owner does from then on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.aws.account import Account

Unheld = set[str]
SetUp = Callable[[Account], Unheld]
# Days after the first run on which the schedule fires again: the next days, when who has not moved
# is reminded, when the grace is over, when the old key is deleted, six weeks later: a Monday, if
# the first was one. The last run must find nothing to do.
DAYS = (1, 2, 4, 8, 9, 40, 42, 43)


class Owner(Enum):
    """What an owner does after every run."""

    FETCHES = "reads the secret"
    MOVES = "reads the secret, and uses the new key"
    CLINGS = "uses the old key"
    SLEEPS = "does nothing"
    PULLS = "has a host whose timer runs key-fetch pull"


@dataclass(frozen=True)
class Scenario:
    """`set_up` leaves the account as it is just before the run that is tried, and returns the keys
    whose secrets their owner does not have. So many of the oldest keys are `leaked`. `payload` may
    depend on the keys there are then; the role may not use the operations that are `denied`.
    `days` after that run the schedule fires again."""

    name: str
    set_up: SetUp
    payload: Callable[[Account], dict[str, Any]] = lambda _account: {}
    users: tuple[str, ...] = ("alice",)
    parameters: dict[str, str] = field(default_factory=dict)
    denied: tuple[str, ...] = ()
    leaked: int = 0
    owner: Owner = Owner.FETCHES
    days: tuple[int, ...] = DAYS

    @property
    def died_before(self) -> bool:
        return self.name.startswith("died")

    @property
    def is_emergency(self) -> bool:
        return self.name.startswith("emergency")
