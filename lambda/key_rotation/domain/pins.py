"""The settings that Terraform pins: they decide who can read a key, and who is notified.

Whoever may change a parameter could otherwise name themselves as a reader. So the environment of
the function, which takes other permissions to change, has the SHA-256 of each. All other settings
can be edited by hand. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256

from .settings import SettingsError

VARIABLE = "PINNED_SETTINGS"  # of the environment
PINNED = frozenset(
    {
        "kms_key_arn",
        "operator_emails",
        "require_confirmed_subscription",
        "secret_name_prefix",
        "secret_reader_arns",
        "topic_arn",
        "user_options_sha256",
        "user_tag",
    }
)
_HASH = re.compile(r"[0-9a-f]{64}")


def parse_pins(text: str | None) -> dict[str, str]:
    """The SHA-256 of each pinned parameter's value, by the name of the setting.

    Raises SettingsError if one is missing: an environment without pins must not end the check.
    """
    if not text:
        raise SettingsError(f"the environment variable {VARIABLE} is missing: apply again")
    try:
        pins = json.loads(text)
    except (ValueError, RecursionError):
        pins = None
    if not isinstance(pins, dict) or not all(
        isinstance(pin, str) and _HASH.fullmatch(pin) for pin in pins.values()
    ):
        raise SettingsError(f"the environment variable {VARIABLE} must be JSON, SHA-256 by setting")
    missing = sorted(PINNED - pins.keys())
    if missing:
        names = ", ".join(missing)
        raise SettingsError(f"the environment variable {VARIABLE} lacks {names}: apply again")
    return pins


def check_pins(parameters: Mapping[str, str], pins: Mapping[str, str], path: str) -> None:
    """Raises SettingsError naming the parameters under `path` that Terraform did not write so."""
    changed = [
        f"{path}/{name}"
        for name, pin in sorted(pins.items())
        if name in parameters and sha256(parameters[name].encode()).hexdigest() != pin
    ]
    missing = [f"{path}/{name}" for name in sorted(pins) if name not in parameters]
    if missing:
        raise SettingsError(f"parameter {missing[0]} is missing")
    if changed:
        raise SettingsError(
            f"parameter {', '.join(changed)} is not as Terraform wrote it: an apply is under way, "
            "or somebody changed it beside Terraform. Find out who, and apply again"
        )
