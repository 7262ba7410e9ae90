"""The hooks of pre-commit: the checks that each commit has to pass, and nothing to download."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_the_hooks_are_the_checks_of_every_save() -> None:
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]

    assert repository["repo"] == "local"
    hooks = {hook["id"]: hook for hook in repository["hooks"]}
    assert {name: hook["entry"] for name, hook in hooks.items()} == {
        "quick": "make quick",
        "terraform-fmt": "terraform fmt -check -recursive",
    }
    for hook in hooks.values():
        assert hook["name"]
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)
