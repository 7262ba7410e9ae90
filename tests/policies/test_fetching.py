"""Who fetches a new key has what is needed, and no more: a consumer's role, and an owner."""

from __future__ import annotations

import pytest

from tests.policies.examination import Findings

CONSUMERS = ("consumer", "consumer, china", "consumer, govcloud")


@pytest.mark.parametrize("installation", [*CONSUMERS, "key-fetch"])
def test_what_is_needed_is_allowed(findings: dict[str, Findings], installation: str) -> None:
    assert findings[installation].refused == []


@pytest.mark.parametrize("installation", [*CONSUMERS, "key-fetch"])
def test_no_more_is_allowed(findings: dict[str, Findings], installation: str) -> None:
    assert findings[installation].granted == []


@pytest.mark.parametrize("installation", CONSUMERS)
def test_no_piece_of_the_consumers_policies_is_unneeded(
    findings: dict[str, Findings], installation: str
) -> None:
    assert len(findings[installation].noticed_by) > 10
    assert findings[installation].unneeded == []


def test_a_policy_that_reads_every_secret_is_noticed(findings: dict[str, Findings]) -> None:
    wide = "consumer reader, ReadTheSecret: Resource, widened to all"

    assert any("payroll" in question for question in findings["consumer"].noticed_by[wide])


def test_aws_sends_the_context_that_they_ask_for(findings: dict[str, Findings]) -> None:
    assert findings["consumer"].ignored == {}
