"""What the operator and the auditor see: the command line, in the account of the demo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from .aws_cli import ROOT
from .claims import Scene, require
from .screen import COLUMNS, Screen

REPORT = ROOT / "build" / "report.html"
_SECONDS = 120


def look(screen: Screen, scene: Scene) -> None:
    """`key-rotation` status, plan and report. Raises ClaimError if one does not say what is so."""
    screen.step("What the operator sees, and what the auditor gets")
    users: Mapping[str, Any] = scene.outputs["iam_users"]
    managed = sorted(name for name, user in users.items() if user["managed"])

    _run(screen, scene, "status")
    found = json.loads(_run(screen, scene, "status", "--json", shown=False))
    seen = [user["user"] for user in found["users"]]
    require(seen == managed, "status shows every managed user", seen)

    plan = _run(screen, scene, "plan")
    claim = f"nothing to do for {len(managed)} managed users"
    require(claim in plan, "plan agrees with the run that just did nothing", plan)

    _run(screen, scene, "report", "--html", str(REPORT.relative_to(ROOT)))
    text = REPORT.read_text()
    require(all(name in text for name in managed), "the report has every managed user")
    secret = any(key.secret in text for keys in scene.held.values() for key in keys)
    require(not secret, "no secret access key is in the report")
    screen.done(f"the report is {REPORT.relative_to(ROOT)}: open it in a browser")


def _run(screen: Screen, scene: Scene, *arguments: str, shown: bool = True) -> str:
    """Runs `key-rotation` as if it were installed; shows the command and what it printed."""
    if shown:
        line = " ".join(("key-rotation", *arguments))
        screen.console.print(Text.assemble(("$ ", "cyan"), (line, "bold")))
    environment = scene.account.environment() | {
        "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("lambda", "cli")),
        "COLUMNS": str(COLUMNS),
    }
    if shown and screen.console.is_terminal:
        environment["FORCE_COLOR"] = "1"  # it is a pipe, but of ours
    answer = subprocess.run(
        [sys.executable, "-m", "key_rotation_cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    require(answer.returncode == 0, f"key-rotation {arguments[0]} works", answer.stderr.strip())
    if shown:
        screen.console.print(Text.from_ansi(answer.stdout.rstrip("\n")), soft_wrap=True)
    return answer.stdout
