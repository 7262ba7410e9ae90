"""The folder that goes from a plan to its apply, in CI as an artefact.

    plans.json           of which accounts, files, commit and Terraform the plans are
    plans.md             all plans, for a pull request or a job's summary
    <account>.txt        a plan for people, or why there is none
    <account>.tfplan     the plan that is applied
    terraform.lock.hcl   the providers that it was made with

A plan holds the values of its state: keep the folder as safe as a state.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import inputs
from .account_map import ACCOUNTS, RefusalError
from .outcome import Outcome, Result
from .terraform import Terraform

_FORMAT = 1
_OURS = ("*.tfplan", "*.txt", "plans.json", "plans.md", "terraform.lock.hcl")


@dataclass(frozen=True)
class Plans:
    """What plans.json says. `plan_hashes` has the accounts whose plan is there to be applied."""

    terraform: str
    inputs: Mapping[str, str]
    commit: str | None
    made: str
    destroy: bool
    outcomes: Mapping[str, Outcome]
    plan_hashes: Mapping[str, str]

    @property
    def origin(self) -> str:
        """Such as "made 2026-01-31T06:00:00Z of commit 0123456789ab"."""
        return f"made {self.made}" + (f" of commit {short(self.commit)}" if self.commit else "")


class Artefact:
    """`folder` need not exist before a plan."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def plan_of(self, account: str) -> Path:
        """Absolute, since Terraform changes to its own folder first."""
        return self.folder.resolve() / f"{account}.tfplan"

    def text_of(self, account: str) -> Path:
        return self.folder / f"{account}.txt"

    @property
    def page(self) -> Path:
        return self.folder / "plans.md"

    def begin(self) -> None:
        """Empties the folder of earlier plans. Only the user may read it, and git ignores it."""
        there = {file.name for file in self.folder.iterdir()} if self.folder.is_dir() else set()
        if there - {".gitignore"} and self._manifest.name not in there:
            raise RefusalError(
                f"--out: {self.folder} has files that are no plans: name an empty or new folder"
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.discard()
        (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")
        self._manifest.write_text("{}\n", encoding="utf-8")  # begun: the folder is ours

    def discard(self) -> None:
        for pattern in _OURS:
            for file in self.folder.glob(pattern):
                file.unlink()

    def write(self, outcomes: Sequence[Outcome], terraform: Terraform, *, destroy: bool) -> None:
        """What an apply needs beside the plans, which are there already."""
        shutil.copy(terraform.lock_file, self.folder / "terraform.lock.hcl")
        plans = Plans(
            terraform.version,
            inputs.hashes(terraform.folder, terraform.data),
            inputs.commit(terraform.folder),
            datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            destroy,
            {outcome.account: outcome for outcome in outcomes},
            {
                outcome.account: inputs.file_hash(self.plan_of(outcome.account))
                for outcome in outcomes
                if outcome.result is Result.PLANNED
            },
        )
        self._write(plans)

    def read(self) -> Plans:
        """Raises RefusalError."""
        try:
            said = json.loads(self._manifest.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RefusalError(
                f"{self._manifest} is not there: run plan first; --out names its folder"
            ) from None
        except ValueError:
            said = None
        if not isinstance(said, dict) or said.get("format") != _FORMAT:
            raise RefusalError(
                f"{self._manifest} is of a plan that did not end, of one with --read-only, or of "
                "another version of this script: run plan again"
            )
        outcomes = {name: _outcome(name, about) for name, about in said["accounts"].items()}
        hashes = {
            name: about["plan_sha256"]
            for name, about in said["accounts"].items()
            if "plan_sha256" in about
        }
        return Plans(
            *(said["terraform"], said["inputs"], said["commit"], said["made"], said["destroy"]),
            *(outcomes, hashes),
        )

    def use_lock_file(self, terraform: Terraform) -> None:
        """Before `init`: the providers of the plan, and no others. Raises RefusalError."""
        planned = self.folder / "terraform.lock.hcl"
        if not planned.exists():
            raise RefusalError(f"{planned} is missing: run plan again, and carry its whole folder")
        if not terraform.lock_file.exists():
            shutil.copy(planned, terraform.lock_file)
        elif terraform.lock_file.read_bytes() != planned.read_bytes():
            raise RefusalError(
                f"{terraform.lock_file} differs from that of the plans: they were made with other "
                "providers. Run plan again"
            )

    def refuse_another_terraform(self, plans: Plans, terraform: Terraform) -> None:
        """Raises RefusalError."""
        if plans.terraform != terraform.version:
            raise RefusalError(
                f"the plans were made with {plans.terraform}, and this is {terraform.version}: "
                "use that one, or run plan again"
            )

    def refuse_other_inputs(self, plans: Plans, terraform: Terraform) -> None:
        """After `init`. Raises RefusalError if folder, module or map is not what was planned."""
        here = inputs.hashes(terraform.folder, terraform.data)
        found = inputs.differences(plans.inputs, here)
        if found:
            map_first = sorted(found, key=lambda line: not line.startswith(ACCOUNTS))
            listed = "\n".join(f"  {line}" for line in map_first[:10])
            more = f"\n  and {len(found) - 10} more" if len(found) > 10 else ""
            raise RefusalError(
                f"{terraform.folder} is not what was planned ({plans.origin}); check that one "
                f"out, or run plan again:\n{listed}{more}"
            )

    def refuse_missing_plans(self, plans: Plans, names: Sequence[str]) -> None:
        """Raises RefusalError."""
        for name in names:
            if name not in plans.outcomes:
                raise RefusalError(f"{name} was not planned ({plans.origin}): plan it, too")
            if plans.outcomes[name].result is Result.APPLIED:
                raise RefusalError(f"the plan of {name} was used already: run plan again")
            if name not in plans.plan_hashes:
                continue
            file = self.plan_of(name)
            if not file.exists():
                raise RefusalError(f"{file} is missing: run plan again, and carry its whole folder")
            if inputs.file_hash(file) != plans.plan_hashes[name]:
                raise RefusalError(f"{file} is not the plan that was made: run plan again")

    def note_applied(self, plans: Plans, outcomes: Sequence[Outcome]) -> None:
        """An applied plan is spent, and gone: it holds values."""
        spent = {one.account: one for one in outcomes if one.account in plans.plan_hashes}
        for name in spent:
            self.plan_of(name).unlink(missing_ok=True)
        kept = {name: text for name, text in plans.plan_hashes.items() if name not in spent}
        noted = {
            name: replace(one, result=Result.APPLIED if name in spent else one.result)
            for name, one in plans.outcomes.items()
        }
        self._write(replace(plans, plan_hashes=kept, outcomes=noted))

    @property
    def _manifest(self) -> Path:
        return self.folder / "plans.json"

    def _write(self, plans: Plans) -> None:
        accounts = {
            name: _about(outcome, plans.plan_hashes.get(name))
            for name, outcome in plans.outcomes.items()
        }
        said = {
            "format": _FORMAT,
            "terraform": plans.terraform,
            "commit": plans.commit,
            "made": plans.made,
            "destroy": plans.destroy,
            "accounts": accounts,
            "inputs": dict(plans.inputs),
        }
        self._manifest.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def short(commit: str) -> str:
    """A commit's first digits; "+" stays, which says that files had changed."""
    return commit[:12] + ("+" if commit.endswith("+") else "")


def _about(outcome: Outcome, plan_hash: str | None) -> dict[str, Any]:
    add, change, destroy = outcome.numbers or (None, None, None)
    about = {
        "id": outcome.account_id,
        "result": str(outcome.result),
        "why": outcome.why,
        "add": add,
        "change": change,
        "destroy": destroy,
        "changes": list(outcome.changes),
    }
    return about | ({"plan_sha256": plan_hash} if plan_hash else {})


def _outcome(name: str, about: Mapping[str, Any]) -> Outcome:
    numbers = (about["add"], about["change"], about["destroy"])
    return Outcome(
        name,
        about["id"],
        Result(about["result"]),
        None if None in numbers else numbers,
        about["why"],
        tuple(about["changes"]),
    )
