"""Our own ceiling on IAM writes: at most so many in any one second."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from threading import Lock

from ..ports import Clock

_SECOND = timedelta(seconds=1)


class Ceiling:
    """Lets at most `per_second` callers pass in any second; the others wait for their turn.

    Turns are given in the order in which they are asked for. Safe to share between threads: with
    no more threads than `per_second`, nobody waits for longer than about a second.
    """

    def __init__(self, per_second: int, clock: Clock) -> None:
        self._clock = clock
        self._turns: deque[datetime] = deque(maxlen=per_second)
        self._lock = Lock()

    def wait(self) -> None:
        with self._lock:
            now = turn = self._clock.now()
            if len(self._turns) == self._turns.maxlen:
                turn = max(now, self._turns[0] + _SECOND)
            self._turns.append(turn)
        if turn > now:
            self._clock.sleep((turn - now).total_seconds())
