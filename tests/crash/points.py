"""One point: a scenario, a run in which something happens at one call, and the runs that follow.

A point is judged by the ledger after every call of the handler, and once nothing changes any more.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.aws.account import Account, an_account
from tests.crash.ledger import Ledger, Promise, Violation
from tests.crash.scenarios import SCENARIOS, Scenario
from tests.crash.wire import Died, Fault, Tap, retries_without_waiting, tapped

MUTATING = (
    "iam:Create",
    "iam:Update",
    "iam:Delete",
    "secretsmanager:Create",
    "secretsmanager:Put",
    "secretsmanager:Tag",
    "secretsmanager:Untag",
    "secretsmanager:Restore",
    "sns:Publish",
)
READS = ("iam:List", "iam:Get", "secretsmanager:Describe", "sns:List", "sns:Get", "ssm:Get")
NOT_AN_ANSWER = (Fault.THROTTLED, Fault.ERROR_500, Fault.DENIED)
# Days after the first run on which the schedule fires again: the next days, when the grace is over,
# when the old key is deleted. The last run must find nothing to do.
DAYS = (1, 2, 8, 9, 10, 40, 41, 42)

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@dataclass(frozen=True)
class Point:
    """Where and how a run is disturbed.

    `retried`: Lambda tries the same event again a minute later.
    """

    scenario: str
    fault: Fault
    at: int
    retried: bool = True

    def __str__(self) -> str:
        retried = "" if self.retried else ", not retried"
        return f"{self.scenario}: call {self.at} {self.fault}{retried}"


@dataclass
class Invocation:
    """What one run did on the wire, and how it ended."""

    calls: list[str]
    died: bool = False
    failed: bool = False
    said: str = ""

    @property
    def changed(self) -> bool:
        return any(call.startswith(MUTATING) for call in self.calls)


def invoke(account: Account, ledger: Ledger, tap: Tap, payload: object, request: str) -> Invocation:
    """One run through the tap; the ledger looks after every call."""
    tap.on_call = ledger.look
    invocation = Invocation(tap.calls)
    with logs() as log, tapped(tap):
        try:
            invocation.said = repr(account.run(payload, request))
        except Died:
            invocation.died = True
        except Exception as error:
            invocation.failed = True
            invocation.said = repr(error)
    ledger.end_run()
    ledger.search(invocation.said, log.getvalue())
    for name in ledger.names:
        ledger.fetch(name)
    account.pass_days(seconds=1)
    return invocation


@contextmanager
def prepared(scenario: Scenario, **of_ledger: bool) -> Iterator[tuple[Account, Ledger, object]]:
    """The scenario's account, its ledger, and the payload of the run that is tried."""
    with an_account() as account, retries_without_waiting(account.clock):
        for name, value in scenario.parameters.items():
            account.set_parameter(name, value)
        unheld = scenario.set_up(account)
        payload = scenario.payload(account)
        key = payload["emergency"]["access_key_id"] if scenario.is_emergency else None
        ledger = Ledger(account, key, scenario.users, **of_ledger)
        for key_id in unheld:
            ledger.facts[key_id].held_by_person = False
        yield account, ledger, payload


def count_calls(scenario: Scenario) -> list[str]:
    """The calls of the undisturbed run."""
    with prepared(scenario) as (account, ledger, payload):
        return invoke(account, ledger, Tap(), payload, "first").calls


def points_of(name: str) -> list[Point]:
    """Every call of the scenario's undisturbed run, with every fault."""
    scenario = BY_NAME[name]
    every = [
        Point(scenario.name, fault, at)
        for at in range(len(count_calls(scenario)))
        for fault in Fault
    ]
    dying = [
        Point(point.scenario, point.fault, point.at, retried=False)
        for point in every
        if point.fault in (Fault.DIES_BEFORE, Fault.DIES_AFTER)
    ]
    return every + dying


def try_point(point: Point) -> list[Violation]:
    """The promises that this point breaks."""
    scenario = BY_NAME[point.scenario]
    with prepared(scenario) as (account, ledger, payload):
        tap = Tap(point.fault, point.at)
        watch = _WatchUnknown(ledger, tap, point, alone=len(scenario.users) == 1)
        tap.before_call = watch
        first = invoke(account, ledger, tap, payload, "first")
        watch.finish()
        if (first.died or first.failed) and point.retried:
            for minutes in (1, 2):
                account.pass_days(minutes=minutes)
                again = invoke(account, ledger, Tap(), payload, "first")
                if not again.failed:
                    break
        cut_off = first.died or first.failed or scenario.died_before
        follow_up(account, ledger, repeats=tap.lost_answers + cut_off)
        return ledger.violations


def follow_up(account: Account, ledger: Ledger, repeats: int = 0) -> None:
    """The schedule fires on, until nothing changes."""
    last = None
    passed = 0
    for day in DAYS:
        account.pass_days(day - passed)
        passed = day
        last = invoke(account, ledger, Tap(), {}, f"day-{day}")
        if last.failed:
            ledger.violations.append(
                Violation(Promise.SETTLES, f"the run of day {day} failed: {last.said[:200]}")
            )
    assert last is not None
    if last.changed:
        changes = [call for call in last.calls if call.startswith(MUTATING)]
        ledger.violations.append(Violation(Promise.SETTLES, f"the last run did {changes}"))
    ledger.settle(repeats)


class _WatchUnknown:
    """Promise 5: after a read that failed, this user's keys are left as they are by that run."""

    def __init__(self, ledger: Ledger, tap: Tap, point: Point, alone: bool) -> None:
        self._ledger, self._tap, self._point = ledger, tap, point
        self._watching = alone and point.fault in NOT_AN_ANSWER
        self._keys: dict[str, str] | None = None

    def __call__(self, number: int, name: str) -> None:
        if self._watching and number == self._point.at and name.startswith(READS):
            self._keys = self._now()

    def finish(self) -> None:
        if self._keys is None:
            return
        now = self._now()
        unasked = {key for key in now if key not in self._keys} | {
            key
            for key, status in self._keys.items()
            if key not in now or (status == "Active" and now[key] != "Active")
        }
        if unasked:
            call = self._tap.calls[self._point.at]
            self._ledger.violations.append(
                Violation(Promise.UNKNOWN_IS_NO_ANSWER, f"{sorted(unasked)} changed after {call}")
            )

    def _now(self) -> dict[str, str]:
        [name] = self._ledger.names
        return {key_id: key.status for key_id, key in self._ledger.keys(name).items()}


@contextmanager
def logs() -> Iterator[io.StringIO]:
    """Everything that the product logs, with the extras."""
    stream = io.StringIO()

    class Everything(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            stream.write(f"{record.getMessage()} {record.__dict__}\n")

    logger = logging.getLogger("key_rotation")
    handler = Everything()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
