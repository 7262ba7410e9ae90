"""What OpenTofu lacks must not be in the HCL: none of it is needed, and nobody would see it here.

From OpenTofu's changelog and its guide of migration from Terraform 1.9. Validation rules that name
other variables, and mocks with overrides, are in OpenTofu 1.9.
"""

from __future__ import annotations

import re

import pytest
from scripts.docs import ROOT
from scripts.with_terraform import OLDEST

FILES = [
    file
    for pattern in (
        "*.tf",
        "modules/**/*.tf",
        "examples/**/*.tf",
        "tests/**/*.tf",
        "tests/**/*.hcl",
    )
    for file in sorted(ROOT.glob(pattern))
]
LACKED = {
    "ephemeral values, before OpenTofu 1.11": r"\bephemeral\b",
    "write-only arguments, before OpenTofu 1.11": r"^\s*\w+_wo(?:_version)?\s*=",
    "functions of Terraform's own provider": r"\b(?:encode_tfvars|decode_tfvars|encode_expr)\(",
    "the lifecycle of a removed block": r"^removed \{[^}]*\blifecycle\b",
    "actions": r'^action "',
    "lists of queries": r'^list "',
    "a deprecated variable or output": r"^\s*deprecated\s*=",
    "when a mock answers": r"^\s*override_during\s*=",
    "the state of a run of a test": r"^\s*state_key\s*=",
    "runs of a test side by side": r"^\s*parallel\s*=",
    "cloud": r"^\s*cloud \{",
}


@pytest.mark.parametrize("pattern", LACKED.values(), ids=LACKED)
def test_nothing_that_opentofu_lacks(pattern: str) -> None:
    found = [
        file.relative_to(ROOT).as_posix()
        for file in FILES
        if re.search(pattern, re.sub(r"#.*", "", file.read_text()), re.MULTILINE)
    ]

    assert len(FILES) > 60
    assert found == []


def test_one_constraint_serves_both() -> None:
    """OpenTofu compares `required_version` with its own version."""
    texts = [file.read_text() for file in FILES if file.name == "versions.tf"]
    constraints = re.findall(r'required_version\s*=\s*"(.*)"', "\n".join(texts))

    assert len(constraints) == len(texts)
    assert set(constraints) == {f">= {'.'.join(map(str, OLDEST))}"}
