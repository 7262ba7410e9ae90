"""The command line."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from .account_map import RefusalError, read_map
from .accounts import Accounts, listed
from .artefact import Artefact
from .outcome import Outcome, Result, failures_in_full, table
from .pages import WHAT_STAYS, changes, screen
from .terraform import Terraform

OK, FAILED, DRIFT = 0, 1, 2
EPILOG = """\
exit status: 0, done, or for drift: no difference; 1, something failed or was refused; 2, drift.

The folder's accounts.auto.tfvars.json has the map of accounts. Each account has a workspace, and so
a state, of its own. A failure in one account does not stop the others. The program is terraform, or
tofu if there is no terraform; TF names another one."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Status 1: with 2, a typing error would pass for drift."""
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"{self.prog}: error: {message}\n")


def main(arguments: Sequence[str], program: str = "accounts") -> int:
    """Runs a command; returns the exit status. `program` is how people start it."""
    options = _parser(program).parse_args(arguments)
    try:
        return _run(options, os.environ)
    except RefusalError as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted: run plan again, which shows what is left to do", file=sys.stderr)
        return FAILED


def _run(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    folder = options.folder
    terraform = Terraform(folder, environment)
    map_ = read_map(folder)
    names = map_.chosen(options.only)
    accounts = Accounts(map_, terraform, options.jobs, _tell)
    _tell(f"{terraform.version}, {folder.resolve()}")
    if options.command == "drift":
        return _drift(accounts, names)
    artefact = Artefact(options.out or folder / "plans")
    if options.command == "apply":
        return _apply(accounts, names if options.only else None, artefact)
    if options.only and options.all:
        raise RefusalError("--only and --all exclude each other: give one of them")
    is_destroy = options.command == "destroy" or options.destroy
    if is_destroy and not options.only and not options.all:
        raise RefusalError("which accounts? Name them: --only shop, or --all for every account")
    if options.command == "destroy":
        return _destroy(accounts, names, artefact, yes=options.yes)
    apply = f"{options.program} apply --folder {folder} --out {artefact.folder}"
    start = None if options.read_only else apply
    return _plan(accounts, names, artefact, destroy=is_destroy, start=start)


def _plan(
    accounts: Accounts,
    names: Sequence[str],
    artefact: Artefact,
    *,
    destroy: bool,
    start: str | None,
) -> int:
    """`start` is the command that applies it; None for a plan that only reads."""
    outcomes = accounts.plan(names, artefact, destroy=destroy, read_only=start is None)
    shown = changes(outcomes) if destroy else screen(outcomes, artefact)
    _print(shown, table(outcomes), failures_in_full(outcomes), WHAT_STAYS if destroy else "")
    if any(outcome.result is Result.PLANNED for outcome in outcomes):
        apply = f"\nTo apply them: {start}" if start else ""
        _print(f"To read them:  {artefact.page}{apply}")
    return _status(outcomes)


def _apply(accounts: Accounts, only: Sequence[str] | None, artefact: Artefact) -> int:
    plans, outcomes = accounts.apply(only, artefact)
    _print(table(outcomes), failures_in_full(outcomes))
    if plans.destroy:
        _print(_after_destroy(accounts, outcomes))
    return _status(outcomes)


def _drift(accounts: Accounts, names: Sequence[str]) -> int:
    outcomes = accounts.drift(names)
    _print(table(outcomes), changes(outcomes), failures_in_full(outcomes))
    drifted = any(outcome.result is Result.DRIFT for outcome in outcomes)
    return _status(outcomes) or (DRIFT if drifted else OK)


def _destroy(accounts: Accounts, names: Sequence[str], artefact: Artefact, *, yes: bool) -> int:
    status = _plan_to_destroy(accounts, names, artefact)
    if status is not None:
        return status
    if not yes and not _confirmed(names):
        artefact.discard()
        print("nothing was destroyed", file=sys.stderr)
        return FAILED
    return _apply(accounts, names, artefact)


def _plan_to_destroy(accounts: Accounts, names: Sequence[str], artefact: Artefact) -> int | None:
    """Shows it; returns the exit status if there is no more to do."""
    outcomes = accounts.plan(names, artefact, destroy=True)
    _print(changes(outcomes), table(outcomes), failures_in_full(outcomes), WHAT_STAYS)
    if any(outcome.failed for outcome in outcomes):
        print("nothing was destroyed: a plan failed", file=sys.stderr)
        return FAILED
    if all(outcome.result is Result.NO_CHANGE for outcome in outcomes):
        _print(_after_destroy(accounts, outcomes))
        return OK
    return None


def _confirmed(names: Sequence[str]) -> bool:
    expected = ",".join(names)
    if not sys.stdin.isatty():
        print("error: nobody can confirm this here: give --yes", file=sys.stderr)
        return False
    try:
        return input(f"\nType {expected} to destroy this: ").strip() == expected
    except EOFError:
        return False


def _after_destroy(accounts: Accounts, outcomes: Sequence[Outcome]) -> str:
    gone = [outcome.account for outcome in outcomes if not outcome.failed]
    if not gone:
        return ""
    program = Path(accounts.terraform.program).name
    lines = [
        f"Still to do, or the next plan makes {listed(gone)} again:",
        f"  1. take {listed(gone)} out of {accounts.map.file}",
        "  2. "
        + "\n     ".join(
            f"{program} -chdir={accounts.terraform.folder} workspace delete {name}" for name in gone
        ),
    ]
    if accounts.map.central not in gone:
        lines.append(f"  3. plan and apply: {accounts.map.central} then admits these no more")
    return "\n".join(lines)


def _status(outcomes: Sequence[Outcome]) -> int:
    return FAILED if any(outcome.failed for outcome in outcomes) else OK


def _print(*parts: str) -> None:
    """The parts that are not empty, with an empty line between them."""
    print("\n" + "\n\n".join(part.rstrip("\n") for part in parts if part), flush=True)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _jobs(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 99")
    return int(text)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=program,
        description="Installs the access key rotation in many accounts.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    said: Mapping[str, str] = {
        "plan": "plan every account, show the plans and save them",
        "apply": "apply the saved plans, and only those",
        "drift": "compare every account with the folder, and change nothing",
        "destroy": "show what goes and what stays in accounts, ask, and destroy it",
    }
    for name, text in said.items():
        _add(commands.add_parser(name, help=text, description=text, epilog=EPILOG))
    return parser


def _add(parser: argparse.ArgumentParser) -> None:
    command = parser.prog.split()[-1]
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(program=parser.prog.rpartition(" ")[0])
    add: Callable[..., object] = parser.add_argument
    add("--folder", type=Path, default=Path(), help="folder of the root module (.)")
    add("--only", metavar="ACCOUNT,…", help="these accounts only")
    add("--jobs", type=_jobs, default=2, help="accounts at a time, after the central one (2)")
    if command != "drift":
        add("--out", type=Path, help="folder of the saved plans (plans, in the root module)")
    if command == "plan":
        add("--destroy", action="store_true", help="plan to destroy; needs --only or --all")
        add("--read-only", action="store_true", help="to look at: locks and writes no state")
    if command in ("plan", "destroy"):
        add("--all", action="store_true", help="destroy in every account, the central one last")
    if command == "destroy":
        add("--yes", action="store_true", help="do not ask")
