"""What a make target says of a machine that lacks something: one line, before anything is made."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("awk", "bash", "dirname", "env", "mkdir", "sh")
TARGETS_WITH_TERRAFORM = ("demo", "test", "integration", "terraform-test", "lint")
NEW_ENOUGH = """echo '{"terraform_version": "1.9.0"}'"""
TARGETS = (*TARGETS_WITH_TERRAFORM, "unit", "aws", "package", "check-package", "localstack")


class Machine:
    """A fresh clone as far as make is concerned, and a PATH with little on it."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in NEEDED:
            (self.bin / name).symlink_to(str(shutil.which(name)))
        (self.bin / "python3").symlink_to(sys.executable)
        for part in ("scripts", "requirements"):
            shutil.copytree(ROOT / part, self.clone / part)
        shutil.copy(ROOT / "Makefile", self.clone)

    def program(self, name: str, script: str) -> Path:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def make(self, target: str, **environment: str) -> tuple[str, str]:
        """What it printed, and its error output without make's own last line."""
        answer = subprocess.run(
            [str(shutil.which("make")), "--no-print-directory", target],
            env={"PATH": str(self.bin), **environment},
            cwd=self.clone,
            capture_output=True,
            text=True,
        )
        assert answer.returncode != 0
        lines = [line for line in answer.stderr.splitlines() if not line.startswith("make: ***")]
        return answer.stdout, "\n".join(lines)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("target", TARGETS)
def test_a_too_old_python(machine: Machine, target: str) -> None:
    machine.program("python3", '[ "$1" = --version ] && echo Python 3.11.9')

    assert machine.make(target) == (
        "",
        "error: Python 3.12 or newer is needed, found: Python 3.11.9; set PYTHON=/path/to/python3",
    )
    assert not (machine.clone / "build" / "venv").exists()


def test_no_python(machine: Machine) -> None:
    (machine.bin / "python3").unlink()

    assert machine.make("demo") == (
        "",
        "error: Python 3.12 or newer is needed, found: none; set PYTHON=/path/to/python3",
    )


@pytest.mark.parametrize("name", ["python3.12", "python3.13", "python3.14"])
def test_a_python_of_another_name_will_do(machine: Machine, name: str) -> None:
    (machine.bin / "python3").rename(machine.bin / name)

    assert _python(machine) == str(machine.bin / name)


def test_a_python_that_pyenv_hides_will_do(machine: Machine) -> None:
    """Its `python3` fails if .python-version names a version that is not installed."""
    hidden = machine.clone / "python3.12"
    (machine.bin / "python3").rename(hidden)
    for name in ("python3", "python3.12"):
        machine.program(name, "echo pyenv: version is not installed >&2; exit 1")
    machine.program(
        "pyenv", f'[ "$*" = "whence --path python3.12" ] || exit 1; echo {shlex.quote(str(hidden))}'
    )

    assert _python(machine) == str(hidden)


def _python(machine: Machine) -> str:
    return subprocess.run(
        [str(machine.clone / "scripts" / "python.sh")],
        env={"PATH": str(machine.bin)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_python_that_was_named_is_the_culprit(machine: Machine) -> None:
    old = machine.program("old", '[ "$1" = --version ] && echo Python 3.11.9')

    _, error = machine.make("demo", PYTHON=str(old))

    assert error == f"error: Python 3.12 or newer is needed, and PYTHON={old} is Python 3.11.9"


@pytest.mark.parametrize("target", TARGETS_WITH_TERRAFORM)
def test_no_terraform(machine: Machine, target: str) -> None:
    assert machine.make(target) == (
        "",
        "error: neither terraform nor tofu is on the PATH; "
        "install Terraform or OpenTofu 1.9 or newer",
    )
    assert not (machine.clone / "build" / "venv").exists()


def test_the_terraform_that_was_named_is_the_culprit(machine: Machine) -> None:
    machine.program("terraform", NEW_ENOUGH)

    assert machine.make("demo", TF="tofu") == (
        "",
        "error: TF is tofu, which is not on the PATH; install Terraform or OpenTofu 1.9 or newer",
    )


@pytest.mark.parametrize(
    ("programs", "named", "chosen"),
    [
        pytest.param(["terraform"], None, "terraform", id="Terraform alone"),
        pytest.param(["tofu"], None, "tofu", id="OpenTofu alone"),
        pytest.param(["terraform", "tofu"], None, "terraform", id="both"),
        pytest.param(["terraform", "tofu"], "tofu", "tofu", id="both, and TF"),
        pytest.param(["terraform", "mine"], "mine", "mine", id="a name of one's own"),
    ],
)
def test_which_program_is_run(
    machine: Machine, programs: list[str], named: str | None, chosen: str
) -> None:
    """It is also what the command itself finds in TF, and `terraform` as its first word."""
    for name in programs:
        machine.program(name, f'[ "$1" = version ] && {{ {NEW_ENOUGH}; exit; }}; echo {name} "$@"')
    config = machine.program("some.rc", "")

    def run(*command: str) -> str:
        return subprocess.run(
            [sys.executable, str(machine.clone / "scripts" / "with_terraform.py"), *command],
            env={"PATH": str(machine.bin), "TF_CLI_CONFIG_FILE": str(config)}
            | ({"TF": named} if named else {}),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run("terraform", "fmt", "-check") == f"{chosen} fmt -check\n"
    assert run("sh", "-c", "echo $TF") == f"{chosen}\n"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (
            """echo '{"terraform_version": "1.8.5"}'""",
            "error: terraform is 1.8.5; install Terraform or OpenTofu 1.9 or newer",
        ),
        (
            "echo no version is set >&2; exit 126",
            "error: `terraform version` does not work: no version is set",
        ),
    ],
    ids=["too old", "a wrapper without a version"],
)
def test_a_terraform_that_will_not_do(machine: Machine, script: str, error: str) -> None:
    machine.program("terraform", script)

    assert machine.make("demo") == ("", error)


@pytest.mark.parametrize("target", ["test", "policies"])
@pytest.mark.parametrize("node", [None, "exit 1"], ids=["none", "too old"])
def test_no_node(machine: Machine, target: str, node: str | None) -> None:
    machine.program("terraform", NEW_ENOUGH)
    if node is not None:
        machine.program("npm", "exit 0")
        machine.program("node", node)

    assert machine.make(target) == (
        "",
        "error: `make test` and `make policies` need Node 20 or newer, with npm",
    )
    assert not (machine.clone / "build" / "venv").exists()


@pytest.mark.parametrize(
    ("program", "registry"),
    [("terraform", "registry.terraform.io"), ("tofu", "registry.opentofu.org")],
)
def test_a_mirror_without_the_provider(
    tmp_path: Path, machine: Machine, program: str, registry: str
) -> None:
    machine.program(program, NEW_ENOUGH)

    answer = subprocess.run(
        [sys.executable, str(machine.clone / "scripts" / "with_terraform.py"), "true"],
        env={"PATH": str(machine.bin), "TF_PLUGIN_MIRROR": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 1
    assert answer.stderr == (
        f"error: TF_PLUGIN_MIRROR is {tmp_path}, which has no folder {registry}/hashicorp/aws\n"
    )
    assert "build" not in os.listdir(machine.clone)
