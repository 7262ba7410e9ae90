"""Terraform, with its state and data where we want them and its progress told."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.with_terraform import program

_END_SECONDS = 60  # for Terraform to end what it is at, when interrupted

Tell = Callable[[str], None]


class TerraformError(Exception):
    """What Terraform refused, in its own words."""


@dataclass
class Terraform:
    """One configuration, its state file and data folder. `tell` gets signs of life."""

    folder: Path
    state: Path
    data: Path
    environment: Mapping[str, str]
    tell: Tell = lambda _text: None
    _lock_was_there: bool = field(init=False)

    def __post_init__(self) -> None:
        self._lock_was_there = self._lock.exists()

    @property
    def _lock(self) -> Path:
        return self.folder / ".terraform.lock.hcl"

    def init(self) -> None:
        self.tell("terraform init")
        self._run("init", "-input=false", "-no-color")

    def apply(self, **variables: str) -> str:
        """Applies; returns Terraform's own summary."""
        return self._change("apply", variables)

    def destroy(self, **variables: str) -> str:
        summary = self._change("destroy", variables)
        for leftover in self.state.parent.glob(f"{self.state.name}*"):
            leftover.unlink()
        return summary

    def clean_up(self) -> None:
        """Leaves the configuration's folder as it was found."""
        if not self._lock_was_there:
            self._lock.unlink(missing_ok=True)

    def outputs(self) -> dict[str, Any]:
        answer = self._run("output", "-json", f"-state={self.state}")
        return {name: output["value"] for name, output in json.loads(answer).items()}

    def changes(self, **variables: str) -> list[str]:
        """What a plan would change; [] when it is empty."""
        lines = self._stream("plan", variables, accepted=(0, 2), options=["-detailed-exitcode"])
        return [
            f"{entry['change']['action']} {entry['change']['resource']['addr']}"
            for entry in lines
            if entry["type"] == "planned_change"
        ]

    def version(self) -> str:
        """JSON with the versions of Terraform and of the providers that `init` has chosen."""
        return self._run("version", "-json")

    def plan(self, **variables: str) -> str:
        """A plan with all its values, as `terraform show -json` tells it."""
        given = [f"-var={name}={value}" for name, value in variables.items()]
        file = self.state.with_suffix(".tfplan")
        self._run("plan", "-input=false", f"-state={self.state}", f"-out={file}", *given)
        try:
            return self._run("show", "-json", str(file))
        finally:
            file.unlink()

    def _change(self, command: str, variables: Mapping[str, str]) -> str:
        lines = self._stream(command, variables, options=["-auto-approve"])
        summaries = [entry["@message"] for entry in lines if entry["type"] == "change_summary"]
        return str(summaries[-1])

    def _stream(
        self,
        command: str,
        variables: Mapping[str, str],
        options: list[str],
        accepted: tuple[int, ...] = (0,),
    ) -> list[dict[str, Any]]:
        """Runs a command with `-json`; its lines, each told as it comes."""
        given = [f"-var={name}={value}" for name, value in variables.items()]
        arguments = [command, "-json", "-input=false", f"-state={self.state}", *options, *given]
        entries: list[dict[str, Any]] = []
        progress = _Progress(command)
        self.tell(f"terraform {command}: planning")
        with self._popen(arguments, stderr=subprocess.DEVNULL) as process:
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    if not line.startswith("{"):
                        continue
                    entry = json.loads(line)
                    entries.append(entry)
                    if text := progress.take(entry):
                        self.tell(text)
                status = process.wait()
            except BaseException:
                _end(process)
                raise
        if status not in accepted:
            raise TerraformError(_errors(entries) or f"terraform {command} ended with {status}")
        return entries

    def _run(self, *arguments: str) -> str:
        with self._popen(list(arguments), stderr=subprocess.PIPE) as process:
            try:
                output, errors = process.communicate()
            except BaseException:
                _end(process)
                raise
        if process.returncode != 0:
            raise TerraformError(" ".join(errors.split()) or f"terraform {arguments[0]} failed")
        return output

    def _popen(self, arguments: list[str], stderr: int) -> subprocess.Popen[str]:
        environment = dict(self.environment) | {"TF_DATA_DIR": str(self.data)}
        return subprocess.Popen(
            [program(), f"-chdir={self.folder}", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,  # Ctrl-C reaches us first
        )


@dataclass
class _Progress:
    """How far a change has come, from Terraform's JSON lines."""

    command: str
    planned: int = 0
    done: int = 0
    running: dict[str, int] = field(default_factory=dict)

    def take(self, entry: Mapping[str, Any]) -> str | None:
        """What to tell after this line, if anything."""
        hook = entry.get("hook", {})
        if hook.get("action") == "read":
            return None
        match entry["type"]:
            case "change_summary" if entry["changes"]["operation"] == "plan":
                self.planned = sum(
                    n for what, n in entry["changes"].items() if what in ("add", "change", "remove")
                )
            case "apply_start":
                self.running[hook["resource"]["addr"]] = 0
            case "apply_progress":
                self.running[hook["resource"]["addr"]] = hook["elapsed_seconds"]
            case "apply_complete":
                self.running.pop(hook["resource"]["addr"], None)
                self.done += 1
            case _:
                return None
        text = f"terraform {self.command}: {self.done} of {self.planned} resources"
        if self.running:
            longest = max(self.running, key=lambda address: self.running[address])
            text += f", at {longest.removeprefix('module.')}"
        return text


def _end(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C would: Terraform ends the calls it has begun and writes its state."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _errors(entries: list[dict[str, Any]]) -> str:
    found = [entry["diagnostic"] for entry in entries if entry["type"] == "diagnostic"]
    texts = [
        " ".join(f"{error['summary']}: {error.get('detail', '')}".split())
        for error in found
        if error["severity"] == "error"
    ]
    return "; ".join(texts)
