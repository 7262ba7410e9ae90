"""What is known of the play so far, and the check of what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.stage.account import Account, HeldKey
from tests.stage.example import ExampleUser

from . import tables


class ClaimError(Exception):
    """Something that the demo shows did not happen."""


@dataclass
class Scene:
    """The deployed example; `held` are the keys that the users were given, `before` how IAM lists
    them before the first run, and `report` is what that run did."""

    account: Account
    outputs: Mapping[str, Any]
    held: Mapping[str, Sequence[HeldKey]]
    report: Mapping[str, Any] = field(default_factory=dict)
    before: tables.Keys = field(init=False)

    def __post_init__(self) -> None:
        self.before = tables.look(self.account, self.users)

    @property
    def users(self) -> dict[str, ExampleUser]:
        found: dict[str, ExampleUser] = self.outputs["iam_users"]
        return found

    @property
    def function(self) -> str:
        return str(self.outputs["function_name"])

    def new_key_of(self, user: str) -> HeldKey:
        value = self.account.secret_value(f"{self.outputs['secret_name_prefix']}{user}")
        return HeldKey(value["AccessKeyId"], value["SecretAccessKey"])

    def rotated(self, user: str, old_status: str) -> str:
        """The user's keys are the old one, with that status, and the one in the secret, which
        works. Raises ClaimError."""
        old, new = self.held[user][0].id, self.new_key_of(user)
        statuses = self.account.statuses(user)
        claim = f"{user}: the new key is in the secret and works, the old one is {old_status}"
        require(statuses == {old: old_status, new.id: "Active"}, claim, statuses)
        arn = self.account.sts(new).get_caller_identity()["Arn"]
        return require(arn.endswith(f":user/{user}"), claim, arn)


def only(found: Sequence[Any], claim: str) -> Any:
    """The one thing that was found. Raises ClaimError if there is none, or more."""
    require(len(found) == 1, claim, len(found))
    return found[0]


def require(holds: bool, claim: str, found: object = None) -> str:
    """The claim. Raises ClaimError if it does not hold."""
    if not holds:
        raise ClaimError(f"not so: {claim}" + (f" (found: {found})" if found is not None else ""))
    return claim
