"""The module's default settings, as variables.tf has them and as SSM holds them."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import hcl2

from key_rotation.domain.settings import Settings
from key_rotation.domain.user_options import NO_OPTIONS

_VARIABLES = Path(__file__).resolve().parent.parent / "variables.tf"
_AT = "eu-west-1:123456789012"
_NAMED_OTHERWISE = {"secret_tags": "tags"}
# Terraform computes these and the topic's ARN, so no variable's default says them.
_COMPUTED = {
    "user_tag": '{"key": "access-key-rotation", "value": "enabled"}',
    "kms_key_arn": f"arn:aws:kms:{_AT}:key/of-the-module",
    "event_bus_arn": f"arn:aws:events:{_AT}:event-bus/default",
    "user_options_sha256": NO_OPTIONS,
}


@cache
def defaults() -> dict[str, Any]:
    """The default of each variable that is a setting, as HCL has it: 90, false, "…", []."""
    blocks = hcl2.loads(_VARIABLES.read_text())["variable"]
    found = {
        json.loads(name): body.get("default") for block in blocks for name, body in block.items()
    }
    values = {
        field.name: found[_NAMED_OTHERWISE.get(field.name, field.name)]
        for field in fields(Settings)
        if "parse" in field.metadata and field.name not in {*_COMPUTED, "topic_arn"}
    }
    return {  # python-hcl2 leaves the quotes of a string in place
        name: json.loads(value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def default_parameters(**changes: str) -> dict[str, str]:
    """The parameters of an installation without any setting of its own but `changes`."""
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in defaults().items()
    }
    parameters = texts | _COMPUTED | changes
    return {"topic_arn": f"arn:aws:sns:{_AT}:{parameters['name']}"} | parameters
