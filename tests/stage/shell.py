"""A user's own shell, in which the commands of a mail are run as they are."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from .account import REGION, HeldKey
from .example import ROOT

AWS_CLI = ROOT / "build" / "awscli" / "bin"  # where make installs it
_MASK = "********"
_SECONDS = 60


class ShellError(Exception):
    """A command of a mail did not work."""


def command(mail: str, start: str) -> str:
    """The first command of a mail that starts so: its commands are indented by four spaces.

    Raises ShellError if there is none.
    """
    found = re.search(rf"^ {{4}}({re.escape(start)}.*)$", mail, flags=re.MULTILINE)
    if found is None:
        raise ShellError(f"the mail has no command `{start} …`")
    return found[1]


@dataclass
class Shell:
    """bash with an AWS CLI of the user's own: their home, profiles and region, nobody else's."""

    console: Console
    home: Path
    cli: Path
    endpoint_url: str

    def __post_init__(self) -> None:
        (self.home / ".aws").mkdir(parents=True, exist_ok=True)
        self._install_key_fetch()

    def add_profile(self, name: str, key: HeldKey, session_token: str | None = None) -> None:
        """What the user had in their credentials file before the mail came."""
        lines = [f"[{name}]", f"aws_access_key_id = {key.id}"]
        lines.append(f"aws_secret_access_key = {key.secret}")
        if session_token is not None:
            lines.append(f"aws_session_token = {session_token}")
        path = self.home / ".aws" / "credentials"
        before = path.read_text() if path.exists() else ""
        path.touch(mode=0o600)
        path.write_text(before + "\n".join(lines) + "\n")

    def run(
        self, command: str, typed: Mapping[str, str] | None = None, profile: str | None = None
    ) -> str:
        """Runs a command, shows it and what it printed, masked; returns that unmasked.

        `typed` is what the user types, by prompt, in this order. Raises ShellError.
        """
        self.console.print(Text.assemble(("$ ", "cyan"), (command, "bold")), overflow="fold")
        answer = subprocess.run(
            ["bash", "-c", command],
            env=self.environment(profile),
            cwd=self.home,
            input="".join(f"{text}\n" for text in (typed or {}).values()),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        if answer.returncode != 0:
            raise ShellError(
                f"`{_short(command)}` ended with {answer.returncode}: {_line(answer.stderr)}"
            )
        self._show(answer.stdout, typed)
        return answer.stdout

    def _install_key_fetch(self) -> None:
        """As pip would, without the rest of the distribution."""
        script = self.home / "bin" / "key-fetch"
        script.parent.mkdir(exist_ok=True)
        paths = f"PYTHONPATH={shlex.quote(str(ROOT / 'cli'))} {shlex.quote(sys.executable)}"
        script.write_text(f'#!/bin/sh\n{paths} -m key_fetch "$@"\n')
        script.chmod(0o755)

    def _show(self, output: str, typed: Mapping[str, str] | None) -> None:
        if typed is None:
            text = masked(output).strip("\n")
        else:
            text = "\n".join(
                f"{prompt}: {_MASK if 'Secret' in prompt else value}"
                for prompt, value in typed.items()
            )
        if text:
            self.console.print(Text(text, style="green"), overflow="fold")

    def environment(self, profile: str | None = None) -> dict[str, str]:
        """A shell of somebody's own: of ours it has the path alone."""
        environment = {
            "PATH": os.pathsep.join([str(self.home / "bin"), str(self.cli), os.environ["PATH"]]),
            "HOME": str(self.home),
            "AWS_CONFIG_FILE": str(self.home / ".aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / ".aws" / "credentials"),
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,  # the first generation of the CLI knows no other
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "LC_ALL": "C.UTF-8",
        }
        return environment if profile is None else environment | {"AWS_PROFILE": profile}


def masked(text: str) -> str:
    """A secret's value as it may be shown."""
    text = re.sub(r'("SecretAccessKey":\s*")[^"]*', rf"\g<1>{_MASK}", text)
    return re.sub(r"(secret_key +)\*+\S{4}", rf"\g<1>{_MASK}            ", text)


def _short(command: str) -> str:
    return command if len(command) <= 60 else f"{command[:57]}..."


def _line(text: str) -> str:
    return " ".join(masked(text).split())[:300]
