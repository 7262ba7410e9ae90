"""What .tflint.hcl asks of the HCL, since tflint cannot be installed here; and a README for each.

terraform validate, checkov and the provider see the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(
    {file.parent for name in ("modules", "examples") for file in (ROOT / name).rglob("*.tf")}
)
MODULES = [pytest.param(folder, id=folder.relative_to(ROOT).as_posix()) for folder in FOLDERS]
ALL = [pytest.param(ROOT, id="the module"), *MODULES]
# Those that somebody applies as they are, and what their pages say.
ROOTS = [
    pytest.param(folder, id=folder.name) for folder in FOLDERS if folder.parent.name == "examples"
]
SECTIONS = ("**What it changes.** ", "**What it costs.** ", "\n## Apply\n", "\n## Remove\n")
HELD = {
    "terraform_naming_convention",
    "terraform_documented_variables",
    "terraform_documented_outputs",
    "terraform_typed_variables",
    "terraform_required_version",
    "terraform_required_providers",
}
_BLOCK = re.compile(
    r"^(resource|data|module|variable|output)((?: \"[^\"]*\")+) {\n(.*?)^}$",
    re.MULTILINE | re.DOTALL,
)
_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """Kind, name and body of each block of the file, as `terraform fmt` lays them out."""
    for kind, labels, body in _BLOCK.findall(text):
        yield kind, re.findall(r'"([^"]*)"', labels)[-1], body


def findings(text: str) -> list[str]:
    """What a file's blocks lack, or how their names differ from snake_case."""
    found = []
    for kind, name, body in blocks(text):
        if not _SNAKE_CASE.fullmatch(name):
            found.append(f"{kind} {name}: not in snake_case")
        wanted = {"variable": ("description", "type"), "output": ("description",)}
        for argument in wanted.get(kind, ()):
            if not re.search(rf"^  {argument} += \S", body, re.MULTILINE):
                found.append(f"{kind} {name}: no {argument}")
    return found


@pytest.mark.parametrize("folder", ALL)
def test_names_descriptions_and_types(folder: Path) -> None:
    files = sorted(folder.glob("*.tf"))

    assert {file.name: findings(file.read_text()) for file in files} == {
        file.name: [] for file in files
    }
    assert any(list(blocks(file.read_text())) for file in files)


@pytest.mark.parametrize("folder", MODULES)
def test_every_folder_asks_for_the_versions_of_the_module(folder: Path) -> None:
    wanted = (ROOT / "versions.tf").read_text().rstrip().removesuffix("}").rstrip()

    assert (folder / "versions.tf").read_text().startswith(wanted)


def test_no_slip_goes_unseen() -> None:
    slip = 'variable "camelCase" {\n  default = 1\n}\n\noutput "x" {\n  value = 1\n}\n'

    assert findings(slip) == [
        "variable camelCase: not in snake_case",
        "variable camelCase: no description",
        "variable camelCase: no type",
        "output x: no description",
    ]
    assert findings('resource "aws_iam_role" "with-dash" {\n  name = "x"\n}\n') == [
        "resource with-dash: not in snake_case"
    ]


def test_these_are_the_rules_of_tflint() -> None:
    rules = re.findall(r'^rule "(\w+)"', (ROOT / ".tflint.hcl").read_text(), re.MULTILINE)

    assert set(rules) == HELD


@pytest.mark.parametrize("folder", MODULES)
def test_every_folder_has_a_page(folder: Path) -> None:
    assert (folder / "README.md").read_text().startswith("# ")


@pytest.mark.parametrize("folder", ROOTS)
def test_a_page_says_what_it_takes(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    written, _, _ = text.partition("\n## Inputs\n")

    assert [section for section in SECTIONS if section not in written] == []
    assert 15 <= len(written.splitlines()) <= 50


def test_there_are_roots() -> None:
    assert {folder.values[0] for folder in ROOTS} >= {
        ROOT / "examples" / name for name in ("basic", "complete", "guardrails", "multi-account")
    }
