"""`key-rotation` as an operator runs it, in the account of moto."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from key_rotation_cli.main import main
from tests.aws.account import REGION


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def columns(self) -> list[list[str]]:
        """The rows of a plain table, without headings and the sentence below it."""
        return [line.split() for line in self.lines[1:-1]]


@dataclass(frozen=True)
class CommandLine:
    """Runs commands; what they print is captured."""

    captured: pytest.CaptureFixture[str]

    def __call__(
        self, *arguments: str, name: str | None = "key-rotation", region: str | None = REGION
    ) -> Outcome:
        """`name` is the installation's; None for a command that asks for none. If `region` is None,
        it is that of the environment."""
        self.captured.readouterr()
        installation = [] if name is None else ["--name", name]
        where = [] if region is None else ["--region", region]
        status = main([*arguments, *where, *installation])
        printed = self.captured.readouterr()
        return Outcome(status, printed.out, printed.err)
