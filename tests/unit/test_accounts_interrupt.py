"""scripts/accounts and Ctrl-C: Terraform ends what it has begun, and writes its state."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.fake_terraform import FakeTerraform

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "accounts"
# As Terraform does: it needs a moment after an interrupt.
SLOW = """#!/bin/sh
case "$TF_WORKSPACE $*" in
"{account} "*" plan "*)
    trap '{sleep} 0.6; echo written >"{folder}/state"; exit 1' INT
    echo begun >"{folder}/begun"
    while :; do {sleep} 0.05; done ;;
*) exec "$(dirname "$0")/quick" "$@" ;;
esac
"""


@pytest.mark.parametrize("account", ["security", "shop"])
def test_terraform_writes_its_state_after_ctrl_c(tmp_path: Path, account: str) -> None:
    """Also in the central account, which is worked on alone."""
    terraform = FakeTerraform(tmp_path)
    terraform.write("workspaces", "  security\n  data\n  shop\n")
    terraform.install("quick")
    sleep = shutil.which("sleep")
    terraform.write("terraform", SLOW.format(account=account, sleep=sleep, folder=tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", SCRIPT, "drift", "--folder", terraform.module],
        env=terraform.environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal sends Ctrl-C to all of a group
        preexec_fn=_takes_interrupts,
    )
    _wait_for(tmp_path / "begun", process)

    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "interrupted: run plan again" in said
    assert (tmp_path / "state").read_text() == "written\n"


def _takes_interrupts() -> None:
    """Even if these tests run in the background, where a shell has them ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    while not file.exists():
        assert process.poll() is None
        time.sleep(0.02)
