"""AWS refuses a resource policy that names a principal which IAM has just got to know."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.iam.models import iam_backends

from tests.aws.account import ACCOUNT_ID, Account
from tests.crash.branches import undisturbed_calls
from tests.crash.ledger import Ledger
from tests.crash.runs import BY_NAME, go_on, invoke
from tests.crash.wire import Tap, untapped

_PUT = "secretsmanager:PutResourcePolicy"
_SECONDS = (1, 5, 20, 60, 600)


def _nothing(account: Account) -> None:
    pass


def _moves(account: Account) -> None:
    """To another path, so the ARN is another. moto keeps tags by ARN."""
    backend = iam_backends[ACCOUNT_ID]["aws"]
    tags = backend.tagger.tags.pop(account.arn())
    account.client("iam").update_user(UserName="alice", NewPath="/team/")
    backend.tagger.tags[account.arn()] = tags


def _adds_a_reader(account: Account) -> None:
    iam = account.client("iam")
    role = iam.create_role(RoleName="ci", Path="/new/", AssumeRolePolicyDocument="{}")["Role"]
    account.set_parameter("secret_reader_arns", json.dumps([role["Arn"]]))


BEFORE: dict[str, Callable[[Account], None]] = {
    "": _nothing,
    "the user moves": _moves,
    "a reader is added": _adds_a_reader,
}
# Scenarios whose secret has a policy; the others write it anyway.
CHANGED = ("due again", "superseded, the grace is over", "superseded, not moved")


@dataclass(frozen=True)
class RefusedPolicyPoint:
    """After `before`, the policy is refused for so long, counted from the first try."""

    scenario: str
    seconds: int
    before: str = ""

    def __str__(self) -> str:
        first = f"{self.before}, " if self.before else ""
        return f"{self.scenario}: {first}a policy is refused for {self.seconds} s"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        with untapped():
            BEFORE[self.before](account)
            ledger.look("person")
        known_at = None

        def refuses(name: str) -> str | None:
            nonlocal known_at
            if name != _PUT:
                return None
            now = account.clock.now()
            known_at = known_at or now + timedelta(seconds=self.seconds)
            return "MalformedPolicyDocumentException" if now < known_at else None

        first = invoke(account, ledger, Tap(refuses=refuses), payload, "first")
        cut_off = first.failed + BY_NAME[self.scenario].died_before
        go_on(account, ledger, self.scenario, first, payload, repeats=cut_off)


def refused_policy_points(name: str) -> list[RefusedPolicyPoint]:
    """In every run that writes one, or has to after a change."""
    before = list(BEFORE) if name in CHANGED else [""]
    if name not in CHANGED and _PUT not in undisturbed_calls(name):
        return []
    return [
        RefusedPolicyPoint(name, seconds, act)
        for act in before
        for seconds in _SECONDS
        if act or _PUT in undisturbed_calls(name)
    ]
