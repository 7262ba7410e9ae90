"""`key-fetch env`: a command with the key of the secret in its environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from .failures import Exit, FetchError
from .key import Key

# What would win over the key, or belongs to another one.
_REMOVED = (
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
)


def environment_with(key: Key, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the key in place of all other credentials."""
    kept = {name: value for name, value in environment.items() if name not in _REMOVED}
    return kept | {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret}


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Becomes the command, where a process can, and does not return; else its exit status.

    Raises FetchError if the command cannot be started.
    """
    try:
        if os.name == "posix":
            _become(command, environment)
        return subprocess.run(list(command), env=dict(environment)).returncode  # noqa: S603
    except FileNotFoundError:
        raise FetchError(Exit.NOT_FOUND, f"there is no command {command[0]}") from None
    except OSError as error:
        raise FetchError(
            Exit.NOT_EXECUTABLE, f"{command[0]} cannot be run: {error.strerror}"
        ) from None


def _become(command: Sequence[str], environment: Mapping[str, str]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores these, and the command would inherit that.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.execvpe(command[0], list(command), environment)  # noqa: S606
