"""A history, drawn ahead from a seed: who there is, what they do when, and what happens to runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from key_rotation.domain.settings import SettingsError, parse_settings
from tests.crash.scenario import Owner
from tests.crash.wire import Fault
from tests.defaults import default_parameters
from tests.soak.acts import ACTS
from tests.soak.doing import NAMES

DAYS = 60
QUIET_DAYS = 45  # the last ones: nobody does anything, and no call of a run fails
CALLS = 28  # of a run, about
READERS = '["arn:aws:iam::999999999999:role/deploy"]'
_AGES = (0, 30, 60, 80, 82, 83, 85, 86, 88, 89, 90, 95, 200)  # most are rotated while people act
_OWNERS = (*[Owner.FETCHES] * 2, *[Owner.MOVES] * 3, Owner.CLINGS, Owner.SLEEPS)
# What is often done after it, some days later.
_SEQUELS = {
    "deletes the user": ("creates the user",),
    "renames the user": ("renames the user back", "creates the user"),
    "deletes the secret": ("restores the secret", "asks for a rotation"),
    "changes the policy": ("asks for a rotation",),
    "replicates the secret": ("ends the replicas", "asks for a rotation"),
    "chooses another KMS key": ("asks for a rotation",),
    "retags the secret": ("asks for a rotation",),
    "changes a setting": ("mends a setting",),
    "runs an emergency": ("switches a leaked key on",),
    "switches a key": ("switches a key",),
    "unsubscribes": ("subscribes",),
}
_TAGS = {
    "max-key-age-days": ("50", "80", "soon", "1"),
    "grace-days": ("0", "3", "10", "99"),
    "hold-until": ("2026-06-10", "2026-07-01", "soon"),
    "disable-unused-after-days": ("0", "30"),
}


@dataclass(frozen=True)
class Person:
    """A managed user on the first day. `ages` are their active keys', in days."""

    name: str
    ages: tuple[int, ...]
    password: bool
    listens: bool
    owner: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Act:
    """What somebody does to this user on a day: just before the run's call `at`, or hours before
    the run if that is None. `pick` chooses among keys or values."""

    day: int
    what: str
    who: str
    pick: int
    at: int | None = None


@dataclass(frozen=True)
class Mishap:
    """A fault at one call of the run of a day; Lambda then tries the event again."""

    day: int
    fault: str
    at: int


@dataclass(frozen=True)
class Plan:
    """Acts and mishaps are of the days that are not quiet."""

    people: tuple[Person, ...]
    parameters: Mapping[str, str]
    acts: tuple[Act, ...]
    mishaps: tuple[Mishap, ...]
    days: int = DAYS

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Plan:
        found: dict[str, Any] = json.loads(text)
        people = tuple(Person(**one | {"ages": tuple(one["ages"])}) for one in found.pop("people"))
        acts = tuple(Act(**one) for one in found.pop("acts"))
        mishaps = tuple(Mishap(**one) for one in found.pop("mishaps"))
        return Plan(people=people, acts=acts, mishaps=mishaps, **found)


def draw(seed: int) -> Plan:
    """The history of this seed: the same one each time."""
    rng = Random(seed)  # noqa: S311 - no secret is drawn
    names = NAMES[: rng.choice((1, 1, 1, 2, 2, 3))]
    acts = [act for _ in range(rng.randint(1, 12)) for act in _acts(rng, names)]
    acts.sort(key=lambda act: act.day)
    mishaps = tuple(
        Mishap(
            rng.randint(1, DAYS - QUIET_DAYS), rng.choice(list(Fault)).name, rng.randrange(CALLS)
        )
        for _ in range(rng.choice((0, 0, 1, 2)))
    )
    return Plan(tuple(_person(rng, name) for name in names), _parameters(rng), tuple(acts), mishaps)


def _acts(rng: Random, names: tuple[str, ...]) -> Iterator[Act]:
    """One act, and a sequel or none."""
    what, who = rng.choice(list(ACTS)), rng.choice(names)
    day = rng.randint(1, DAYS - QUIET_DAYS)
    yield _act(rng, day, what, who)
    if day < DAYS - QUIET_DAYS and what in _SEQUELS and rng.random() < 0.5:
        later = min(day + rng.randint(1, 4), DAYS - QUIET_DAYS)
        yield _act(rng, later, rng.choice(_SEQUELS[what]), who)


def _act(rng: Random, day: int, what: str, who: str) -> Act:
    at = rng.randrange(CALLS) if rng.random() < 0.3 else None
    return Act(day, what, who, rng.randrange(60), at)


def _person(rng: Random, name: str) -> Person:
    ages = tuple(sorted(rng.sample(_AGES, rng.choice((0, 1, 1, 1, 1, 2))), reverse=True))
    tags = {key: rng.choice(values) for key, values in _TAGS.items() if rng.random() < 0.1}
    owner = rng.choice(_OWNERS)
    return Person(name, ages, rng.random() < 0.6, rng.random() < 0.7, owner.name, tags)


def _parameters(rng: Random) -> dict[str, str]:
    """Settings that the variables accept."""
    while True:
        some = {name: rng.choice(values) for name, values in _CHOICES.items() if rng.random() < 0.3}
        try:
            parse_settings(default_parameters(**some), "/key-rotation/config")
        except SettingsError:
            continue  # they contradict each other
        return some


_CHOICES = {
    "max_key_age_days": ("90", "80", "120"),
    "warn_before_days": ("0", "3", "14"),
    "grace_days": ("0", "5", "7", "14"),
    "min_grace_days_without_console": ("5", "7", "14"),
    "remind_before_days": ("0", "1", "3"),
    "hold_until_moved": ("true", "false"),
    "hold_while_used_days": ("0", "3"),
    "max_overlap_days": ("14", "21", "30"),
    "delete_after_days": ("15", "30"),
    "idle_after_days": ("10", "45"),
    "disable_unused_after_days": ("0", "20", "60"),
    "max_rotations_per_run": ("0", "1", "2"),
    "max_iam_writes_per_second": ("1", "5"),
    "bulk_discovery": ("true", "false"),
    "require_confirmed_subscription": ("true", "false"),
    "secret_reader_arns": ("[]", READERS),
}
