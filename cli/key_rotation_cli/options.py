"""What every command takes: which credentials and region, and all but one, which installation."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Protocol

from .connection import Connection, session

DEFAULT_NAME = "access-key-rotation"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,47}")  # as variables.tf has it


class _Default(str):
    """What nobody gave; an argument of the same text is none."""

    __slots__ = ()


class Options(Protocol):
    """The parsed arguments that all commands share."""

    profile: str | None
    region: str | None


def shared(installation: bool = True) -> argparse.ArgumentParser:
    """A parent parser of each command; without `--name` if the answer is not an installation's."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("which account")
    group.add_argument("--profile", help="profile of the AWS configuration (default: AWS_PROFILE)")
    group.add_argument("--region", help="region of the installation (default: AWS_REGION)")
    if installation:
        group.add_argument(
            "--name",
            type=_name,
            default=_Default(DEFAULT_NAME),
            help="name of the installation, the module's variable `name` (default: %(default)s)",
        )
    return parser


def is_default(name: str) -> bool:
    """Whether nobody gave `--name`."""
    return isinstance(name, _Default)


def connect(
    options: Options, allowed: frozenset[str], tick: Callable[[str], None] = lambda _call: None
) -> Connection:
    """A connection for these calls. Raises BotoCoreError if profile or region are missing."""
    return Connection(session(options.profile, options.region), allowed, tick)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of an installation")
    return text
