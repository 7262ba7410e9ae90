"""How key-fetch ends; docs/key-fetch.md is for owners and their scripts."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit statuses. argparse ends with 2 itself; `env` ends as its command does."""

    DONE = 0  # the new key is there, or there was nothing new
    UNEXPECTED = 1
    USAGE = 2  # wrong arguments, or no region; nothing was done
    PLACEHOLDER = 20  # the secret holds no key yet
    ACCESS_DENIED = 21
    SIGN_IN = 22  # what signs is refused, expired or missing
    NOT_ACCEPTED_YET = 23  # STS refuses the new key
    UNREACHABLE = 24  # AWS does not answer
    NO_SECRET = 25  # there is none, or it waits for its deletion
    FILE = 26  # the credentials file cannot be read or written
    BUSY = 27  # another pull is at work
    UNUSABLE = 28  # the secret's value is no key, or the key of somebody else
    NOT_EXECUTABLE = 126  # the command of `env`, as in a shell
    NOT_FOUND = 127
    INTERRUPTED = 130


class FetchError(Exception):
    """One line for the owner: what was wrong, where, what to do. It holds no secret."""

    def __init__(self, status: Exit, text: str) -> None:
        super().__init__(text)
        self.status = status


class NotAcceptedError(FetchError):
    """STS refuses a key, as it does in the first seconds of a new one."""

    def __init__(self, key_id: str, code: str) -> None:
        super().__init__(
            Exit.NOT_ACCEPTED_YET,
            f"AWS does not accept the key {key_id} yet ({code}): nothing was changed. Try again "
            "in a minute",
        )
