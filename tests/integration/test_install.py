"""`pip install .` in a fresh environment gives key-fetch; with `[operator]`, key-rotation, too."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import archive

ROOT = Path(__file__).resolve().parents[2]
_COMMANDS = ("status", "plan", "rotate", "emergency", "restore", "report")


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept: Mapping[str, str] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTHON", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def install(home: Path, extra: str, source: Path = ROOT) -> Path:
    """The folder of the programs of an environment that the source is installed into."""
    steps = (
        (sys.executable, "-m", "venv", home / "venv"),
        (home / "venv" / "bin" / "pip", "install", "--quiet", "--no-input", f"{source}{extra}"),
    )
    for step in steps:
        done = run(*step, cwd=home)
        assert done.returncode == 0, done.stderr
    return home / "venv" / "bin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator's."""
    return install(tmp_path_factory.mktemp("operator"), "[operator]")


@pytest.fixture(scope="module")
def owners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An owner's, from the archive of a release."""
    source = archive.extract(tmp_path_factory.mktemp("archive"))
    return install(tmp_path_factory.mktemp("owner"), "", source)


def test_command_line_is_installed(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "key-rotation", "--help", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in _COMMANDS)

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    done = run(installed / "key-rotation", "--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"key-rotation {project['version']}\n")


def test_it_needs_nothing_else(owners: Path, tmp_path: Path) -> None:
    done = run(
        owners / "python",
        "-c",
        "import importlib.metadata as m; print(*m.requires('key-rotation'), sep='\\n')",
        cwd=tmp_path,
    )

    assert sorted(done.stdout.splitlines()) == [
        "boto3>=1.34",
        "configupdater>=3.1.1",
        "jinja2>=3.1; extra == 'operator'",
        "rich>=13.7; extra == 'operator'",
    ]


def test_an_owner_gets_key_fetch_alone(owners: Path, tmp_path: Path) -> None:
    done = run(owners / "key-fetch", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in ("pull", "process", "env"))

    done = run(owners / "key-rotation", "--help", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr in [
        f"key-rotation: {library} is not installed: pip install 'key-rotation[operator]'\n"
        for library in ("jinja2", "rich")
    ]


def test_key_fetch_without_a_key_says_so_in_one_line(owners: Path, tmp_path: Path) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/a-AbCdEf"
    done = run(
        owners / "key-fetch",
        *("pull", "--secret-id", arn, "--profile", "a"),
        cwd=tmp_path,
        HOME=str(tmp_path),
    )

    assert (done.returncode, done.stdout) == (26, "")
    assert done.stderr.startswith(f"key-fetch: there is no file {tmp_path}/.aws/credentials")
    assert done.stderr.count("\n") == 1


def test_page_has_its_template_and_style(installed: Path, tmp_path: Path) -> None:
    code = "from key_rotation_cli.report.page import template as t; "
    code += "print(t('document.html.j2').name, t('style.css').render()[:5])"

    assert run(installed / "python", "-c", code, cwd=tmp_path).stdout == "document.html.j2 :root\n"


def test_without_credentials_it_says_so_in_one_line(installed: Path, tmp_path: Path) -> None:
    done = run(
        installed / "key-rotation",
        *("status", "--region", "eu-west-1"),
        cwd=tmp_path,
        HOME=str(tmp_path),
        AWS_EC2_METADATA_DISABLED="true",
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "key-rotation: no credentials: give --profile, or sign in\n"


def test_without_a_region_it_says_so_in_one_line(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "key-rotation", "plan", cwd=tmp_path, HOME=str(tmp_path))

    assert done.returncode == 2
    assert done.stderr == "key-rotation: no region: give --region, or set AWS_REGION\n"
