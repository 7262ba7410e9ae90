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
- a read at which a run dies, or that is answered only the second time: nothing changes between two
  changes, so dying there is dying after the change before it, and a read may be repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from tests.aws.account import Account
from tests.crash.branches import Fork, undisturbed_calls
from tests.crash.faults import WatchUnknown
from tests.crash.known import State
from tests.crash.ledger import Ledger
from tests.crash.promises import Violation
from tests.crash.runs import BY_NAME, MUTATING, Invocation, follow_up, invoke, retry
from tests.crash.scenarios import OF_PEOPLE_ALONE
from tests.crash.states import state_of
from tests.crash.wire import Fault, Tap

BeforeCall = Callable[[int, str], None]
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
class PairsPoint:
    """The first fault, and after it each second one of the run that repairs it; of a sample each
    so-manyth."""

    scenario: str
    first: First
    every: int = 1

    def __str__(self) -> str:
        return f"{self.scenario}: {self.first}, and another fault in the repair"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        history = History(account, ledger, payload, self.scenario)
        tap = history.disturb(self.first)
        if not any(call.startswith(MUTATING) for call in tap.effects):
            return
        if not ledger.known.holds(partial(history.state, "first")):
            Seconds(self, history, ledger).try_all()


def _faults(call: str, reads: Iterator[int]) -> tuple[Fault, ...]:
    """All kinds at a change; at one read of some, the kind whose turn it is."""
    if call.startswith(MUTATING):
        return tuple(Fault)
    read = next(reads)
    return (AT_READS[read % len(AT_READS)],) if read % ONE_READ_OF == 0 else ()


class Seconds:
    """The second faults of one history: the run that repairs goes on in a branch with each of them,
    from the call that it hits."""

    def __init__(self, point: PairsPoint, history: History, ledger: Ledger) -> None:
        self._history, self._ledger, self._every = history, ledger, point.every
        self._tap, self._fork = Tap(), Fork()
        self._number = count(1)
        self._reads = count(point.first.at)  # so that each begins with another kind
        self._broken: list[Violation] = []

    def try_all(self) -> None:
        self._fork.do(self._repair)
        self._ledger.violations += self._broken

    def _repair(self) -> Any:
        self._history.repair(self._tap, self._split)
        if not self._fork.is_branch:
            return None
        if not self._ledger.known.holds(self._history.state):
            self._history.settle()
        violations = self._ledger.violations
        return violations, self._ledger.known.found(is_clean=not violations)

    def _split(self, at: int, call: str) -> None:
        """Right before this call of the repair."""
        for fault in () if self._fork.is_branch else _faults(call, self._reads):
            if next(self._number) % self._every:
                continue
            if self._fork.off(partial(self._learn, f"in the repair call {at} {fault}")):
                self._tap.fault, self._tap.at = fault, at
                self._ledger.known.begin()
                return

    def _learn(self, where: str, found: tuple[list[Violation], list[State]]) -> None:
        violations, states = found
        self._ledger.known.learn(states)
        self._ledger.histories += 1
        self._broken += [Violation(v.promise, f"{where}: {v.what}") for v in violations]


class History:
    """The two disturbed runs of one scenario, and what follows."""

    def __init__(self, account: Account, ledger: Ledger, payload: Any, scenario: str) -> None:
        self._account, self._ledger, self._payload = account, ledger, payload
        self._scenario = scenario
        self._passed = 0
        self._is_retry = False
        self._last: Invocation | None = None
        self.repeats = sum(not ledger.is_on_record(*key) for key in _delivered(ledger))

    def state(self, *besides: object) -> State:
        """What decides how it goes on."""
        ended = self._last is not None and self._last.ended_in_an_error
        known = (self._passed, self._is_retry, ended, *besides)
        return state_of(self._account, self._ledger, self.repeats, *known)

    def disturb(self, first: First) -> Tap:
        """The run that is tried, with the first fault."""
        tap = Tap(first.fault, first.at)
        self._run(tap, self._payload, "first")
        assert self._last is not None
        self._is_retry = first.retried and self._last.ended_in_an_error
        return tap

    def repair(self, tap: Tap, before_call: BeforeCall) -> None:
        """The run that comes next."""
        if self._is_retry:
            self._account.pass_days(minutes=1)
            self._run(tap, self._payload, "first", before_call)
        else:
            self._passed = BY_NAME[self._scenario].days[0]
            self._account.pass_days(self._passed)
            self._run(tap, {}, f"day-{self._passed}", before_call)

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

    def _run(
        self,
        tap: Tap,
        payload: Any,
        request: str,
        before_call: BeforeCall = lambda _number, _name: None,
    ) -> None:
        before = self._ledger.told()
        watch = WatchUnknown(self._ledger, tap, payload)

        def before_each(number: int, name: str) -> None:
            before_call(number, name)
            watch(number, name)

        tap.before_call = before_each
        self._last = invoke(self._account, self._ledger, tap, payload, request)
        watch.finish(self._last.failed)
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


def pair_points(name: str, every: int = 1) -> list[PairsPoint]:
    """All kinds at each change of the run; at one read of some, the kind whose turn it is."""
    if name in OF_PEOPLE_ALONE:
        return []
    reads = count(len(name))  # so that scenarios begin with different kinds
    firsts = []
    for at, call in enumerate(undisturbed_calls(name)):
        for fault in _faults(call, reads):
            firsts.append(First(fault, at))
            if fault is Fault.DIES_AFTER:
                firsts.append(First(fault, at, retried=False))
    return [PairsPoint(name, first, every) for first in firsts]
