"""IAM let two overlapping creates through: a user has three keys, from one moment to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tests.aws.account import Account
from tests.crash.branches import undisturbed_calls
from tests.crash.ledger import FULL_LOOK_DAY
from tests.crash.people import interfere, moment
from tests.crash.runs import BY_NAME
from tests.crash.trunk import GoOn, Struck

SCENARIOS = (
    "due, the first time",
    "due again",
    "due, a service user",
    "first key",
    "requested",
    "unused, to be warned",
    "superseded, the grace is over",
    "superseded, not moved",
    "superseded, to be deleted",
    "to be deleted, its successor due",
    "two active, one idle",
    "leaked, and on again",
    "died before the store",
    "emergency, the only key",
    "emergency, both slots active",
)


@dataclass(frozen=True)
class ThirdKeyPoint:
    """A person's keys fill the slots and one more just before the run's call `at`, or after the run
    if there is none; or just before the run of a `day` that follows."""

    scenario: str
    at: int
    day: int | None = None

    def __str__(self) -> str:
        return f"{self.scenario}: a third key appears before {moment(self.at, self.day)}"

    def strike(self, run: Struck) -> GoOn:
        def appear() -> None:
            missing = 3 - len(run.ledger.keys("alice"))
            made = [run.account.add_key_beyond_the_limit() for _ in range(missing)]
            run.ledger.look("person")
            for key_id in made:
                run.ledger.person_keeps(key_id)

        days = _with_the_full_look(run.account, BY_NAME[self.scenario].days)
        return interfere(run, self.scenario, appear, self.day, days)


def _with_the_full_look(account: Account, days: tuple[int, ...]) -> tuple[int, ...]:
    """And the first day on which each user's keys are listed: no report shows a third one."""
    today = account.clock.now()
    each = range(days[-2])
    full = [day for day in each if (today + timedelta(days=day)).day == FULL_LOOK_DAY and day]
    return tuple(sorted({*days, *full[:1]}))


def third_key_points(name: str) -> list[ThirdKeyPoint]:
    """Before every call, after the last, and before every later run but the last two: the keys are
    blocked, so somebody is told once more."""
    if name not in SCENARIOS:
        return []
    calls = range(len(undisturbed_calls(name)) + 1)
    days = BY_NAME[name].days[:-2]
    return [
        *(ThirdKeyPoint(name, at) for at in calls),
        *(ThirdKeyPoint(name, 0, day) for day in days),
    ]
