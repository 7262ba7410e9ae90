"""The console script `key-rotation`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from botocore.exceptions import NoCredentialsError, NoRegionError

from key_rotation.domain.settings import SettingsError
from key_rotation.ports import DiscoveryError
from key_rotation.run.payload import PayloadError

from . import adopt, emergency, plan, restore, rotate, status
from .accounts import command as accounts
from .accounts.map import AccountMapError
from .aws_errors import AWS_ERRORS, shortened
from .connection import NOT_SET_UP
from .exits import DeclinedError, Exit
from .history import command as history
from .report import command as report
from .screen import Screen
from .usage import command as usage

_COMMANDS = (status, plan, rotate, emergency, restore, usage, history, report, adopt)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; its exit status. Bad arguments end in SystemExit(2), as argparse has it."""
    arguments = _parser().parse_args(argv)
    # What the product logs about a failure is in the answer, too.
    logging.getLogger("key_rotation").addHandler(logging.NullHandler())
    screen = Screen()
    try:
        code: Exit = arguments.run(arguments, screen)
        sys.stdout.flush()
    except DeclinedError as declined:
        screen.error(str(declined))
        return declined.status
    except (AccountMapError, SettingsError, PayloadError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            return _closed_pipe()
        screen.error(str(error))
        return Exit.USAGE
    except NOT_SET_UP as error:
        screen.error(_hint(error))
        return Exit.USAGE
    except (*AWS_ERRORS, DiscoveryError) as error:
        screen.error(shortened(str(error)))
        return Exit.AWS
    except KeyboardInterrupt:
        screen.error("interrupted")
        return Exit.INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="key-rotation",
        description="See and steer the rotation of IAM access keys in one account. Those of many: "
        "status and report, with --accounts.",
        epilog="Exit status: 0 all well; 1 findings; 2 arguments, settings or no credentials; "
        "3 AWS refused (expired credentials, too) or did not answer. "
        "docs/cli.md has the permissions that each command needs.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.add_to(commands)
    accounts.extend(commands)
    return parser


def _version() -> str:
    try:
        return version("key-rotation")
    except PackageNotFoundError:
        return "(a checkout that is not installed)"


def _hint(error: Exception) -> str:
    if isinstance(error, NoRegionError):
        return "no region: give --region, or set AWS_REGION"
    if isinstance(error, NoCredentialsError):
        return "no credentials: give --profile, or sign in"
    return str(error)


def _closed_pipe() -> Exit:
    """Whoever read our output has read enough; Python's own flush at exit must not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.OK
