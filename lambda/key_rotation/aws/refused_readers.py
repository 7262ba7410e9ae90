"""Readers whom AWS refused in this run: nobody waits for them a second time."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock


class RefusedReaders:
    """Sets of readers whose policy AWS refused for longer than IAM takes to know a principal. A
    policy that names all of such a set is refused as well, if one of these was the cause. Several
    threads may ask."""

    def __init__(self) -> None:
        self._refused: set[frozenset[str]] = set()
        self._changing = Lock()

    def are_among(self, readers: Iterable[str]) -> bool:
        with self._changing:
            return any(refused.issubset(readers) for refused in self._refused)

    def add(self, readers: Iterable[str]) -> None:
        """No readers at all are never the cause."""
        refused = frozenset(readers)
        if refused:
            with self._changing:
                self._refused.add(refused)

    def remove(self, readers: Iterable[str]) -> None:
        """AWS took a policy that names these: each of them exists, so the cause was another."""
        taken = frozenset(readers)
        with self._changing:
            self._refused = {refused for refused in self._refused if not refused <= taken}
