"""Terraform or OpenTofu, in a folder: a workspace for each account."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .account_map import RefusalError

LOCK_FILE = ".terraform.lock.hcl"
_PROGRAMS = ("terraform", "tofu")
_WAIT = "-lock-timeout=2m"  # for another job that works on the same state


@dataclass(frozen=True)
class Answer:
    """What a command said: its exit status, the lines of -json that were JSON, and its stderr."""

    status: int
    entries: list[dict[str, Any]]
    stderr: str

    @property
    def numbers(self) -> tuple[int, int, int] | None:
        """To add, to change, to destroy; None if Terraform did not come that far."""
        summaries = [entry["changes"] for entry in self._of("change_summary")]
        if not summaries:
            return None
        last = summaries[-1]
        return (last["add"], last["change"], last["remove"])

    @property
    def began(self) -> bool:
        """Whether an apply began to change something: only then numbers of a failure say much."""
        hooks = [entry["hook"] for entry in self._of("apply_start")]
        return any(hook["action"] != "read" for hook in hooks)  # a plan reads data sources

    @property
    def changes(self) -> list[str]:
        """What is to change, as "update aws_sns_topic.this"; sorted by the address."""
        found = [entry["change"] for entry in self._of("planned_change")]
        pairs = sorted(
            (one["resource"]["addr"], one["action"]) for one in found if one["action"] != "read"
        )
        return [f"{action} {plain(address)}" for address, action in pairs]

    @property
    def warnings(self) -> list[str]:
        return self._diagnostics("warning")

    @property
    def problem(self) -> str:
        """The errors in Terraform's own words, one to a line."""
        return "\n".join(self._diagnostics("error")) or plain(self.stderr).strip()

    def _of(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry.get("type") == kind]

    def _diagnostics(self, severity: str) -> list[str]:
        found = [entry["diagnostic"] for entry in self._of("diagnostic")]
        texts = [
            one_line(f"{one['summary']}: {one.get('detail', '')}".strip(": "))
            for one in found
            if one["severity"] == severity
        ]
        return list(dict.fromkeys(texts))


@dataclass(frozen=True)
class Terraform:
    """`environment` is the program's; its TF chooses it, its TF_WORKSPACE is not heeded."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    @cached_property
    def program(self) -> str:
        """The path of the program. Raises RefusalError."""
        named = self.environment.get("TF")
        for name in (named,) if named else _PROGRAMS:
            found = shutil.which(name, path=self.environment.get("PATH"))
            if found:
                return found
        if named:
            raise RefusalError(f"TF is {named!r}, which is no program on the PATH")
        raise RefusalError(
            "neither terraform nor tofu is on the PATH: install one, or name it in TF"
        )

    @cached_property
    def version(self) -> str:
        """Such as "Terraform 1.11.4". Raises RefusalError."""
        done = self._run(None, "version")
        found = re.search(r"^(Terraform|OpenTofu) v(\S+)", done.stdout, re.MULTILINE)
        if not found:
            said = one_line(done.stderr or done.stdout)
            raise RefusalError(f"{self.program} version does not work: {said}")
        return f"{found[1]} {found[2]}"

    @property
    def data(self) -> Path:
        """Where `init` installs modules."""
        return self.folder / self.environment.get("TF_DATA_DIR", ".terraform")

    @property
    def lock_file(self) -> Path:
        return self.folder / LOCK_FILE

    def init(self) -> None:
        """Installs modules and providers. Raises RefusalError."""
        self._must("init", "-input=false", "-no-color")

    def workspaces(self) -> list[str]:
        """Those that exist, but for the default one. Raises RefusalError."""
        listed = self._must("workspace", "list").replace("*", " ").split()
        return [name for name in listed if name != "default"]

    def make_workspaces(self, names: list[str]) -> None:
        """Raises RefusalError. Leaves none selected, since the selected one cannot be deleted."""
        for name in names:
            self._must("workspace", "new", name)
        if names:
            self._must("workspace", "select", "default")

    def plan(self, account: str, file: Path, *, destroy: bool, lock: bool = True) -> Answer:
        """Saves the plan; status 0: nothing to do, 2: changes."""
        mode = [
            _WAIT if lock else "-lock=false",
            f"-out={file}",
            *(["-destroy"] if destroy else []),
        ]
        return self._answer(account, "plan", "-detailed-exitcode", *mode)

    def show(self, account: str, plan: Path) -> tuple[bool, str]:
        """Whether it worked, and the saved plan for people; sensitive values are masked."""
        done = self._run(account, "show", "-no-color", str(plan))
        return done.returncode == 0, plain(done.stdout if done.returncode == 0 else done.stderr)

    def apply(self, account: str, plan: Path) -> Answer:
        return self._answer(account, "apply", _WAIT, str(plan))

    def compare(self, account: str) -> Answer:
        """A plan that is kept nowhere and locks nothing: 0, the same; 2, different."""
        return self._answer(account, "plan", "-detailed-exitcode", "-lock=false")

    def _answer(self, account: str, command: str, *arguments: str) -> Answer:
        done = self._run(account, command, "-json", "-input=false", *arguments)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        return Answer(done.returncode, [json.loads(line) for line in lines], done.stderr)

    def _must(self, *arguments: str) -> str:
        done = self._run(None, *arguments)
        if done.returncode != 0:
            raise RefusalError(plain(done.stderr or done.stdout).strip())
        return done.stdout

    def _run(self, account: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"TF_IN_AUTOMATION": "1", **self.environment}
        environment.pop("TF_WORKSPACE", None)
        if account is not None:
            environment["TF_WORKSPACE"] = account
        return subprocess.run(  # noqa: S603 - our own arguments
            [self.program, f"-chdir={self.folder}", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )


def plain(text: str) -> str:
    """What Terraform or a provider said, without colours, or whatever else steers a terminal."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def one_line(text: str) -> str:
    return " ".join(plain(text).split())
