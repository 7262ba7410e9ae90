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


# Where AWS answers a second creation with what is there, and Terraform takes it over.
TAKEN_OVER = {
    "aws_cloudwatch_dashboard",
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_metric_alarm",
    "aws_sns_topic",
    "aws_sqs_queue",
}


def test_a_second_installation_of_a_name_takes_nothing_over() -> None:
    """IAM refuses its role, and before that its claim; what could be taken over waits for them."""
    found = {
        address: body.get("depends_on", [])
        for file in ROOT.glob("*.tf")
        if "\nresource " in file.read_text()
        for address, body in resources(file.name).items()
    }
    waiting = [address for address in found if address.split(".")[0] in TAKEN_OVER]

    assert {address.split(".")[0] for address in waiting} == TAKEN_OVER
    assert [one for one in waiting if "${aws_iam_role.function}" not in found[one]] == []
    assert found["aws_iam_role.function"] == ["${aws_iam_role.claim}"]
