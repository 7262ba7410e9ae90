"""examples/multi-account: who sends to the bus and the topic that all accounts share."""

from __future__ import annotations

from tests.policies.examination import Findings

# The function of the central account itself may send by its role alone. With it the list of those
# who send is never empty, which AWS would refuse.
OF_THE_ACCOUNT_ITSELF = {
    "central bus, FunctionsOfTheAccountsSend: Principal arn:aws:iam::123456789012:root",
    "central bus, FunctionsOfTheAccountsSend: ArnEquals aws:PrincipalArn = "
    "arn:aws:iam::123456789012:role/key-rotation",
}


def test_functions_and_alarms_of_all_accounts_reach_it(findings: dict[str, Findings]) -> None:
    assert findings["central"].refused == []


def test_nobody_else_does(findings: dict[str, Findings]) -> None:
    assert findings["central"].granted == []


def test_no_piece_of_its_policies_is_unneeded(findings: dict[str, Findings]) -> None:
    assert set(findings["central"].unneeded) == OF_THE_ACCOUNT_ITSELF


def test_aws_sends_the_context_that_they_ask_for(findings: dict[str, Findings]) -> None:
    assert findings["central"].ignored == {}
