"""Policies are rendered once from the same files: a change of any of them renders them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.policies.rendering import digest

READ = (("modules", "**/*"), (".", "*.tf*"))


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "modules/user").mkdir(parents=True)
    (tmp_path / "main.tf").write_text("one")
    (tmp_path / "modules/user/main.tf").write_text("two")
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: (root / "main.tf").write_text("three"), id="a text"),
        pytest.param(lambda root: (root / "modules/user/new.tf").touch(), id="a new file"),
        pytest.param(lambda root: (root / "main.tf").unlink(), id="a file is gone"),
        pytest.param(lambda root: (root / "main.tf").rename(root / "name.tf"), id="a name"),
    ],
)
def test_a_change_changes_the_digest(module: Path, change: Callable[[Path], object]) -> None:
    before = digest(module, READ)

    change(module)

    assert digest(module, READ) != before


def test_what_terraform_leaves_behind_does_not(module: Path) -> None:
    before = digest(module, READ)

    (module / "modules/user/.terraform").mkdir()
    (module / "modules/user/.terraform/modules.json").write_text("{}")

    assert digest(module, READ) == before
