"""`python -m tests.demo`, in the environment of `make demo`.

Ends with 0 only if all happened that the demo shows; KEEP=1 leaves everything up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from tests.localstack.endpoint import LocalStackError
from tests.stage.shell import ShellError
from tests.stage.terraform import TerraformError

from .scene import ClaimError
from .screen import Screen
from .story import Story

_EXPECTED = (
    *(BotoCoreError, ClientError, subprocess.TimeoutExpired),
    *(ClaimError, LocalStackError, ShellError, TerraformError),
)


def main() -> int:
    """Play the story, then take everything down; the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    screen = Screen()
    story = Story(screen)
    status = _attempt(screen, story.play, "interrupted; everything is being taken down")
    if status != 130 and os.environ.get("KEEP") == "1":
        return status
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it
    end = _attempt(screen, story.take_down, "ended before everything was taken down")
    return status or end


def _attempt(screen: Screen, part: Callable[[], None], if_interrupted: str) -> int:
    try:
        part()
    except KeyboardInterrupt:  # SIGTERM too
        screen.fail(if_interrupted)
        return 130
    except Exception as error:
        if not isinstance(error, _EXPECTED):  # a mistake of the demo's own: where it is matters
            screen.console.print_exception()
        screen.fail(str(error) or type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
