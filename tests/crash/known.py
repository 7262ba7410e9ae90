"""The states from which a history went on to its end without a violation.

Most points lead into few states: a run that was disturbed is repaired, and what follows is the same
as after many another disturbance. A history that comes into a known state need not go on. What it
has broken before is in its state, so no verdict gets lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

# Histories that have not met by then do not meet later.
LOOKS = 5


@dataclass(frozen=True)
class State:
    """Of a history. Its `excuses`, and so many `repeats`, are no part of the `digest`: the ledger
    goes by them to let something pass, and by nothing else."""

    digest: str
    excuses: frozenset[str] = frozenset()
    repeats: int = 0

    def covers(self, other: State) -> bool:
        """Whether the other one breaks nothing if this one does not: it is the same, and what it is
        excused of is as much, or more."""
        same = self.digest == other.digest
        return same and self.repeats <= other.repeats and self.excuses <= other.excuses


class KnownStates:
    """Those that broke nothing, by their digest."""

    def __init__(self) -> None:
        self._clean: dict[str, list[State]] = {}
        self._path: list[State] = []
        self._news: list[State] = []
        self.is_used = True

    def begin(self) -> None:
        """A branch begins, which has come through nothing and found nothing yet."""
        self._path, self._news = [], []

    def found(self, is_clean: bool) -> list[State]:
        """What this branch got to know; the states that it came through, if it `is_clean`."""
        return self._news + (self._path if is_clean else [])

    def learn(self, found: Iterable[State]) -> None:
        """What a branch has found."""
        for state in found:
            if not self._is_known(state):
                others = self._clean.get(state.digest, [])
                left = [other for other in others if not state.covers(other)]
                self._clean[state.digest] = [*left, state]
                self._news.append(state)

    def holds(self, state: Callable[[], State]) -> bool:
        """Whether this history, in its present state, need not go on."""
        if not self.is_used or len(self._path) >= LOOKS:
            return False
        present = state()
        self._path.append(present)
        return self._is_known(present)

    def _is_known(self, state: State) -> bool:
        return any(known.covers(state) for known in self._clean.get(state.digest, ()))
