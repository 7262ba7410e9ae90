"""The states from which a history went on to its end without a violation.

Most points lead into few states: a run that was disturbed is repaired, and what follows is the same
as after many another disturbance. A history that comes into a known state need not go on. What it
has broken before is in its state, so no verdict gets lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

# Histories that have not met by then do not meet later.
LOOKS = 5


class KnownStates:
    """By state, how many repeats were excused: with more of them, less can be broken."""

    def __init__(self) -> None:
        self._repeats: dict[str, int] = {}
        self._path: dict[str, int] = {}
        self._news: dict[str, int] = {}
        self.is_used = True

    def begin(self) -> None:
        """A branch begins, which has come through nothing and found nothing yet."""
        self._path, self._news = {}, {}

    def found(self, is_clean: bool) -> dict[str, int]:
        """What this branch got to know; the states that it came through, if it `is_clean`."""
        return self._news | (self._path if is_clean else {})

    def learn(self, found: Mapping[str, int]) -> None:
        """What a branch has found."""
        for state, repeats in found.items():
            least = min(repeats, self._repeats.get(state, repeats))
            self._repeats[state] = self._news[state] = least

    def holds(self, state: Callable[[], str], repeats: int) -> bool:
        """Whether this history, in its present state, need not go on."""
        if not self.is_used or len(self._path) >= LOOKS:
            return False
        present = state()
        self._path[present] = repeats
        return self._repeats.get(present, repeats + 1) <= repeats
