"""Sabotages: one line of the product is broken, and the harness must say which promise that breaks.

Each replaces a piece of the source text in a copy of the package; a piece that is not there exactly
once ends the run in an error, so that a sabotage cannot go stale unnoticed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.crash.promises import Promise

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sabotage:
    """`old` becomes `new` in the file of the `package`; `kind` and `scenario` are where it must be
    noticed."""

    name: str
    file: str
    old: str
    new: str
    promise: Promise
    kind: str
    scenario: str
    package: str = "lambda/key_rotation"

    @property
    def source(self) -> Path:
        return ROOT / self.package / self.file


@dataclass(frozen=True)
class Result:
    """What the harness said: the promises broken, and how many points it took to see it."""

    sabotage: str
    wanted: Promise
    broken: dict[str, int]

    @property
    def is_caught(self) -> bool:
        return self.wanted in self.broken


def try_sabotage(sabotage: Sabotage) -> Result:
    """The harness, in a process of its own, on a copy of the package that is broken like this."""
    points = [sabotage.kind, sabotage.scenario, sabotage.promise.value]
    run = run_sabotaged(sabotage, "tests.crash.slice", *points)
    if run.returncode != 0:
        raise SystemExit(f"sabotage {sabotage.name!r}: the harness failed\n{run.stderr}")
    return Result(sabotage.name, sabotage.promise, json.loads(run.stdout))


def run_sabotaged(
    sabotage: Sabotage, module: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """This module of ours, in a process that imports a copy of the package, broken like this. What
    is not sabotaged comes from where it stands, as in `make crash`."""
    with TemporaryDirectory() as folder:
        package = Path(folder) / Path(sabotage.package).name
        shutil.copytree(ROOT / sabotage.package, package)
        source = package / sabotage.file
        text = source.read_text()
        if text.count(sabotage.old) != 1:
            found = text.count(sabotage.old)
            raise SystemExit(f"sabotage {sabotage.name!r}: its text is {found} times in the source")
        source.write_text(text.replace(sabotage.old, sabotage.new))
        command = [sys.executable, "-m", module, *arguments]
        paths = [folder, str(ROOT), *(str(ROOT / path) for path in ("lambda", "cli"))]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
