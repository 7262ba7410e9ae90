"""examples/complete as it is played: its variables and its users. No other file names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from .account import Account, HeldKey, give_key, give_password

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
COMPLETE = EXAMPLES / "complete"
SCHEDULE = "rate(1 minute)"
OPERATORS = "security@example.com"  # gets nothing but the digest
FIRES_WITHIN = 150.0  # seconds: twice the schedule, and some


class ExampleUser(TypedDict):
    """One entry of the output `iam_users`."""

    about: str
    email: str | None
    managed: bool
    declared: bool
    console_password: bool
    key_ages_days: list[float]


def variables(*, dry_run: bool, **others: str) -> dict[str, str]:
    """The example's variables, as Terraform reads them from a command line or an environment.

    Its schedule starts the function each minute; `others` are strings that it has too.
    """
    return {"schedule_expression": SCHEDULE, "dry_run": json.dumps(dry_run), **others}


def equip(account: Account, users: Mapping[str, ExampleUser]) -> dict[str, list[HeldKey]]:
    """Give the users their passwords and keys; return each one's keys, oldest first.

    The younger of two keys is used, so that the older is the idle one.
    """
    held: dict[str, list[HeldKey]] = {}
    for name, user in users.items():
        if user["console_password"]:
            give_password(account, name)
        held[name] = [give_key(account, name, age) for age in user["key_ages_days"]]
        if len(held[name]) == 2:
            account.sts(held[name][1]).get_caller_identity()
    return held
