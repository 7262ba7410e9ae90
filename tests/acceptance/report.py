"""The protocol on a screen while it grows, and as a page at the end."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table
from rich.text import Text

from tests.demo.screen import Screen
from tests.stage.terraform import Terraform

from .cloud import Cloud
from .folder import ROOT, Folder
from .protocol import About, Line, Protocol, Verdict, as_markdown

_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.NOT_SEEN: "yellow",
    Verdict.NOT_RUN: "yellow",
}
_LIST = "docs/not-yet-seen.md"
PAGE = Path("build", "acceptance.md")


class Report:
    """Tells of one test. No line shows more of the account's id than its last four digits."""

    page = PAGE

    def __init__(self, screen: Screen, protocol: Protocol, cloud: Cloud, folder: Folder) -> None:
        self._screen = screen
        self._protocol = protocol
        self._account_id = cloud.account_id
        self._about = About(
            folder.name,
            datetime.now(UTC),
            cloud.account_id,
            cloud.region,
            {"module": _module_version()},
            cloud.emulator is not None,
        )

    def began(self, terraform: Terraform) -> None:
        """Notes with which versions, once Terraform has chosen them."""
        found = {**self._about.versions, **versions(terraform)}
        self._about = replace(self._about, versions=found)

    def show(self, line: Line) -> None:
        finding = line.finding
        head = Text.assemble((f"{finding.verdict}", _STYLES[finding.verdict]), f"  {line.step}: ")
        self._screen.show(head + Text(self._masked(finding.facts)))

    def write(self) -> None:
        """The page; and on the screen the table, and the ids that are now seen."""
        page = ROOT / self.page
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(self._masked(as_markdown(self._protocol, self._about)))
        table = Table("step", "verdict", title=f"Acceptance test {self._about.name}")
        for line in self._protocol.lines:
            verdict = line.finding.verdict
            table.add_row(line.step, Text(verdict, _STYLES[verdict]))
        self._screen.show(table)
        seen = self._protocol.seen(self._about)
        self._screen.show(f"now seen on AWS, of {_LIST}: {', '.join(seen) or 'nothing'}")

    def _masked(self, text: str) -> str:
        return text.replace(self._account_id, f"…{self._account_id[-4:]}")


def versions(terraform: Terraform) -> Mapping[str, str]:
    """Of Terraform and of the provider that it has chosen."""
    found = json.loads(terraform.version())
    chosen = found["provider_selections"]  # by registry, which is another one with OpenTofu
    provider = next((chosen[name] for name in chosen if name.endswith("/hashicorp/aws")), "unknown")
    return {"terraform": found["terraform_version"], "provider aws": provider}


def _module_version() -> str:
    """The version, and the commit where there is one."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    command = ("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12")
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return str(version)
    return f"{version} ({done.stdout.strip()})" if done.returncode == 0 else str(version)
