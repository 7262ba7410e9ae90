"""How a command ends; docs/cli.md is for operators and their scripts."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit statuses. argparse ends with 2 itself."""

    OK = 0
    FINDINGS = 1  # it worked, and the answer is not good news
    USAGE = 2  # arguments, settings, no region or credentials; nothing was done
    AWS = 3  # AWS refused or did not answer: what is shown, or done, is not whole
    INTERRUPTED = 130


class DeclinedError(Exception):
    """The command does not do what was asked, and says why; nothing was changed."""

    def __init__(self, text: str, status: Exit = Exit.USAGE) -> None:
        super().__init__(text)
        self.status = status
