"""examples/delivery/github-actions: a valid workflow, whose log has no key.

The schema is the one of schemastore.org that check-jsonschema brings along; nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tests.unit.secret_server import secret_server
from tests.unit.workflows import ROOT, load

FOLDER = ROOT / "examples" / "delivery" / "github-actions"
TEXT = (FOLDER / "deploy.yml").read_text()
WORKFLOW = load(FOLDER / "deploy.yml")
JOB = WORKFLOW["jobs"]["deploy"]
KEY_ID, SECRET = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"


def _step(action: str) -> dict[str, Any]:
    [step] = [step for step in JOB["steps"] if step.get("uses", "").partition("@")[0] == action]
    return dict(step)


MISSPELT = {
    "permissions:": "permission:",
    "id-token: write": "id_token: write",
    "runs-on:": "run-on:",
    "environment:": "enviroment:",
    "        with:": "        width:",
    "timeout-minutes: 30": "timeout-minutes: half an hour",
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the schema says of the workflow ("") and of each misspelt one, if it refuses it."""
    folder = tmp_path_factory.mktemp("workflows")
    files = {}
    for number, right in enumerate(("", *MISSPELT)):
        assert right in TEXT
        text = TEXT.replace(right, MISSPELT[right], 1) if right else TEXT
        file = folder / f"{number}.yml"
        file.write_text(text)
        files[str(file)] = right
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema", "--output-format", "json"),
            *("--builtin-schema", "vendor.github-workflows"),
            *files,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    assert answer["parse_errors"] == []
    return {files[error["filename"]]: error["message"] for error in answer["errors"]}


def test_github_takes_the_workflow(refused: dict[str, str]) -> None:
    assert "" not in refused


@pytest.mark.parametrize("right", MISSPELT)
def test_a_misspelt_field_is_refused(right: str, refused: dict[str, str]) -> None:
    assert refused[right]


def test_the_job_asks_for_a_token_and_no_more() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOB["permissions"] == {"contents": "read", "id-token": "write"}
    assert "secrets." not in TEXT, "the repository stores no key"


def test_the_role_is_for_that_environment() -> None:
    [module] = hcl2.loads((FOLDER / "main.tf").read_text())["module"]
    [reader] = module.values()
    role = _step("aws-actions/configure-aws-credentials")["with"]["role-to-assume"]

    assert reader["name"].strip('"') == role.partition("/")[2]
    assert reader["subject"].strip('"').endswith(f":environment:{JOB['environment']}")


def test_the_log_has_no_key(tmp_path: Path) -> None:
    """The last step as it stands: its command gets the key, and may even print it."""
    [*_, step] = JOB["steps"]
    programs = {
        "key-fetch": f'exec "{sys.executable}" -m key_fetch "$@"',
        "deploy.sh": 'echo "$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY ${AWS_SESSION_TOKEN-none}"',
    }
    for name, body in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)

    key = {"Version": 1, "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET}
    with secret_server(key) as server:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # GitHub's
            cwd=tmp_path,
            env={
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT / "cli"),
                "HOME": str(tmp_path),
                "AWS_ENDPOINT_URL": server.url,
                # What configure-aws-credentials leaves to the steps after it.
                "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "of-the-session",
                "AWS_SESSION_TOKEN": "of-the-session",
                "AWS_REGION": _step("aws-actions/configure-aws-credentials")["with"]["aws-region"],
                **step["env"],
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert server.calls == [("GetSecretValue", step["env"]["SECRET_ID"], "ASIAIOSFODNN7EXAMPLE")]
    assert f"{KEY_ID} {SECRET} none\n" in done.stdout, "the command has the key, and no session"
    log = _as_the_runner_shows(done.stdout)
    assert SECRET not in log
    assert f"{KEY_ID} *** none\n" in log


def _as_the_runner_shows(output: str) -> str:
    """What a line masks is hidden from that line on."""
    shown, masks = [], list[str]()
    for line in output.splitlines(keepends=True):
        masks += re.findall(r"^::add-mask::(.+)$", line)
        for mask in masks:
            line = line.replace(mask, "***")
        shown.append(line)
    return "".join(shown)


def test_a_log_without_the_mask_would_show_the_key() -> None:
    assert SECRET in _as_the_runner_shows(f"{KEY_ID} {SECRET}\n")
    assert SECRET not in _as_the_runner_shows(f"::add-mask::{SECRET}\n{KEY_ID} {SECRET}\n")
