"""A new key is tried before it is used: IAM takes some seconds to make one known."""

from __future__ import annotations

from collections.abc import Callable

from .failures import NotAcceptedError
from .key import Identity

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 5.0  # seconds


def wait_until_accepted(
    identity: Callable[[], Identity],
    wait: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Identity:
    """Whose the key is, as soon as STS accepts it; asked at least once.

    Raises NotAcceptedError if STS still refuses it after `wait` seconds by `clock`, and any other
    FetchError at once.
    """
    end = clock() + wait
    pause = _FIRST_PAUSE
    while True:
        try:
            return identity()
        except NotAcceptedError:
            left = end - clock()
            if left <= 0:
                raise
            sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)
