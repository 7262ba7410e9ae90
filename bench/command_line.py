"""One command of `key-rotation` in a process of its own: `python -m bench.command_line COMMAND
PARAMETERS`.

Both are JSON: a `Command`, and the parameters of the installation. Prints the result as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from unittest.mock import patch

import botocore.handlers
import time_machine

from tests.defaults import default_parameters

from .account import REGION
from .cell import subscriptions
from .clock import Clock, latest
from .emulator import Emulator
from .population import Population
from .process import in_a_process, say

LATENCY = 0.05
USERS, SOME = 5_000, 56
COMMANDS = ("status", "status --check", "plan", "report")
# Reads every user, as all commands did before they took the function's way of discovery.
ONE_BY_ONE = "status --exact"


@dataclass(frozen=True)
class Command:
    """What is measured: the command line, and the account that it is about, as in a `Cell`."""

    line: str
    users: int
    due: int


@dataclass(frozen=True)
class Answered:
    """`seconds` are those of an operator, at the latency of a call; `status` is the exit status."""

    command: Command
    calls: int
    seconds: float
    status: int


def measured() -> list[Answered]:
    """Each command with nobody due and with some, and beside them one that reads every user. One
    after the other, each in a process of its own: an operator's machine does little else."""
    parameters = json.dumps(default_parameters())
    of_all = [Command(line, USERS, due) for due in (0, SOME) for line in COMMANDS]
    return [_answered(each, parameters) for each in (*of_all, Command(ONE_BY_ONE, USERS, 0))]


def _answered(command: Command, parameters: str) -> Answered:
    answered = parsed(in_a_process(__name__, command, parameters))
    say(
        f"key-rotation {command.line}, {command.users:,} users, {command.due:,} due: "
        f"{answered.calls:,} calls, {answered.seconds:,.1f} s"
    )
    return answered


def measure(command: Command, parameters: dict[str, str]) -> Answered:
    # Not at import: a process counts the memory of the one that it was forked from.
    from key_rotation_cli.main import main as key_rotation

    os.environ |= {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
    }
    started = latest(is_monday=False)
    account = Population(command.users, command.due).account(started)
    account.parameters, account.subscriptions = parameters, subscriptions()
    with TemporaryDirectory() as folder, time_machine.travel(started, tick=True):
        # Nobody asked for a credential report within 4 hours, so that it must be made first.
        clock = Clock(started, budget_seconds=0)
        emulator = Emulator(account, clock, LATENCY, report_seconds=max(2.0, command.users / 1000))
        botocore.handlers.BUILTIN_HANDLERS.append(("before-send", emulator.answer))
        with (
            patch("time.sleep", clock.sleep),
            patch("botocore.endpoint.time", SimpleNamespace(sleep=clock.sleep)),
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
        ):
            status = key_rotation(_arguments(command.line, Path(folder)))
        return Answered(command, sum(emulator.calls.values()), clock.elapsed(), status)


def _arguments(line: str, folder: Path) -> Sequence[str]:
    target = ["--html", str(folder / "report.html")] if line == "report" else []
    return [*line.split(), *target]


def parsed(text: str) -> Answered:
    """A result as the process of a command prints it."""
    fields = json.loads(text)
    return Answered(**fields | {"command": Command(**fields["command"])})


def main() -> None:
    command, parameters = map(json.loads, sys.argv[1:])
    json.dump(asdict(measure(Command(**command), parameters)), sys.stdout)


if __name__ == "__main__":
    main()
