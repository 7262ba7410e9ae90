"""`python -m tests.demo`, in the environment of `make demo`.

Ends with 0 only if all happened that the demo shows; KEEP=1 leaves everything up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

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
    status = 0
    try:
        story.play()
    except KeyboardInterrupt:
        screen.fail("interrupted; everything is being taken down")
        status = 130
    except Exception as error:
        if not isinstance(error, _EXPECTED):  # a mistake of the demo's own: where it is matters
            screen.console.print_exception()
        screen.fail(str(error) or type(error).__name__)
        status = 1
    if status != 130 and os.environ.get("KEEP") == "1":
        return status
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it
    try:
        story.take_down()
    except KeyboardInterrupt:  # SIGTERM
        screen.fail("ended before everything was taken down")
        return 143
    except _EXPECTED as error:
        screen.fail(f"not everything was taken down: {error}")
        return status or 1
    return status


if __name__ == "__main__":
    sys.exit(main())
