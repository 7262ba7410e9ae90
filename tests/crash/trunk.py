"""What happens within the run that is tried, from that run itself: it goes on in a branch with each
point, from the call that the point is about, so the calls before are made once for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from tests.aws.account import Account
from tests.crash.branches import Fork
from tests.crash.ledger import Ledger
from tests.crash.runs import Invocation, invoke
from tests.crash.wire import Tap

GoOn = Callable[[Invocation], None]


@dataclass(frozen=True)
class Struck:
    """A run of the scenario, right before its `call`; after its end, if that is None."""

    account: Account
    ledger: Ledger
    payload: Any
    tap: Tap
    call: str | None


@runtime_checkable
class Strike(Protocol):
    """A point within the run, at the call of this number, or after its end if it has fewer."""

    @property
    def scenario(self) -> str: ...

    @property
    def at(self) -> int: ...

    def strike(self, run: Struck) -> GoOn:
        """Brings it about. What is returned goes on after the run."""


class Trunk[P: Strike]:
    """One run of a scenario with all these points."""

    def __init__(self, account: Account, ledger: Ledger, payload: Any, points: Iterable[P]) -> None:
        self._account, self._ledger, self._payload = account, ledger, payload
        self._waiting: dict[int, list[P]] = {}
        for point in points:
            self._waiting.setdefault(point.at, []).append(point)
        self._tap = Tap(before_call=self._split)
        self._fork = Fork()
        self._branch: tuple[P, GoOn] | None = None

    def play(self, judge: Callable[[P], Any], learn: Callable[[Any], None]) -> None:
        """Each branch reports what `judge` returns at its end; here, `learn` gets that."""
        self._learn = learn

        def run() -> Any:
            first = invoke(self._account, self._ledger, self._tap, self._payload, "first")
            for at in sorted(self._waiting):
                self._split(at, None)
            if self._branch is None:
                return None
            point, go_on = self._branch
            go_on(first)
            return judge(point)

        self._fork.do(run)

    def _split(self, at: int, call: str | None) -> None:
        for point in self._waiting.pop(at, ()) if self._branch is None else ():
            if self._fork.off(self._learn):
                self._tap.before_call = lambda _number, _name: None
                self._ledger.known.begin()
                run = Struck(self._account, self._ledger, self._payload, self._tap, call)
                self._branch = point, point.strike(run)
                return
