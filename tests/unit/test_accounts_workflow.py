"""examples/multi-account/workflow.yml: its commands do what it says.

test_workflows.py has its schema and pins.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from .fake_terraform import FakeTerraform
from .workflows import ROOT, load

FILE = ROOT / "examples" / "multi-account" / "workflow.yml"
TEXT = FILE.read_text()
WORKFLOW = load(FILE)
JOBS: dict[str, Any] = WORKFLOW["jobs"]
GH = """#!/bin/sh
echo "$*" >>"$GH_CALLS"
case "$*" in
"issue list"*) cat "$GH_CALLS.open" 2>/dev/null || true ;;
"issue "*) cat drift.md >"$GH_CALLS.body" ;;
esac
"""


class Runner:
    """Machines that check out the repo and run a job's commands, as GitHub does."""

    def __init__(self, folder: Path) -> None:
        self.terraform = FakeTerraform(folder)
        self._folder = folder
        for name, text in {
            "python3": f'#!/bin/sh\nexec "{sys.executable}" -I -B "$@"\n',
            "gh": GH,
        }.items():
            file = folder / "bin" / name
            file.write_text(text)
            file.chmod(0o755)
        for tool in ("bash", "grep", "head"):
            found = shutil.which(tool)
            assert found
            (folder / "bin" / tool).symlink_to(found)
        self.summary = ""
        self.outputs: dict[str, str] = {}

    def run(self, job: str, known: Mapping[str, str], artefact: Path | None = None) -> bool:
        """Whether it succeeded. `known` are the expressions that its steps have."""
        checkout = self._folder / job
        shutil.copytree(self._folder / "rotation", checkout / "rotation")
        shutil.copytree(ROOT / "scripts" / "accounts", checkout / "scripts" / "accounts")
        if artefact is not None:  # upload-artifact leaves hidden files out
            shutil.copytree(artefact, checkout / "plans", ignore=shutil.ignore_patterns(".*"))
        has_failed = False
        for step in JOBS[job]["steps"]:
            condition = step.get("if", "success()")
            if "run" not in step or (has_failed and "success()" in condition):
                continue
            if "failure()" in condition and not self._is_drift(has_failed, condition):
                continue
            has_failed |= self._step(checkout, {**JOBS[job], **step}, step, known) != 0
        return not has_failed

    def _is_drift(self, has_failed: bool, condition: str) -> bool:
        assert condition.endswith("steps.compare.outputs.status == '2' }}")
        return has_failed and self.outputs["status"] == "2"

    def _step(
        self, checkout: Path, job: Mapping[str, Any], step: Mapping[str, Any], known: Any
    ) -> int:
        files = {name: self._folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        said = {**job.get("env", {}), **JOBS[checkout.name].get("env", {}), **step.get("env", {})}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # GitHub's
            cwd=checkout,
            env={
                **self.terraform.environment,
                **{name: str(file) for name, file in files.items()},
                **{name: _filled_in(text, known) for name, text in said.items()},
                "GITHUB_REPOSITORY": "example/repo",
                "GH_CALLS": str(self._folder / "gh"),
            },
            check=False,
        )
        self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        self.outputs |= dict(line.split("=", 1) for line in lines)
        return done.returncode

    @property
    def gh(self) -> list[str]:
        file = self._folder / "gh"
        return file.read_text().splitlines() if file.exists() else []

    def issue_is_open(self, number: str) -> None:
        (self._folder / "gh.open").write_text(number + "\n")


def _filled_in(text: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: known[found[1]], text)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """shop has a change."""
    runner = Runner(tmp_path)
    runner.terraform.plans("shop", "aws_sns_topic.this")
    return runner


def test_each_job_has_the_permissions_that_it_needs_and_a_limit() -> None:
    own = {name: set(job["permissions"]) for name, job in JOBS.items()}
    both = {"contents", "id-token"}

    assert WORKFLOW["permissions"] == {}
    assert own == {
        "review": both | {"pull-requests"}, "plan": both, "apply": both, "drift": both | {"issues"},
    }  # fmt: skip
    assert all("timeout-minutes" in job for job in JOBS.values())
    assert "secrets." not in TEXT, "the repository stores no key"


def test_only_an_approved_job_has_the_role_that_applies() -> None:
    roles = {
        name: re.findall(r"vars\.ROTATION_(\w+)_ROLE_ARN", json.dumps(job))
        for name, job in JOBS.items()
    }

    assert roles == {"review": ["READ"], "plan": ["PLAN"], "apply": ["APPLY"], "drift": ["READ"]}
    assert [name for name, job in JOBS.items() if "environment" in job] == ["apply"]
    assert JOBS["review"]["env"] == {"TF_VAR_role_name": "terraform-read"}
    assert JOBS["plan"]["if"].startswith("github.ref == 'refs/heads/main' && "), "by hand, too"


def test_no_text_of_a_person_becomes_a_command() -> None:
    runs = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]

    assert [text for text in runs if "${{" in text] == []


def test_a_pull_request_gets_its_plans(runner: Runner) -> None:
    runner.terraform.plans("data", problem="no such role")
    runner.terraform.write("workspaces", "* default\n  data\n  shop\n")
    known = {"github.token": "t", "github.event.pull_request.number": "7"}

    assert not runner.run("review", known)
    assert not [call for call in runner.terraform.calls if "workspace new" in call]
    assert runner.gh == [
        "pr comment 7 --repo example/repo --edit-last --create-if-none --body-file plans/plans.md"
    ]
    assert "<summary>shop: 0 to add, 1 to change, 0 to destroy</summary>" in runner.summary
    assert "<summary>data: failed</summary>" in runner.summary
    assert "<summary>security: new</summary>" in runner.summary


def test_a_merge_is_planned_and_after_the_approval_applied(runner: Runner, tmp_path: Path) -> None:
    assert runner.run("plan", {"inputs.destroy": ""})
    assert runner.outputs == {"changes": "true"}
    assert runner.run("apply", {}, artefact=tmp_path / "plan" / "plans")
    assert [call for call in runner.terraform.calls if "apply" in call] == ["shop apply"]
    assert "444455556666    0       1        0  applied" in runner.summary


def test_what_could_be_planned_is_applied_though_a_plan_failed(
    runner: Runner, tmp_path: Path
) -> None:
    runner.terraform.plans("data", problem="no such role")

    assert not runner.run("plan", {"inputs.destroy": ""})
    assert runner.outputs == {"changes": "true"}
    assert not runner.run("apply", {}, artefact=tmp_path / "plan" / "plans")
    assert [call for call in runner.terraform.calls if "apply" in call] == ["shop apply"]
    assert "failed: not applied, since its plan failed: no such role" in runner.summary


def test_without_a_change_there_is_nothing_to_approve(runner: Runner) -> None:
    runner.terraform.plans("shop")

    assert runner.run("plan", {"inputs.destroy": ""})
    assert runner.outputs == {"changes": "false"}


def test_an_account_is_destroyed_by_hand_and_after_the_approval(
    runner: Runner, tmp_path: Path
) -> None:
    assert runner.run("plan", {"inputs.destroy": "shop"})
    assert runner.run("apply", {}, artefact=tmp_path / "plan" / "plans")
    planned = [line for line in runner.terraform.command_lines if " plan " in line]
    assert [line.split()[0] for line in planned if "-destroy" in line] == ["shop"]
    assert len(planned) == 1
    assert "Still to do, or the next plan makes shop again" in runner.summary


@pytest.mark.parametrize(("is_open", "command"), [(False, "create"), (True, "comment")])
def test_drift_fails_the_job_and_there_is_one_issue(
    runner: Runner, is_open: bool, command: str
) -> None:
    runner.terraform.write("workspaces", "  security\n  data\n  shop\n")
    if is_open:
        runner.issue_is_open("12")

    assert not runner.run("drift", {"github.token": "t", "github.repository": "example/repo"})
    assert [line.split()[:2] for line in runner.gh] == [["issue", "list"], ["issue", command]]
    assert "shop  update aws_sns_topic.this" in runner.summary


def test_an_issue_takes_much_drift(runner: Runner, tmp_path: Path) -> None:
    runner.terraform.write("workspaces", "  security\n  data\n  shop\n")
    runner.terraform.plans("shop", *(f"aws_x.of_a_long_name_{n:05}" for n in range(2500)))

    assert not runner.run("drift", {"github.token": "t", "github.repository": "example/repo"})
    body = (tmp_path / "gh.body").read_text()
    assert 60_000 < len(body) < 65_536
    assert body.startswith("``````\n")
    assert body.endswith("\n``````\n")


def test_a_failure_is_no_drift(runner: Runner) -> None:
    runner.terraform.write("workspaces", "  security\n  data\n  shop\n")
    runner.terraform.plans("data", problem="no such role")

    assert not runner.run("drift", {})
    assert (runner.outputs, runner.gh) == ({"status": "1"}, [])
