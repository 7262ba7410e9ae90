"""How many AWS calls were made."""

from __future__ import annotations

from threading import Lock
from typing import Any, Protocol


class Emitter(Protocol):
    """A botocore session, or what a boto3 session calls `events`."""

    def register(self, event_name: str, handler: Any, unique_id: str) -> Any: ...


class CallCounter:
    """Counts the calls of every client that is made after `listen`; a retry is no call of its own.

    Several threads may call.
    """

    def __init__(self) -> None:
        self.made = 0
        self._one_at_a_time = Lock()

    def begin(self) -> None:
        """Counts from nothing."""
        self.made = 0

    def listen(self, events: Emitter) -> None:
        events.register("before-call", self._count, unique_id="access-key-rotation-calls")

    def _count(self, **_: Any) -> None:
        with self._one_at_a_time:
            self.made += 1
