"""The script's drift and destroy, as somebody sees them who runs it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from key_rotation_accounts.main import main

from .fake_terraform import ACCOUNTS, FakeTerraform

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "accounts"
TOPIC = "module.key_rotation.aws_sns_topic.this"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTerraform:
    """Every account has an installation; the script is started beside the root module."""
    fake = FakeTerraform(tmp_path)
    fake.write("workspaces", "* default\n" + "".join(f"  {name}\n" for name in ACCOUNTS))
    monkeypatch.setenv("PATH", fake.environment["PATH"])
    monkeypatch.delenv("TF", raising=False)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return fake


def run(command: str, *arguments: str) -> int:
    return main([command, "--folder", "rotation", *arguments], "python accounts")


def destroyable(fake: FakeTerraform, *accounts: str) -> None:
    for account in accounts:
        fake.plans(account, TOPIC, action="delete")


def test_no_drift(fake: FakeTerraform, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("drift") == 0
    assert capsys.readouterr().out.count("no change") == 3
    assert all("-lock=false" in line for line in fake.command_lines if " plan " in line)
    assert not (fake.module / "plans").exists()


def test_drift_says_where(fake: FakeTerraform, capsys: pytest.CaptureFixture[str]) -> None:
    read = {"resource": {"addr": "data.aws_x.y"}, "action": "read"}
    fake.plans("shop", TOPIC, "aws_x.y", said=[{"type": "planned_change", "change": read}])

    assert run("drift") == 2
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "shop      444455556666    0       2        0  drift",
        "",
        "shop  update aws_x.y",
        f"shop  update {TOPIC}",
    ]


def test_a_failure_outweighs_drift(fake: FakeTerraform, capsys: pytest.CaptureFixture[str]) -> None:
    fake.plans("shop", TOPIC)
    fake.plans("data", problem="no such role")

    assert run("drift") == 1
    shown = capsys.readouterr().out
    assert "-       -        -  failed: no such role" in shown
    assert f"shop  update {TOPIC}" in shown


def test_an_account_without_an_installation_is_drift_and_gets_no_workspace(
    fake: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.write("workspaces", "* default\n  security\n  data\n")

    assert run("drift") == 2
    assert "-  drift: no workspace: never planned and applied" in capsys.readouterr().out
    assert [call for call in fake.command_lines if "new" in call or call[:4] == "shop"] == []


def test_a_destroy_shows_what_goes_and_what_stays_and_what_is_left_to_do(
    fake: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    destroyable(fake, "shop")

    assert run("destroy", "--only", "shop", "--yes") == 0
    assert capsys.readouterr().out.splitlines() == [
        "",
        f"shop  delete {TOPIC}",
        "",
        "account  id            add  change  destroy  result",
        "shop     444455556666    0       0        1  planned",
        "",
        "What stays in each destroyed account:",
        "  users and their access keys       as they are; nobody rotates them any more",
        "  secrets of `users`                pending deletion for 30 days; nobody can read them",
        "  secrets that the function made    stay, at $0.40 a month each, with their records as "
        "tags",
        "  the module's KMS key              pending deletion for 30 days; then nothing can be "
        "decrypted",
        "  the workspace                     stays, with an empty state",
        'Before: docs/operations.md of the module, "Leaving the module".',
        "",
        "account  id            add  change  destroy  result",
        "shop     444455556666    0       1        0  destroyed",
        "",
        "Still to do, or the next plan makes shop again:",
        "  1. take shop out of rotation/accounts.auto.tfvars.json",
        "  2. terraform -chdir=rotation workspace delete shop",
        "  3. plan and apply: security then admits these no more",
    ]
    assert [call for call in fake.calls if "apply" in call] == ["shop apply"]


@pytest.mark.parametrize(
    ("typed", "status", "applied"),
    [("data,shop\n", 0, ["data apply", "shop apply"]), ("shop\n", 1, []), ("\x04", 1, [])],
)
def test_a_person_types_the_names(
    fake: FakeTerraform, typed: str, status: int, applied: list[str]
) -> None:
    destroyable(fake, "data", "shop")
    terminal, end = pty.openpty()
    os.write(terminal, typed.encode())

    done = subprocess.run(
        [sys.executable, "-I", "-B", SCRIPT, "destroy", "--folder=rotation", "--only=shop,data"],
        stdin=end,
        capture_output=True,
        text=True,
        check=False,
    )

    os.close(terminal)
    os.close(end)
    assert "Type data,shop to destroy this: " in done.stdout
    assert done.returncode == status, done.stderr
    assert sorted(call for call in fake.calls if "apply" in call) == applied
    assert list((fake.module / "plans").glob("*.tfplan")) == []


def test_where_nobody_can_type_the_option_is_needed(
    fake: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    destroyable(fake, "shop")

    assert run("destroy", "--only", "shop") == 1
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "error: nobody can confirm this here: give --yes",
        "nothing was destroyed",
    ]
    assert [call for call in fake.calls if "apply" in call] == []


def test_nothing_is_destroyed_if_a_plan_failed(
    fake: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    destroyable(fake, "shop")
    fake.plans("data", problem="no such role")

    assert run("destroy", "--only", "shop,data", "--yes") == 1
    assert "nothing was destroyed: a plan failed" in capsys.readouterr().err
    assert [call for call in fake.calls if "apply" in call] == []


def test_all_are_destroyed_the_central_one_last(
    fake: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    destroyable(fake, *ACCOUNTS)

    assert run("destroy", "--all", "--yes", "--jobs=1") == 0
    applied = [call for call in fake.calls if "apply" in call]
    assert applied == ["data apply", "shop apply", "security apply"]
    assert "3. plan and apply" not in capsys.readouterr().out


def test_the_central_account_stays_while_another_one_could_not_be_destroyed(
    fake: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    destroyable(fake, *ACCOUNTS)
    fake.applies("data", problem="throttled")

    assert run("destroy", "--all", "--yes") == 1
    assert "failed: not destroyed, since data may still send to it" in capsys.readouterr().out
    assert "security apply" not in fake.calls


def test_two_jobs_can_destroy_too(fake: FakeTerraform, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan to review, and its apply after the approval."""
    destroyable(fake, "shop")

    assert run("plan", "--destroy", "--only", "shop") == 0
    assert "What stays in each destroyed account" in Path("rotation/plans/plans.md").read_text()
    assert run("apply") == 0
    assert capsys.readouterr().out.count("Still to do, or the next plan makes shop again") == 1
    assert any("shop plan" in line and "-destroy" in line for line in fake.command_lines)


def test_the_last_account_may_go(fake: FakeTerraform) -> None:
    fake.write_map({"security": ACCOUNTS["security"]})
    destroyable(fake, "security")

    assert run("destroy", "--only", "security", "--yes") == 0
