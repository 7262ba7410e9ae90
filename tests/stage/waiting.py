"""What comes in the background is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

_EVERY_SECONDS = 0.2


def found_within[T](seconds: float, look: Callable[[], T]) -> T:
    """What `look` finds, as soon as that is anything; its last answer if nothing comes."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(_EVERY_SECONDS)
    return found


def wait_until(what: str, is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Raises TimeoutError."""
    if not found_within(seconds, is_so):
        raise TimeoutError(f"not within {seconds:.0f} s: {what}")
