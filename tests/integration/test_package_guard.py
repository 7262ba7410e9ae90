"""A plan refuses a package that was not built from the sources beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.stage.account import Account

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("edited", [False, True], ids=["as committed", "one line edited"])
def test_a_plan_refuses_a_stale_package(account: Account, tmp_path: Path, edited: bool) -> None:
    for file in (*ROOT.glob("*.tf"), *ROOT.glob("*.tftpl")):
        shutil.copy(file, tmp_path)
    shutil.copytree(ROOT / "lambda", tmp_path / "lambda")
    if edited:
        source = tmp_path / "lambda" / "key_rotation" / "handler.py"
        source.write_text(source.read_text() + "# one more line\n")
    environment = account.environment() | {"TF_DATA_DIR": str(tmp_path / ".terraform")}
    environment |= {k: v for k, v in os.environ.items() if k == "TF_CLI_CONFIG_FILE"}

    def terraform(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments, "-input=false", "-no-color"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )

    assert terraform("init").returncode == 0
    plan = terraform("plan")

    said = " ".join((plan.stdout + plan.stderr).replace("│", " ").split())
    assert (plan.returncode, "Run `make package`" in said) == ((1, True) if edited else (0, False))
