"""Pairs of faults: one in a run, and another in the run that repairs it.

A reconciler that survives each single fault may still break when its repair is disturbed. The
property that must hold is *eventual stability*: after the last fault the account settles, and
stays so.

The run that repairs is Lambda's retry a minute later, with the same payload under the same id. If
the first run ended well, or is not retried, it is the next run of the schedule. All kinds of faults
meet all kinds, at each call of either run that changes something. At a read, the calls take turns
with the kinds. Left out is only what is tried already:

- a first fault that let no change through: what follows is an ordinary first run, and so the single
  faults of `faults.py`;
- a first fault that leaves the history in the same state as another one (`states.py`): dying before
  a call, and after the one before it, say. What can follow is the same;
- a second fault after which it is in the same state as after another second fault: the same. What
  the ledger has found broken is in the state, so no violation gets lost with it.
- a read at which a run dies, or that is answered only the second time: nothing changes between two
  changes, so dying there is dying after the change before it, and a read may be repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from tests.aws.account import Account
from tests.crash.branches import beginning, in_a_branch, undisturbed_calls
from tests.crash.faults import WatchUnknown
from tests.crash.ledger import Ledger
from tests.crash.runs import BY_NAME, MUTATING, Invocation, follow_up, invoke, retry
from tests.crash.scenarios import OF_PEOPLE_ALONE
from tests.crash.states import state_of
from tests.crash.wire import Fault, Tap

# What a read can suffer that differs from a death after the change before it.
AT_READS = (Fault.THROTTLED, Fault.ERROR_500, Fault.ANSWER_LOST, Fault.DENIED)
# One read of so many is disturbed, by one kind of fault, the next one by the next kind. It shares
# no divisor with the number of kinds, so that each call meets each of them somewhere.
ONE_READ_OF = 3


@dataclass(frozen=True)
class First:
    """The first fault; `retried`: Lambda tries the event again, else the schedule comes next."""

    fault: Fault
    at: int
    retried: bool = True

    def __str__(self) -> str:
        retried = "" if self.retried else ", not retried"
        return f"call {self.at} {self.fault}{retried}"


@dataclass(frozen=True)
class PairPoint:
    """The first fault, and the call of the repairing run that the second one hits."""

    scenario: str
    first: First
    fault: Fault
    at: int

    def __str__(self) -> str:
        return f"{self.scenario}: {self.first}; in the repair call {self.at} {self.fault}"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        history = History(account, ledger, payload, self.scenario)
        history.disturb(self.first)
        history.repair(Tap(self.fault, self.at))
        history.settle()


class History:
    """The two disturbed runs of one scenario, and what follows."""

    def __init__(self, account: Account, ledger: Ledger, payload: Any, scenario: str) -> None:
        self._account, self._ledger, self._payload = account, ledger, payload
        self._scenario = scenario
        self._passed = 0
        self._is_retry = False
        self._last: Invocation | None = None
        self.repeats = sum(not ledger.is_on_record(*key) for key in _delivered(ledger))

    @property
    def state(self) -> str:
        """What decides how it goes on."""
        ended = self._last is not None and self._last.ended_in_an_error
        state = state_of(self._account, self._ledger)
        return f"{self._passed} {self._is_retry} {ended} {self.repeats} {state}"

    def disturb(self, first: First) -> Tap:
        """The run that is tried, with the first fault."""
        tap = Tap(first.fault, first.at)
        self._run(tap, self._payload, "first")
        assert self._last is not None
        self._is_retry = first.retried and self._last.ended_in_an_error
        return tap

    def repair(self, tap: Tap) -> None:
        """The run that comes next."""
        if self._is_retry:
            self._account.pass_days(minutes=1)
            self._run(tap, self._payload, "first")
        else:
            self._passed = BY_NAME[self._scenario].days[0]
            self._account.pass_days(self._passed)
            self._run(tap, {}, f"day-{self._passed}")

    def settle(self) -> None:
        """Lambda's retries of that run, then the schedule, until nothing changes."""
        assert self._last is not None
        if self._is_retry:
            retry(self._account, self._ledger, self._last, self._payload, waits=(2,))
        else:
            request = f"day-{self._passed}"
            retry(self._account, self._ledger, self._last, {}, request)
        passed, repeats = self._passed, self.repeats
        follow_up(self._account, self._ledger, self._scenario, repeats, passed=passed)

    def _run(self, tap: Tap, payload: Any, request: str) -> None:
        before = self._ledger.told()
        watch = WatchUnknown(self._ledger, tap)
        tap.before_call = watch
        self._last = invoke(self._account, self._ledger, tap, payload, request)
        watch.finish()
        self.repeats += self._told_in_vain(tap, self._ledger.told() - before)

    def _told_in_vain(self, tap: Tap, told: Counter[tuple[str, str]]) -> int:
        """How many messages about one key went out in this run that it could not know of, or not
        put on record: it died, or lost an answer, or the record itself was refused."""
        call = tap.calls[tap.at] if tap.at < len(tap.calls) else ""
        excused = tap.dead or call in ("sns:Publish", "secretsmanager:TagResource")
        if not excused:
            return 0
        return max((n - self._ledger.is_on_record(*key) for key, n in told.items()), default=0)


def _delivered(ledger: Ledger) -> list[tuple[str, str]]:
    """The keys that were announced before, if they are what a read returns."""
    current = [ledger.in_secret(name) for name in ledger.names]
    return [(record, key_id) for record, key_id in ledger.told() if key_id in current]


def pair_points(name: str, every: int = 1) -> Iterator[PairPoint]:
    """All pairs of the scenario, or those of each so-manyth first fault."""
    if name in OF_PEOPLE_ALONE:
        return
    states: set[str] = set()
    turn = count(len(name))  # so that scenarios begin with different kinds
    for first in list(_firsts(undisturbed_calls(name)))[len(name) % every :: every]:
        state, seconds = _branch(name, first, next(turn), frozenset(states))
        states.add(state)
        yield from (PairPoint(name, first, fault, at) for fault, at in seconds)


def _firsts(calls: tuple[str, ...]) -> Iterator[First]:
    for fault, at in _faults(calls, turn=len(calls)):
        yield First(fault, at)
        if fault is Fault.DIES_AFTER:
            yield First(fault, at, retried=False)


def _faults(calls: tuple[str, ...], turn: int) -> Iterator[tuple[Fault, int]]:
    """All kinds at each change; at one read of some, the kind whose turn it is."""
    reads = count(turn)
    for at, call in enumerate(calls):
        if call.startswith(MUTATING):
            yield from ((fault, at) for fault in Fault)
        else:
            read = next(reads)
            if read % ONE_READ_OF == 0:
                yield AT_READS[read % len(AT_READS)], at


def _branch(
    name: str, first: First, turn: int, known: frozenset[str]
) -> tuple[str, list[tuple[Fault, int]]]:
    """The state after the first fault, and the second faults that lead to states of their own: none
    if it let no change through, or if its state is `known`."""
    account, ledger, payload = beginning(name)

    def find() -> tuple[str, list[tuple[Fault, int]]]:
        history = History(account, ledger, payload, name)
        tap = history.disturb(first)
        state = history.state
        if state in known or not any(call.startswith(MUTATING) for call in tap.effects):
            return state, []

        def repaired(tap: Tap) -> tuple[tuple[str, ...], str]:
            history.repair(tap)
            return tuple(tap.calls), history.state

        calls, undisturbed = in_a_branch(partial(repaired, Tap()))
        found = {undisturbed}
        seconds = []
        for fault, at in _faults(calls, turn):
            _, after = in_a_branch(partial(repaired, Tap(fault, at)))
            if after not in found:
                found.add(after)
                seconds.append((fault, at))
        return state, seconds

    return in_a_branch(find)
