"""What is known of the play so far, and the check of what is shown."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.stage.account import Account, HeldKey
from tests.stage.example import ROOT
from tests.stage.shell import AWS_CLI, Shell

from .screen import Screen

BUILD = ROOT / "build" / "demo"
PERSON, SERVICE, OTHER_SERVICE = "alice", "build-agent", "legacy-import"


class ClaimError(Exception):
    """Something that the demo shows did not happen."""


@dataclass(frozen=True)
class Scene:
    """The deployed example on a screen; `held` are the keys that the users were given."""

    screen: Screen
    account: Account
    outputs: Mapping[str, Any]
    held: Mapping[str, Sequence[HeldKey]]

    def new_key_of(self, user: str) -> HeldKey:
        value = self.account.secret_value(f"{self.outputs['secret_name_prefix']}{user}")
        return HeldKey(value["AccessKeyId"], value["SecretAccessKey"])

    def shell_of(self, user: str) -> Shell:
        """A new home, in which nothing is set up."""
        home = BUILD / f"home-of-{user}"
        shutil.rmtree(home, ignore_errors=True)
        return Shell(self.screen.console, home, AWS_CLI, self.account.endpoint.url)

    def show(self, claim: str, holds: bool, found: object = None) -> None:
        """Says the claim. Raises ClaimError if it does not hold."""
        require(holds, claim, found)
        self.screen.done(claim)


def only(found: Sequence[Any], claim: str) -> Any:
    """The one thing that was found. Raises ClaimError if there is none, or more."""
    require(len(found) == 1, claim, len(found))
    return found[0]


def require(holds: bool, claim: str, found: object = None) -> None:
    """Raises ClaimError if the claim does not hold."""
    if not holds:
        raise ClaimError(f"not so: {claim}" + (f" (found: {found})" if found is not None else ""))
