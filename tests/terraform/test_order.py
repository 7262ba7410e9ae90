"""What `terraform test` cannot see: in which order an apply destroys and changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hcl2
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def resources(file: str) -> dict[str, dict[str, Any]]:
    """The resources of a file by address."""
    blocks = hcl2.loads((ROOT / file).read_text())["resource"]
    return {
        f"{json.loads(kind)}.{json.loads(name)}": body
        for block in blocks
        for kind, named in block.items()
        for name, body in named.items()
    }


@pytest.mark.parametrize(
    ("file", "key"),
    [("kms.tf", "aws_kms_key.this"), ("examples/complete/own_key.tf", "aws_kms_key.own")],
)
def test_what_a_key_encrypts_moves_before_the_key_goes(file: str, key: str) -> None:
    """Terraform destroys first and changes dependents later, unless the key says otherwise."""
    [lifecycle] = resources(file)[key]["lifecycle"]

    assert lifecycle["create_before_destroy"] is True
