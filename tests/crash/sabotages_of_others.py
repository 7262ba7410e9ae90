"""Sabotages that bring back what others could do: take a name, or lose the only way to a key."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

OF_OTHERS = (
    Sabotage(
        "the policy names the owner by what they are called",
        "aws/reading_policy.py",
        '        conditions["StringNotEquals"] = {"aws:userid": owner.id}\n',
        '        conditions.setdefault("ArnNotEquals", {}).setdefault("aws:PrincipalArn", [])\n'
        '        conditions["ArnNotEquals"]["aws:PrincipalArn"].append(owner.arn)\n',
        Promise.READ_FIRST,
        "faults",
        "due, the first time",
    ),
    Sabotage(
        "the account is not among the principals of a policy",
        "aws/reading_policy.py",
        "*([owner.arn] if owner else []), *reader_arns, root_arn]",
        "*([owner.arn] if owner else [root_arn]), *reader_arns]",
        Promise.READ_FIRST,
        "faults",
        "due, the first time",
    ),
    Sabotage(
        "an emergency does not ask who could fetch the new key",
        "domain/emergency.py",
        "    if cut_off and not at_all_costs:\n",
        "    if cut_off and not situation.keys:\n",
        Promise.WORKING_KEY,
        "faults",
        "emergency, of a service",
    ),
)
