"""Time that passes only when somebody works.

Waiting is the greatest part of a run, and nothing is learnt from waiting for real: when every
thread of the run waits, the clock jumps to the moment at which the first of them goes on. Progress
takes as long as it takes on this machine. For a program without threads that is exact; with
threads the clock may jump a moment early while the machine is busy with something else, which
makes a run look slower than it is, never faster.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from datetime import UTC, datetime, timedelta

from key_rotation.domain.prefilter import FULL_LOOK_DAY
from key_rotation.run.weekly import WEEKDAY

_really_sleep = time.sleep
# The run is taken to wait when its process was idle for so long. Real seconds.
_LOOK_EVERY = 0.0005
_IDLE_SHARE = 0.25
# Who would go on within this of the first one goes on with it. Seconds.
_TOGETHER = 0.002


class Clock:
    """The `Clock` port of the product; also what `time.sleep` of others is replaced with.

    `started` is the date that the account lives in; `budget_seconds` is the Lambda's timeout.
    """

    def __init__(self, started: datetime, budget_seconds: float) -> None:
        self._started = started
        self._budget = budget_seconds
        self._origin = time.monotonic()
        self._skipped = 0.0
        self._lock = threading.Lock()
        self._waiting: list[tuple[float, int, threading.Event]] = []
        self._numbers = itertools.count()
        self._pacer: threading.Thread | None = None

    def elapsed(self) -> float:
        """Seconds since the clock was made: those worked, and those waited."""
        return time.monotonic() - self._origin + self._skipped

    def now(self) -> datetime:
        return self._started + timedelta(seconds=self.elapsed())

    def remaining(self) -> timedelta:
        return timedelta(seconds=self._budget - self.elapsed())

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        with self._lock:
            if threading.active_count() <= (2 if self._pacer else 1):
                self._skipped += seconds
                return
            go_on = threading.Event()
            entry = (self.elapsed() + seconds, next(self._numbers), go_on)
            heapq.heappush(self._waiting, entry)
            if self._pacer is None:
                self._pacer = threading.Thread(target=self._jump, daemon=True)
                self._pacer.start()
        go_on.wait()

    def _jump(self) -> None:
        while True:
            worked, passed = time.process_time(), time.perf_counter()
            _really_sleep(_LOOK_EVERY)
            passed = time.perf_counter() - passed
            idle = time.process_time() - worked < _IDLE_SHARE * passed
            with self._lock:
                if not self._waiting:
                    continue
                ahead = self._waiting[0][0] - self.elapsed()
                if ahead > 0 and not idle:
                    continue
                self._skipped += max(ahead, 0.0)
                until = self.elapsed() + _TOGETHER
                while self._waiting and self._waiting[0][0] <= until:
                    heapq.heappop(self._waiting)[2].set()


def latest(*, is_monday: bool) -> datetime:
    """Now, or some days ago: on a Monday, on which the product looks at every secret, or on any
    other day; never near the day of the month on which it looks at every user."""
    now = datetime.now(UTC).replace(microsecond=0)
    while (now.weekday() == WEEKDAY) is not is_monday or abs(now.day - FULL_LOOK_DAY) <= 1:
        now -= timedelta(days=1)
    return now
