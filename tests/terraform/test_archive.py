"""The archive of a release is the module, and lacks what only contributors need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import archive
from tests.terraform.case import PROVIDER
from tests.terraform.test_package_guard import terraform

CONTRIBUTORS = {"Makefile", "bench", "requirements", "tests"}
USERS = {"LICENSE", "README.md", "cli", "docs", "examples", "lambda", "modules", "pyproject.toml"}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive.extract(tmp_path_factory.mktemp("archive"))


def test_what_is_in_it(unpacked: Path) -> None:
    names = {path.name for path in unpacked.iterdir()}

    assert names >= USERS
    assert names & CONTRIBUTORS == set()
    assert {name for name in names if name.startswith(".")} == set()
    assert {path.name for path in unpacked.glob("*.tf")} == {
        path.name for path in archive.ROOT.glob("*.tf")
    }


def test_of_the_scripts_it_has_those_for_users(unpacked: Path) -> None:
    scripts = {path.name for path in (unpacked / "scripts").iterdir()}

    assert scripts
    assert scripts == {path.name for path in (archive.ROOT / "scripts").glob("accounts*")}


def test_it_plans(unpacked: Path) -> None:
    """With the package and its record: tests/terraform/test_package_guard.py shows the refusals."""
    (unpacked / "tests").mkdir()
    guard = f'{PROVIDER}\nrun "archive" {{\n  command = plan\n}}\n'
    (unpacked / "tests" / "archive.tftest.hcl").write_text(guard)

    for command in (("init", "-backend=false"), ("test",)):
        done = terraform(unpacked, *command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_pip_finds_what_it_builds_from(unpacked: Path) -> None:
    """tests/integration/test_install.py installs from it."""
    for name in ("lambda/key_rotation", "cli/key_fetch", "cli/key_rotation_cli"):
        assert (unpacked / name).is_dir()
        assert f'"{name}"' in (unpacked / "pyproject.toml").read_text()
