"""What is known of the play so far, and the check of what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.stage.account import Account, HeldKey
from tests.stage.example import ExampleUser


class ClaimError(Exception):
    """Something that the demo shows did not happen."""


@dataclass(frozen=True)
class Scene:
    """The deployed example; `held` are the keys that the users were given."""

    account: Account
    outputs: Mapping[str, Any]
    held: Mapping[str, Sequence[HeldKey]]

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


def only(found: Sequence[Any], claim: str) -> Any:
    """The one thing that was found. Raises ClaimError if there is none, or more."""
    require(len(found) == 1, claim, len(found))
    return found[0]


def require(holds: bool, claim: str, found: object = None) -> str:
    """The claim. Raises ClaimError if it does not hold."""
    if not holds:
        raise ClaimError(f"not so: {claim}" + (f" (found: {found})" if found is not None else ""))
    return claim
