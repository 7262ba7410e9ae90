"""examples/guardrails, evaluated both ways around an installation, and piece by piece.

What they refuse is possible without them. What the module's own policies allow stays possible with
them: to the function in every situation, to owners and readers, to services, Terraform and
operators.
"""

from __future__ import annotations

import json

import pytest

from tests.policies.examination import Findings
from tests.policies.question import Document

IN_A_VPC = "guardrails, in a VPC, with a key of one's own"
GUARDRAILS = ("guardrails", IN_A_VPC, "guardrails, china")

# AWS knows no other kind of resource for these actions.
EXEMPT = {
    "permissions boundary, EncryptSecretsAndMessages: Resource, widened to all",
    "permissions boundary, LookAtUsersAndReaders: Resource, widened to all",
    "permissions boundary, RotateKeysOfManagedUsers: Resource, widened to all",
    "service control policy, OnlyOperatorsChangeManagedUsers: Resource, widened to all",
    "service control policy, OnlyOperatorsMakeUsersManaged: Resource, widened to all",
}
KEYS_BY_ALIAS = {"service control policy, OnlyTerraformChangesTheKey: Resource, widened to all"}
# By AWS Organizations, and by IAM for a managed policy, which counts no white space.
LIMITS = {"service control policy": 5120, "permissions boundary": 6144}


@pytest.mark.parametrize("installation", GUARDRAILS)
def test_the_function_owners_terraform_and_operators_are_not_refused_what_they_need(
    findings: dict[str, Findings], installation: str
) -> None:
    assert findings[installation].refused == []


@pytest.mark.parametrize("installation", GUARDRAILS)
def test_nobody_else_undoes_a_guard(findings: dict[str, Findings], installation: str) -> None:
    assert findings[installation].granted == []


def test_without_them_an_administrator_undoes_every_guard(findings: dict[str, Findings]) -> None:
    assert findings["no guardrails"].refused == []


@pytest.mark.parametrize("installation", GUARDRAILS)
def test_no_piece_of_them_is_unneeded(findings: dict[str, Findings], installation: str) -> None:
    expected = EXEMPT if installation == IN_A_VPC else EXEMPT | KEYS_BY_ALIAS
    assert set(findings[installation].unneeded) == expected


@pytest.mark.parametrize("run", ["guardrails", "guardrails_vpc", "guardrails_china"])
def test_aws_takes_policies_of_this_size(
    rendered: dict[str, dict[str, Document]], run: str
) -> None:
    for name, limit in LIMITS.items():
        assert len(json.dumps(rendered[run][name], separators=(",", ":"))) <= limit


def test_aws_sends_the_context_that_they_ask_for(findings: dict[str, Findings]) -> None:
    assert findings["guardrails"].ignored == {}
