"""The first key of a user on the AWS wire, and what the command line says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.aws.account import Account, sts_for
from tests.aws.command_line import CommandLine
from tests.aws.test_hand_over import sent
from tests.aws.test_user_options import OWN, actions

FIRST = {"alice": {"first_key": True}}
MADE = [("rotate", "first_key"), ("announce", "first_key")]


def newcomer(account: Account, password: bool = True, **options: Any) -> None:
    account.set_user_options({"alice": {"first_key": True, **options}})
    account.add_user("alice", password=password)


def test_a_user_without_a_key_gets_one_that_works(account: Account) -> None:
    newcomer(account)

    assert actions(account.run()) == MADE

    value = account.secret_value()
    assert account.statuses() == {value["AccessKeyId"]: "Active"}
    new = sts_for(value["AccessKeyId"], value["SecretAccessKey"])
    assert new.get_caller_identity()["Arn"] == account.arn()
    [message] = account.messages("alice")
    assert (message["event"], message["reason"]) == ("rotated", "first_key")
    assert message["access_key_id"] == value["AccessKeyId"]


def test_once_and_never_again(account: Account) -> None:
    newcomer(account)
    account.run()
    [made] = account.statuses()
    account.pass_days(1)
    assert account.run()["users"] == []

    account.client("iam").delete_access_key(UserName="alice", AccessKeyId=made)
    for _ in range(3):
        account.pass_days(1)
        assert account.run()["users"] == []
    assert account.statuses() == {}


def test_who_has_it_and_is_not_managed_any_more_left_no_rotation(account: Account) -> None:
    newcomer(account)
    account.run()
    account.set_user_options({})
    account.client("iam").untag_user(UserName="alice", TagKeys=["access-key-rotation"])

    account.pass_days(7)  # a Monday again

    assert actions(account.run()) == []


def test_not_even_if_somebody_takes_the_records_away(account: Account) -> None:
    newcomer(account)
    account.run()
    [made] = account.statuses()
    account.client("iam").delete_access_key(UserName="alice", AccessKeyId=made)
    keys = [f"access-key-rotation:{name}" for name in ("announced", "intent", "policy-for")]
    account.client("secretsmanager").untag_resource(SecretId=account.secret_name(), TagKeys=keys)
    account.pass_days(1)

    assert account.run()["users"] == []
    assert account.statuses() == {}


def test_nor_if_somebody_makes_the_secret_look_like_a_predecessors(account: Account) -> None:
    newcomer(account)
    account.run()
    [made] = account.statuses()
    value = account.secret_value()
    account.client("iam").delete_access_key(UserName="alice", AccessKeyId=made)
    tag = {"Key": "access-key-rotation:user-id", "Value": "AIDAFORGED"}
    secret = account.secret_name()
    account.client("secretsmanager").tag_resource(SecretId=secret, Tags=[tag])
    account.pass_days(1)

    [row] = account.run()["users"]

    assert (row["action"], row["reason"]) == ("block", "secret_not_protected")
    assert "somebody changed the tag" in row["detail"]
    assert account.statuses() == {}
    assert account.secret_value() == value


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_nobody_gets_one_who_has_a_key(account: Account, status: str) -> None:
    account.set_user_options(FIRST)
    [key] = account.add_user("alice", 10)
    account.set_status(key, status)

    account.run()

    assert account.statuses() == {key: status}


def test_a_user_who_was_created_again_gets_one_of_their_own(account: Account) -> None:
    newcomer(account)
    account.run()
    former = account.secret_value()["AccessKeyId"]
    account.delete_user()
    account.add_user("alice")
    account.pass_days(1)

    assert actions(account.run()) == MADE

    assert account.secret_value()["AccessKeyId"] != former
    assert former not in str(account.secret_value(stage="AWSPREVIOUS"))


def test_a_secret_from_terraform_is_filled(account: Account) -> None:
    account.client("secretsmanager").create_secret(
        Name=account.secret_name(),
        KmsKeyId=account.parameters["kms_key_arn"],
        Tags=[{"Key": "access-key-rotation:managed-by", "Value": "key-rotation"}],
    )
    newcomer(account)

    account.run()

    assert account.statuses() == {account.secret_value()["AccessKeyId"]: "Active"}


def test_a_service_needs_a_reader(account: Account) -> None:
    newcomer(account, password=False)

    assert actions(account.run()) == [("block", "nobody_can_fetch")]
    assert account.statuses() == {}

    account.set_user_options({"alice": {"first_key": True, "reader_arns": [OWN]}})
    account.pass_days(1)
    assert actions(account.run()) == MADE


def test_a_user_who_is_not_managed_gets_none(account: Account) -> None:
    account.set_user_options(FIRST)
    account.add_user("alice", managed=None)

    assert actions(account.run()) == [("report", "named_in_vain")]
    assert account.statuses() == {}


def test_a_run_for_that_user_makes_it_at_once(account: Account) -> None:
    newcomer(account)

    assert actions(account.run({"users": ["alice"]})) == MADE


def test_who_needs_none_costs_nothing(account: Account) -> None:
    """And who had one costs two calls a run, while they have none, or it is not settled yet."""
    newcomer(account)
    account.run()
    account.pass_days(34)
    with sent(account) as calls:
        account.run()
    assert (calls["ListAccessKeys"], calls["DescribeSecret"]) == (1, 1)
    account.pass_days(2)
    with sent(account) as calls:
        account.run()
    assert (calls["ListAccessKeys"], calls["DescribeSecret"]) == (0, 0)

    [made] = account.statuses()
    account.client("iam").delete_access_key(UserName="alice", AccessKeyId=made)
    account.pass_days(1)
    with sent(account) as calls:
        account.run()
    assert (calls["ListAccessKeys"], calls["DescribeSecret"]) == (1, 1)


def test_a_dry_run_and_the_plan_show_it(account: Account, key_rotation: CommandLine) -> None:
    newcomer(account)

    assert actions(account.run({"dry_run": True})) == MADE
    rows = json.loads(key_rotation("plan", "--json").out)["users"]
    assert [(row["action"], row["reason"]) for row in rows] == MADE
    assert "rotate" in key_rotation("plan").out
    assert account.statuses() == {}


def test_status_shows_that_it_comes(account: Account, key_rotation: CommandLine) -> None:
    newcomer(account)

    [user] = json.loads(key_rotation("status", "--json").out)["users"]

    assert (user["state"], user["reason"], user["next"]["action"]) == ("due", "first_key", "rotate")
    assert user["options"] == {"first_key": True}
    [row] = [line for line in key_rotation("status").lines if line.startswith("alice")]
    assert row.split() == ["alice", "-", "due:", "first", "key", "rotate", "next", "run"]


def test_status_shows_what_keeps_it_from_coming(
    account: Account, key_rotation: CommandLine
) -> None:
    newcomer(account, password=False)

    outcome = key_rotation("status", "--check")

    assert outcome.status == 1
    assert "alice is blocked: nobody can fetch" in outcome.err
    [row] = [line for line in outcome.lines if line.startswith("alice")]
    assert row.split()[-2:] == ["a", "person"]


def test_the_report_is_written_with_such_users_too(
    account: Account, key_rotation: CommandLine, tmp_path: Any
) -> None:
    newcomer(account, password=False)
    account.add_user("bob")
    file = tmp_path / "report.html"

    assert key_rotation("report", "--html", str(file)).status == 0
    assert "alice" in file.read_text()
