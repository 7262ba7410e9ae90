"""Plans or applies examples/multi-account in every account, and shows the outcome in a table.

    python scripts/accounts.py plan             plans every account, and saves the plans
    python scripts/accounts.py apply            applies the saved plans, and only those
    python scripts/accounts.py destroy          destroys every installation, the central one last
    … --only shop,warehouse                     these accounts only
    … --jobs 4                                  4 accounts at a time, after the central one

Each account has a workspace, and so a state, of its own; the map of accounts is in the folder's
accounts.auto.tfvars.json. A failure in one account does not stop the others. Exits with 1 if any
account failed. Standard library only; Terraform must be on the PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "cli"))  # where it is, whoever starts this script with any Python

from key_rotation_cli.accounts.map import AccountMapError, read_map  # noqa: E402

FOLDER = ROOT / "examples" / "multi-account"
ACCOUNTS = "accounts.auto.tfvars.json"
COLUMNS = ("account", "id", "add", "change", "destroy", "result")


@dataclass(frozen=True)
class Outcome:
    """What a command did in one account. `numbers` is None if Terraform printed none."""

    account: str
    account_id: str
    numbers: tuple[int, int, int] | None
    result: str
    failed: bool = False

    def row(self) -> tuple[str, ...]:
        numbers = tuple(str(n) for n in self.numbers) if self.numbers else ("-", "-", "-")
        return (self.account, self.account_id, *numbers, self.result)


class Accounts:
    """The accounts of one folder; `environment` is Terraform's. Raises AccountMapError.

    Only what this script needs is checked here: Terraform checks the rest, and names it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._plans = Path(environment.get("TF_DATA_DIR", folder / ".terraform")).resolve()
        self.map = read_map(folder / ACCOUNTS)
        if self.map.central is None:
            raise AccountMapError(f"{self.map.file} needs central_account: the name of an account")
        self.central, self.ids = self.map.central, self.map.ids

    def prepare(self) -> None:
        """Installs providers, and makes the workspaces that are missing. Raises SystemExit."""
        self._must(self._terraform(None, "init", "-input=false", "-no-color"))
        listed = self._must(self._terraform(None, "workspace", "list"))
        there = listed.replace("*", " ").split()
        for name in self.ids:
            if name not in there:
                self._must(self._terraform(None, "workspace", "new", name))

    def plan(self, account: str) -> Outcome:
        plan = self._plan(account)
        return self._change(account, "plan", f"-out={plan}")

    def apply(self, account: str) -> Outcome:
        """What was planned, and nothing else."""
        plan = self._plan(account)
        if not plan.exists():
            return self._outcome(account, None, "not planned: run plan first", failed=True)
        try:
            return self._change(account, "apply", str(plan))
        finally:
            plan.unlink()

    def destroy(self, account: str) -> Outcome:
        return self._change(account, "destroy", "-auto-approve")

    def _plan(self, account: str) -> Path:
        return self._plans / f"{account}.tfplan"

    def _change(self, account: str, command: str, *options: str) -> Outcome:
        done = self._terraform(account, command, "-json", "-input=false", *options)
        entries = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        summaries = [entry["changes"] for entry in entries if entry["type"] == "change_summary"]
        numbers = None
        if summaries:
            last = summaries[-1]
            numbers = (last["add"], last["change"], last["remove"])
        if done.returncode != 0:
            return self._outcome(account, numbers, _problem(entries) or done.stderr, failed=True)
        return self._outcome(account, numbers, "planned" if command == "plan" else "done")

    def _outcome(
        self,
        account: str,
        numbers: tuple[int, int, int] | None,
        result: str,
        failed: bool = False,
    ) -> Outcome:
        return Outcome(
            account, self.ids[account], numbers, " ".join(_plain(result).split()), failed
        )

    @staticmethod
    def _must(done: subprocess.CompletedProcess[str]) -> str:
        if done.returncode != 0:
            raise SystemExit(_plain(done.stderr or done.stdout))
        return done.stdout

    def _terraform(self, account: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = dict(self._environment)
        environment.pop("TF_WORKSPACE", None)
        if account is not None:
            environment["TF_WORKSPACE"] = account
        return subprocess.run(  # noqa: S603 - our own arguments
            ["terraform", f"-chdir={self._folder}", *arguments],  # noqa: S607
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def in_order(
    accounts: Sequence[str],
    central: str,
    command: str,
    do: Callable[[str], Outcome],
    jobs: int,
) -> list[Outcome]:
    """The central account first, since the others send to it; it is destroyed last."""
    others = [account for account in accounts if account != central]
    alone = [do(central)] if central in accounts and command != "destroy" else []
    with ThreadPoolExecutor(jobs) as pool:
        found = alone + list(pool.map(do, others))
    if central in accounts and command == "destroy":
        found.append(do(central))
    return found


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as lines of text, columns below each other."""
    rows = [COLUMNS, *(outcome.row() for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS) - 1)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if column in (2, 3, 4) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row[:-1], widths, strict=True))
        ]
        lines.append("  ".join([*cells, row[-1]]))
    return "\n".join(lines)


def _problem(entries: Sequence[Mapping[str, object]]) -> str:
    found = [entry["diagnostic"] for entry in entries if entry["type"] == "diagnostic"]
    texts = [
        f"{error['summary']}: {error.get('detail', '')}".strip(": ")
        for error in found
        if isinstance(error, dict) and error["severity"] == "error"
    ]
    return "; ".join(texts)


def _plain(text: str) -> str:
    """What Terraform or a provider said, without colours, or whatever else steers a terminal."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _jobs(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 99")
    return int(text)


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    parser = argparse.ArgumentParser(description="Plan or apply in every account.")
    parser.add_argument("command", choices=("plan", "apply", "destroy"))
    parser.add_argument("--only", metavar="ACCOUNT,…", help="these accounts only")
    parser.add_argument("--jobs", type=_jobs, default=2, help="accounts at a time (2)")
    options = parser.parse_args(arguments)
    try:
        accounts = Accounts(folder, os.environ)
        names = accounts.map.chosen(options.only)
    except AccountMapError as error:
        raise SystemExit(str(error)) from None
    accounts.prepare()
    act = {"plan": accounts.plan, "apply": accounts.apply, "destroy": accounts.destroy}
    do = act[options.command]

    def with_signs_of_life(account: str) -> Outcome:
        print(f"{account}: {options.command} …", file=sys.stderr, flush=True)
        return do(account)

    outcomes = in_order(names, accounts.central, options.command, with_signs_of_life, options.jobs)
    print(table(outcomes))
    return int(any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
