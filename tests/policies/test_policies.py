"""The policies of the module: enough, not too much, and nothing in them that is not needed.

Every call that the handler makes in any situation, and everything else that must be possible, is
evaluated as IAM does; so is everything that must not be. Then every piece of every policy is taken
away in turn: something must change.
"""

from __future__ import annotations

import re

import pytest

from tests.policies.examination import Findings
from tests.policies.question import Document

INSTALLATIONS = ("aws", "bare", "vpc", "china", "govcloud")

# Pieces that no evaluation can show to be needed, unless `user_path_prefix` is set.
EXEMPT = {
    # AWS knows no other kind of resource for these actions, and lets no role reach another account.
    "role, ReadKeysOfManagedUsers: Resource, widened to all",
    "role, ChangeKeysOfManagedUsers: Resource, widened to all",
    "role, ReadTagsOfUsers: Resource, widened to all",
}
# Not for IAM: AWS shows a principal that stands alone and is gone as a bare unique id, which
# Terraform's provider refuses to read.
FOR_TERRAFORM = {"secret, OwnerAndReadersMayRead: Principal arn:aws:iam::123456789012:root"}


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_everything_that_must_be_possible_is_allowed(
    findings: dict[str, Findings], installation: str
) -> None:
    assert findings[installation].refused == []


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_everything_that_must_not_be_possible_is_denied(
    findings: dict[str, Findings], installation: str
) -> None:
    assert findings[installation].granted == []


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_nothing_is_there_that_is_not_needed(
    findings: dict[str, Findings], installation: str
) -> None:
    exempt: set[str] = EXEMPT if installation != "vpc" else set()
    unneeded = findings[installation].unneeded
    assert {re.sub(r"arn:aws[a-z-]*:", "arn:aws:", piece) for piece in unneeded} == (
        exempt | (FOR_TERRAFORM if installation != "bare" else set())
    )


def test_an_action_taken_away_from_the_role_is_missed_by_the_call_that_fails(
    findings: dict[str, Findings], rendered: dict[str, dict[str, Document]]
) -> None:
    pieces = findings["aws"].noticed_by
    for statement in rendered["aws"]["role"]["Statement"]:
        if statement["Effect"] == "Deny" or isinstance(statement["Action"], str):
            continue
        for action in statement["Action"]:
            missed = pieces[f"role, {statement['Sid']}: Action {action}"]
            assert any(call.startswith(f"{action} on ") for call in missed), action


def test_a_statement_too_many_is_named(findings: dict[str, Findings]) -> None:
    assert findings["iam:*"].refused == []
    assert "role, TooMuch: the statement" in findings["iam:*"].unneeded
    assert any(call.startswith("iam:CreateAccessKey on ") for call in findings["iam:*"].granted)
    assert any(call.startswith("iam:PutUserPolicy on ") for call in findings["iam:*"].granted)


def test_the_simulator_knows_all_context_that_the_policies_ask_for(
    findings: dict[str, Findings],
) -> None:
    """A key that AWS does not send with a request would make its condition an illusion."""
    assert findings["aws"].ignored == {}
