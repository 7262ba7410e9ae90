"""Our own rate limit: at most so many calls of a kind a second, evenly spread."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from ..ports import Clock


class RateLimiter:
    """Lets `per_second` callers pass a second, one after the other; the others wait.

    Slots are given in the order in which they are asked for. Safe to share between threads: with
    no more threads than `per_second`, nobody waits for longer than about a second.
    """

    def __init__(self, per_second: int, clock: Clock) -> None:
        self._clock = clock
        self._between = timedelta(seconds=1) / per_second
        self._next: datetime | None = None
        self._lock = Lock()

    def wait(self) -> None:
        with self._lock:
            now = self._clock.now()
            slot = now if self._next is None else max(now, self._next)
            self._next = slot + self._between
        if slot > now:
            self._clock.sleep((slot - now).total_seconds())
