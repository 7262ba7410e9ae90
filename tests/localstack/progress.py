"""Signs of life for steps that take long."""

import sys
import time


class Progress:
    """Prints a line at once for news, and at least every few seconds when there is none."""

    def __init__(self, every: float = 5.0) -> None:
        self._began = self._printed = time.monotonic()
        self._every = every

    def say(self, text: str) -> None:
        """Print a line with the seconds elapsed."""
        self._printed = time.monotonic()
        seconds = self._printed - self._began
        print(f"[localstack {seconds:4.0f} s] {text}", file=sys.stderr, flush=True)

    def beat(self, text: str) -> None:
        """Print the line if nothing was printed for a while."""
        if time.monotonic() - self._printed >= self._every:
            self.say(text)
