"""A plan refuses a package that is not what was built from the sources beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from scripts.with_terraform import program

from tests.terraform.case import PROVIDER

ROOT = Path(__file__).resolve().parents[2]
REPLACED = "lambda/package.zip is not the file that was recorded when it was built"
STALE = "lambda/package.zip was not built from the sources in lambda/key_rotation"


def leave(_: Path) -> None: ...


def replace_the_zip(folder: Path) -> None:
    (folder / "package.zip").write_bytes(b"PK\5\6" + bytes(18))  # an empty one


def remove_the_zip(folder: Path) -> None:
    (folder / "package.zip").unlink()


def edit_a_source(folder: Path) -> None:
    source = folder / "key_rotation" / "handler.py"
    source.write_text(source.read_text() + "# one more line\n")


def remove_the_record(folder: Path) -> None:
    (folder / "package.sources.sha256").unlink()


def record_the_sources_only(folder: Path) -> None:
    record = folder / "package.sources.sha256"
    record.write_text(record.read_text().splitlines(keepends=True)[0])


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the module, initialised."""
    folder = tmp_path_factory.mktemp("module")
    for file in (*ROOT.glob("*.tf"), *ROOT.glob("*.tftpl")):
        shutil.copy(file, folder)
    (folder / "tests").mkdir()
    (folder / "tests" / "guard.tftest.hcl").write_text(
        f'{PROVIDER}\nrun "guard" {{\n  command = plan\n}}\n'
    )
    done = terraform(folder, "init", "-backend=false")
    assert done.returncode == 0, done.stderr
    return folder


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program(), *arguments, "-no-color"],
        cwd=folder,
        env=os.environ | {"TF_DATA_DIR": str(folder / ".terraform")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("change", "refusals"),
    [
        pytest.param(leave, (), id="as committed"),
        pytest.param(replace_the_zip, (REPLACED,), id="another zip"),
        pytest.param(remove_the_zip, (STALE, REPLACED), id="no zip"),
        pytest.param(edit_a_source, (STALE,), id="a source edited"),
        pytest.param(remove_the_record, (STALE, REPLACED), id="no record"),
        pytest.param(record_the_sources_only, (REPLACED,), id="the zip's hash not recorded"),
    ],
)
def test_a_plan_refuses_a_package_that_is_not_its_sources(
    module: Path, change: Callable[[Path], None], refusals: tuple[str, ...]
) -> None:
    shutil.rmtree(module / "lambda", ignore_errors=True)
    shutil.copytree(ROOT / "lambda", module / "lambda")
    change(module / "lambda")

    plan = terraform(module, "test")

    said = " ".join((plan.stdout + plan.stderr).replace("│", " ").split())
    assert plan.returncode == (1 if refusals else 0), said
    assert [refusal for refusal in (STALE, REPLACED) if refusal in said] == list(refusals)
