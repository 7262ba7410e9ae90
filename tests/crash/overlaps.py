"""Overlaps: a second run, of the schedule, at somebody's request or in an emergency, between any
two calls of the first."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.aws.account import Account
from tests.crash.branches import undisturbed_calls
from tests.crash.ledger import Ledger
from tests.crash.runs import BY_NAME, MUTATING, Invocation, follow_up, invoke, retry
from tests.crash.scenarios import OF_PEOPLE_ALONE
from tests.crash.settings_table import places
from tests.crash.wire import Tap

TO_THE_END = 10_000
# All pairs of calls for these; for the others the second run goes to its end in between.
ALL_PAIRS = ("due again",)
EMERGENCY, REQUEST = "an emergency", "a rotation at request"
DURING = {
    EMERGENCY: (
        "due again",
        "due, a service user",
        "superseded, the grace is over",
        "unused, to be warned",
    ),
    REQUEST: ("unused, on its day",),
}


@dataclass(frozen=True)
class OverlapPoint:
    """The second run starts before the first one's call `at`, and rests before its own call `until`
    until the first one has ended."""

    scenario: str
    at: int
    until: int
    other: str = "a second run"

    def __str__(self) -> str:
        until = "its end" if self.until == TO_THE_END else f"its call {self.until}"
        return f"{self.scenario}: {self.other} before call {self.at}, up to {until}"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        scenario = BY_NAME[self.scenario]
        other_payload = payload
        if self.other == REQUEST:
            other_payload = {"rotate": {"users": ["alice"], "reason": "leaver"}}
            ledger.requested = True
        if self.other == EMERGENCY:
            key_id = next(iter(account.statuses()))
            named = {"user": "alice", "access_key_id": key_id, "reason": "leaked"}
            other_payload = {"emergency": named}
            ledger.emergency_key = key_id
        turn = _Turns()
        other_tap = Tap(before_call=lambda number, _: turn.rest() if number == self.until else None)

        def other_run() -> Invocation:
            try:
                return invoke(account, ledger, other_tap, other_payload, "second")
            finally:
                turn.give_back()

        pool = ThreadPoolExecutor(1)
        second: list[Future[Invocation]] = []

        def hand_over() -> None:
            second.append(pool.submit(other_run))
            turn.hand_over()

        first_tap = Tap(before_call=lambda number, _: hand_over() if number == self.at else None)
        first = invoke(account, ledger, first_tap, payload, "first")
        turn.let_go()
        retry(account, ledger, first, payload)
        for future in second:
            retry(account, ledger, future.result(), other_payload)
        pool.shutdown()
        follow_up(account, ledger, self.scenario, repeats=1 + scenario.died_before)


class _Turns:
    """One of the two runs moves at a time."""

    def __init__(self) -> None:
        self._firsts = threading.Event()
        self._seconds = threading.Event()

    def hand_over(self) -> None:
        """The first run waits until the second rests or has ended."""
        self._firsts.wait()

    def rest(self) -> None:
        """The second run waits until the first has ended."""
        self._firsts.set()
        self._seconds.wait()

    def give_back(self) -> None:
        self._firsts.set()

    def let_go(self) -> None:
        self._seconds.set()


def overlap_points(name: str) -> list[OverlapPoint]:
    """Every pair of calls, or every call of the first run."""
    if name in OF_PEOPLE_ALONE:
        return []
    calls = places(name, undisturbed_calls(name), MUTATING)
    untils = [*calls, TO_THE_END] if name in ALL_PAIRS else [TO_THE_END]
    points = [OverlapPoint(name, at, until) for at in calls for until in untils]
    for other, names in DURING.items():
        if name in names:
            points += [OverlapPoint(name, at, TO_THE_END, other) for at in calls]
    return points
