"""Our own ceiling on calls of a kind: at most so many a second, evenly spread."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from ..ports import Clock


class RateLimiter:
    """Lets `per_second` callers pass a second, one after the other; the others wait.

    Turns are given in the order in which they are asked for. Safe to share between threads: with
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
            turn = now if self._next is None else max(now, self._next)
            self._next = turn + self._between
        if turn > now:
            self._clock.sleep((turn - now).total_seconds())
