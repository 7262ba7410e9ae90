"""examples/basic on LocalStack: the ten lines that a user would paste."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.stage.account import Account, confirm_subscriptions
from tests.stage.runs import invoke
from tests.stage.terraform import Terraform


def test_a_second_plan_is_empty(
    account: Account, basic: Any, terraform_of: Callable[[Any], Terraform]
) -> None:
    assert account.endpoint.url
    assert terraform_of(basic).changes() == []


def test_the_function_runs(account: Account, basic: Any) -> None:
    outputs = basic.outputs["key_rotation"]["value"]
    # A run of a Monday has a digest for the operators, and says which of them does not get it.
    confirmed = confirm_subscriptions(account, outputs["topic_arn"])
    assert "platform-team@example.com" in confirmed

    answer = invoke(account, outputs["function_name"])

    assert isinstance(answer, dict), answer
    assert answer["scanned"] == 0
    # The example's user is not there yet.
    said = [(row["user"], row["action"], row["reason"]) for row in answer["users"]]
    assert said == [("alice", "report", "named_in_vain")]


def test_the_outputs_of_the_contract(account: Account, basic: Any) -> None:
    outputs = basic.outputs["key_rotation"]["value"]

    assert set(outputs) >= {
        "function_name",
        "function_arn",
        "role_arn",
        "schedule_rule_arn",
        "topic_arn",
        "dead_letter_queue_arn",
        "config_path",
        "secret_name_prefix",
        "kms_key_arn",
        "user_secret_arns",
    }
    assert list(outputs["user_secret_arns"]) == ["alice"]
