"""Transitions on their way to the event bus: kept until a call's worth has come together."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from ..notify.events import Transition
from ..ports import Bus, NotSentError

BATCH = 10  # what EventBridge takes in one call


class EventBuffer:
    """Sends in batches, so that a due key costs no call of its own. Several threads may add.

    A batch that is refused waits for `close`, which tries once more.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: list[Transition] = []
        self._refused = False
        self._one_at_a_time = Lock()

    def add(self, transitions: Sequence[Transition]) -> None:
        """Takes these; sends what makes a full batch. Raises nothing."""
        with self._one_at_a_time:
            self._waiting.extend(transitions)
            while len(self._waiting) >= BATCH and not self._refused:
                try:
                    self._send_first()
                except Exception:
                    self._refused = True  # for now; `close` raises if it lasts

    def close(self) -> None:
        """Sends the rest. Raises what the bus raises: at once if it does not answer, which takes
        its time, and when every batch has been tried if it refuses some of the events."""
        problem: NotSentError | None = None
        while self._waiting:
            try:
                self._send_first()
            except NotSentError as error:
                problem = problem or error
                del self._waiting[:BATCH]
        if problem is not None:
            raise problem

    def _send_first(self) -> None:
        self._bus.send(self._waiting[:BATCH])
        del self._waiting[:BATCH]
