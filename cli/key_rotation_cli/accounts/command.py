"""`--accounts`: the commands that can show every account of a map."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..exits import Exit
from ..screen import Screen
from . import options, report, status

type Run = Callable[[argparse.Namespace, Screen], Exit]

_OF_ALL: dict[str, Run] = {"status": status.run, "report": report.run}


def extend(commands: Any) -> None:
    """Adds the options to these commands, which do as before without them."""
    for name, run_all in _OF_ALL.items():
        parser: argparse.ArgumentParser = commands.choices[name]
        options.add_to(parser)
        parser.set_defaults(run=_either(parser.get_default("run"), run_all))


def _either(run_one: Run, run_all: Run) -> Run:
    def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
        options.check(arguments)
        chosen = run_one if arguments.accounts is None else run_all
        return chosen(arguments, screen)

    return run
