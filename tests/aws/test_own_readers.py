"""Readers of one user on the AWS wire: of effect for that user's secret, grace and mail only."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from key_rotation.notify.response import RotationFailedError
from tests.aws.account import ACCOUNT_ID, Account
from tests.aws.test_access import digests, last_published, policy_of, readers_of, refuse, settled
from tests.aws.test_hand_over import sent
from tests.aws.test_user_options import ANOTHER, EVERYBODYS, OWN, actions


def test_a_users_own_reader_reads_that_secret_and_no_other(account: Account) -> None:
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    account.set_parameter("secret_reader_arns", json.dumps([EVERYBODYS]))
    account.add_user("alice", 90)
    account.add_user("bob", 90)

    account.run()

    assert readers_of(account) == [EVERYBODYS, OWN]
    assert readers_of(account, "bob") == [EVERYBODYS]
    assert OWN in policy_of(account)["Statement"][0]["Principal"]["AWS"]


def test_only_their_own_grace_is_shorter(account: Account) -> None:
    """Somebody else can fetch the key of this service, and nobody that of the other."""
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    [alices] = account.add_user("alice", 90, password=False)
    [bobs] = account.add_user("bob", 90, password=False)

    account.run()

    assert account.statuses()[alices] == "Inactive"
    assert account.statuses("bob")[bobs] == "Active"


def test_only_their_own_key_is_not_held_for_a_fetch(account: Account) -> None:
    account.set_parameter("grace_days", "7")
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    [alices] = account.add_user("alice", 90, password=False)
    [bobs] = account.add_user("bob", 90, password=False)
    account.run()
    for _ in range(8):
        account.pass_days(1)
        account.run()

    assert account.statuses()[alices] == "Inactive"
    assert account.statuses("bob")[bobs] == "Active"


def test_a_reader_who_is_added_in_the_grace_brings_no_announced_end_forward(
    account: Account,
) -> None:
    [old] = account.add_user("alice", 90, password=False)
    account.run()
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    for _ in range(6):
        account.pass_days(1)
        account.run()
        assert account.statuses()[old] == "Active"
    assert readers_of(account) == [OWN]

    account.pass_days(1)
    account.use_new_key()
    account.run()

    assert account.statuses()[old] == "Inactive"


def test_the_mail_names_the_role_to_who_has_one(account: Account) -> None:
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    account.add_user("alice", 90, password=False)

    response = account.run()

    assert ("disable", "superseded") in actions(response)
    [message] = [m for m in account.messages("alice") if m["event"] == "rotated"]
    assert message["superseded_key_until"] is None


def test_a_reader_who_was_added_reaches_that_secret_with_the_next_run(account: Account) -> None:
    settled(account)
    account.set_user_options({"alice": {"reader_arns": [OWN]}})

    account.run()

    assert (readers_of(account), readers_of(account, "bob")) == ([OWN], [])
    assert any(f"may read it now: {OWN} (1 secret: alice)" in line for line in digests(account))


@pytest.mark.parametrize(
    "left", [{}, {"bob": {"reader_arns": [ANOTHER]}}], ids=["the last option", "others stay"]
)
def test_a_reader_who_was_removed_can_read_nothing_after_the_next_run(
    account: Account, left: dict[str, Any]
) -> None:
    account.set_user_options({"alice": {"reader_arns": [OWN]}, **left})
    settled(account)
    assert readers_of(account) == [OWN]
    account.set_user_options(left)

    account.run()

    assert readers_of(account) == []
    assert any(f"may not read it any more: {OWN}" in line for line in digests(account))


def test_a_user_who_is_not_managed_any_more_keeps_and_loses_readers_too(account: Account) -> None:
    account.set_user_options({"bob": {"reader_arns": [OWN]}})
    settled(account)
    account.client("iam").untag_user(UserName="bob", TagKeys=["access-key-rotation"])
    account.pass_days(4)  # a Monday
    account.run()
    assert readers_of(account, "bob") == [OWN]
    account.pass_days(1)
    account.set_user_options({})

    account.run()

    assert readers_of(account, "bob") == []


def test_a_namesake_gets_no_predecessors_key_for_their_readers(account: Account) -> None:
    """The secret is still the former bob's, who is called robert now, when bob is hired again."""
    settled(account)
    iam = account.client("iam")
    iam.update_user(UserName="bob", NewUserName="robert")
    policy = policy_of(account, "bob")
    policy["Statement"][0]["Principal"]["AWS"][0] = account.arn("robert")  # AWS rewrites it
    account.client("secretsmanager").put_resource_policy(
        SecretId=account.secret_name("bob"), ResourcePolicy=json.dumps(policy)
    )
    account.add_user("bob", 10)
    account.set_user_options({"bob": {"reader_arns": [OWN]}})

    account.run()

    assert readers_of(account, "bob") == []


def test_a_policy_of_two_owners_lets_no_reader_of_the_one_read_for_the_other(
    account: Account,
) -> None:
    """Its Allow names alice, whose reader is then let read; its Deny still spares bob's id."""
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    settled(account)
    account.client("iam").untag_user(UserName="bob", TagKeys=["access-key-rotation"])
    account.pass_days(5)  # a Monday
    policy = policy_of(account, "bob")
    allow, deny = policy["Statement"]
    allow["Principal"]["AWS"] = [account.arn("alice"), OWN, f"arn:aws:iam::{ACCOUNT_ID}:root"]
    deny["Condition"]["ArnNotEquals"] = {"aws:PrincipalArn": [OWN]}
    account.client("secretsmanager").put_resource_policy(
        SecretId=account.secret_name("bob"), ResourcePolicy=json.dumps(policy)
    )

    response = account.run()

    assert readers_of(account, "bob") == []
    assert policy_of(account, "bob")["Statement"][0]["Principal"]["AWS"] == [
        account.arn("bob"),
        f"arn:aws:iam::{ACCOUNT_ID}:root",
    ]
    assert actions(response, "bob") == [("prepare", "secret_repaired")]


def test_a_policy_for_another_lets_none_of_their_readers_read_either(account: Account) -> None:
    """Id and ARN agree, but the tag says whose the secret is; and says it still afterwards."""
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    settled(account)
    account.client("iam").untag_user(UserName="bob", TagKeys=["access-key-rotation"])
    account.pass_days(5)  # a Monday
    tags = account.secret_tags("bob")
    account.client("secretsmanager").put_resource_policy(
        SecretId=account.secret_name("bob"), ResourcePolicy=json.dumps(policy_of(account))
    )

    for _ in range(2):
        account.run()

        assert readers_of(account, "bob") == []
        assert account.secret_tags("bob") == tags


def test_a_reader_whom_aws_does_not_know_is_the_failure_of_that_user_alone(
    account: Account,
) -> None:
    """Others name a reader of another account as well, who would otherwise be blamed."""
    account.set_parameter("secret_reader_arns", json.dumps([EVERYBODYS]))
    account.set_user_options({n: {"reader_arns": [OWN]} for n in ("alice", "bob")})
    account.add_user("alice", 95)
    account.add_user("bob", 94)
    account.add_user("carol", 90)
    refuse(account, "PutResourcePolicy", "MalformedPolicyDocumentException", times=7)

    with pytest.raises(RotationFailedError, match=OWN) as failed:
        account.run()

    assert {row.user for row in failed.value.report.failed} == {"alice", "bob"}
    assert "Inactive" in account.statuses("carol").values()


def refuse_policies_that_name(account: Account, arn: str) -> Counter[str]:
    """AWS does not know this principal. Returns how often it said so, of which secret."""
    refused: Counter[str] = Counter()

    def handler(params: Any, **_: Any) -> None:
        asked = json.loads(params["body"])
        if arn in asked["ResourcePolicy"]:
            refused[asked["SecretId"].rsplit(":", 1)[1].rpartition("-")[0]] += 1
            raise ClientError(
                {"Error": {"Code": "MalformedPolicyDocumentException"}}, "PutResourcePolicy"
            )

    account.intercept("before-call.secrets-manager.PutResourcePolicy", handler)
    return refused


def test_readers_whom_aws_refused_once_are_not_waited_for_again(account: Account) -> None:
    """One deploy role of many users was deleted: 15 seconds for each would use up the run."""
    people = ("alice", "bob", "carol", "dave", "eve")
    readers = {name: [OWN] for name in people} | {"dave": [OWN, ANOTHER], "eve": [ANOTHER]}
    for number, name in enumerate(people):
        account.add_user(name, 99 - number)
    account.set_user_options({name: {"reader_arns": arns} for name, arns in readers.items()})
    account.pass_days(9)  # beyond a look at all policies
    refused = refuse_policies_that_name(account, OWN)

    with pytest.raises(RotationFailedError) as failed:
        account.run()

    asked = {account.secret_name(name): 1 for name in ("bob", "carol", "dave")}
    assert refused == {account.secret_name("alice"): 6, **asked}
    assert {row.user for row in failed.value.report.failed} == {"alice", "bob", "carol", "dave"}
    assert readers_of(account, "eve") == [ANOTHER]


def test_readers_whom_aws_took_meanwhile_are_waited_for_again(account: Account) -> None:
    """The owner of the first was not known: that says nothing of the readers."""
    account.set_user_options({n: {"reader_arns": [OWN]} for n in ("alice", "bob", "carol")})
    for number, name in enumerate(("alice", "bob", "carol")):
        account.add_user(name, 99 - number)
    account.pass_days(9)  # beyond a look at all policies
    refuse_policies_that_name(account, account.arn("alice"))
    seconds = refuse_policies_that_name(account, account.arn("carol"))

    with pytest.raises(RotationFailedError):
        account.run()

    assert readers_of(account, "bob") == [OWN]
    assert seconds == {account.secret_name("carol"): 6}


def test_no_readers_are_never_why_a_policy_was_refused(account: Account) -> None:
    for number, name in enumerate(("alice", "bob")):
        account.add_user(name, 99 - number)
    account.pass_days(1)  # no look at all policies
    refused = refuse_policies_that_name(account, "arn:aws:iam")

    with pytest.raises(RotationFailedError):
        account.run()

    assert set(refused.values()) == {6}


def test_a_policy_that_aws_refuses_in_the_look_is_in_the_digest_of_each_run(
    account: Account,
) -> None:
    account.set_user_options({"alice": {"reader_arns": [ANOTHER]}})
    settled(account)
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    refuse_policies_that_name(account, OWN)

    for day in ("2026-07-01", "2026-07-02"):
        with pytest.raises(RotationFailedError, match="housekeeping_failed"):
            account.run()

        assert readers_of(account) == [ANOTHER]
        told = last_published(account)
        assert f"run of {day}" in told
        assert "that cannot be put right: AWS refused the policy of iam-access-key/alice" in told
        account.pass_days(1)


def test_an_own_reader_of_this_account_need_not_be_looked_up(account: Account) -> None:
    """There may be thousands of them: AWS's answer to the policy is their test."""
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/deploy"
    account.set_user_options({"alice": {"reader_arns": [role]}})
    account.add_user("alice", 90)
    with sent(account) as calls:
        account.run()

    assert calls["GetRole"] == 0
    assert calls["PutResourcePolicy"] == 1
    assert readers_of(account) == [role]
