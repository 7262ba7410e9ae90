"""scripts.package_recipes, on the recipes as they are and on a copy: a stale zip shows."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ("ci-variable", "parameter")
SHARED = "rotated_key.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the scripts and of the recipes that have a function."""
    (tmp_path / "scripts").mkdir()
    for name in ("package.py", "package_recipes.py"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    for recipe in RECIPES:
        here, there = (root / "examples" / "delivery" / recipe for root in (ROOT, tmp_path))
        shutil.copytree(here / "function", there / "function")
    shutil.copy(ROOT / "examples" / "delivery" / SHARED, tmp_path / "examples" / "delivery")
    (tmp_path / "examples" / "delivery" / "reference").mkdir()
    assert package(tmp_path).returncode == 0
    return tmp_path


def package(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.package_recipes", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_committed_zip_holds_the_sources(recipe: str) -> None:
    folder = ROOT / "examples" / "delivery" / recipe

    with ZipFile(folder / "function.zip") as archive:
        held = {entry.filename: archive.read(entry) for entry in archive.infolist()}

    files = (*folder.glob("function/*.py"), folder.parent / SHARED)
    assert held == {file.name: file.read_bytes() for file in files}
    assert len(held) == 2


def test_fresh_zips_pass_the_check_and_stay(checkout: Path) -> None:
    before = [file.read_bytes() for file in checkout.rglob("function.zip")]

    check = package(checkout, "--check")

    assert (check.returncode, check.stderr) == (0, "")
    assert [file.read_bytes() for file in checkout.rglob("function.zip")] == before
    assert len(before) == len(RECIPES)


def test_a_stale_zip_is_named_and_not_written_by_the_check(checkout: Path) -> None:
    recipe = checkout / "examples" / "delivery" / "parameter"
    before = (recipe / "function.zip").read_bytes()
    with (recipe / "function" / "to_parameter.py").open("a") as source:
        source.write("\n")

    check = package(checkout, "--check")

    assert check.returncode == 1
    assert "not what the sources build: parameter/function.zip;" in check.stderr
    assert (recipe / "function.zip").read_bytes() == before
    assert "written: parameter/function.zip" in package(checkout).stdout
    assert package(checkout, "--check").returncode == 0


def test_a_change_of_the_shared_file_makes_each_zip_stale(checkout: Path) -> None:
    with (checkout / "examples" / "delivery" / SHARED).open("a") as source:
        source.write("\n")

    assert package(checkout, "--check").returncode == 1
    written = package(checkout).stdout
    assert all(f"written: {recipe}/function.zip" in written for recipe in RECIPES)


@pytest.mark.parametrize("content", [None, b"", b"no zip"])
def test_a_zip_that_is_none_is_stale(checkout: Path, content: bytes | None) -> None:
    file = checkout / "examples" / "delivery" / "ci-variable" / "function.zip"
    file.unlink()
    if content is not None:
        file.write_bytes(content)

    assert package(checkout, "--check").returncode == 1
