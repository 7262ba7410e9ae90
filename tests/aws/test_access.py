"""Who can read a secret, read from AWS before a key is stored, and put right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sns.models import sns_backends

from key_rotation.notify.response import RotationFailedError
from tests.aws.account import ACCOUNT_ID, PARAMETERS, Account
from tests.aws.test_hand_over import sent

READER = "arn:aws:iam::999999999999:role/deploy"
OTHER_KEY = "arn:aws:kms:eu-west-1:123456789012:key/of-somebody"
OWN_KEY = PARAMETERS["kms_key_arn"]
_TAG = "access-key-rotation:"


def policy_of(account: Account, name: str = "alice") -> dict[str, Any]:
    answer = account.client("secretsmanager").get_resource_policy(
        SecretId=account.secret_name(name)
    )
    policy: dict[str, Any] = json.loads(answer["ResourcePolicy"])
    return policy


def put_policy(account: Account, policy: dict[str, Any] | str, name: str = "alice") -> None:
    account.client("secretsmanager").put_resource_policy(
        SecretId=account.secret_name(name),
        ResourcePolicy=policy if isinstance(policy, str) else json.dumps(policy),
    )


def described(account: Account, name: str = "alice") -> dict[str, Any]:
    answer: dict[str, Any] = account.client("secretsmanager").describe_secret(
        SecretId=account.secret_name(name)
    )
    return answer


def digests(account: Account) -> list[str]:
    """The lines of the operators' digests since the last look."""
    return [line["text"] for message in account.messages("operators") for line in message["lines"]]


def last_published(account: Account) -> str:
    """A queue of moto's shows nothing any more that is older than some days."""
    return str(
        sns_backends[ACCOUNT_ID]["eu-west-1"].topics[account.topic_arn].sent_notifications[-1]
    )


def lets_only_the_owner_read(account: Account, name: str = "alice") -> bool:
    user = account.client("iam").get_user(UserName=name)["User"]
    root = f"arn:aws:iam::{ACCOUNT_ID}:root"
    allow, deny = policy_of(account, name)["Statement"]
    return bool(
        allow["Principal"] == {"AWS": [user["Arn"], root]}
        and deny["Condition"] == {"StringNotEquals": {"aws:userid": user["UserId"]}}
    )


def warned(account: Account) -> str:
    """A user whose key of 90 days was warned of a week ago."""
    [old] = account.add_user("alice", 83)
    account.run()
    account.pass_days(7)
    account.messages("operators")
    return old


def allow_a_stranger(account: Account) -> None:
    policy = policy_of(account)
    policy["Statement"][0]["Principal"]["AWS"].append(f"arn:aws:iam::{ACCOUNT_ID}:user/mallory")
    del policy["Statement"][1]
    put_policy(account, policy)


def deny_the_owner(account: Account) -> None:
    policy = policy_of(account)
    deny = {"Effect": "Deny", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    policy["Statement"].append(deny | {"Principal": {"AWS": account.arn()}})
    put_policy(account, policy)


def remove_the_policy(account: Account) -> None:
    account.client("secretsmanager").delete_resource_policy(SecretId=account.secret_name())


@pytest.mark.parametrize("act", [allow_a_stranger, deny_the_owner, remove_the_policy])
def test_a_policy_changed_after_the_warning_is_put_back_before_the_key_is_stored(
    account: Account, act: Any
) -> None:
    old = warned(account)
    act(account)

    account.run()

    assert lets_only_the_owner_read(account)
    assert account.statuses()[old] == "Inactive"
    assert any("policy had been changed, and is put back" in line for line in digests(account))


@pytest.mark.parametrize(
    "days", [pytest.param(0, id="before a store"), pytest.param(14, id="on a Monday, long after")]
)
def test_a_policy_that_was_removed_with_its_record_is_put_back_and_said(
    account: Account, days: int
) -> None:
    """A tag that is missing hides nothing: the secret holds a value."""
    warned(account)
    if days:
        account.run()
        account.pass_days(days)
        account.messages("operators")
    remove_the_policy(account)
    account.untag_secret("policy-for")

    account.run()

    assert lets_only_the_owner_read(account)
    assert "had no policy, and has one now" in last_published(account)


def test_a_secret_that_somebody_prepared_is_made_ours_before_anything_is_stored(
    account: Account,
) -> None:
    [old] = account.add_user("alice", 90)
    account.add_user("carol", 90)
    account.run({"users": ["carol"]})
    forged = account.secret_tags("carol")
    user_id = account.client("iam").get_user(UserName="alice")["User"]["UserId"]
    record = f"{user_id} {forged['policy-for'].split()[1]}"
    tags = {"managed-by": "key-rotation", "user-id": user_id, "policy-for": record}
    tags["warned"] = f"{old} 2026-05-25T12:00:00Z"
    account.client("secretsmanager").create_secret(
        Name=account.secret_name(), Tags=[{"Key": _TAG + k, "Value": v} for k, v in tags.items()]
    )

    account.run()

    assert lets_only_the_owner_read(account)
    assert described(account)["KmsKeyId"] == OWN_KEY
    assert account.statuses()[old] == "Inactive"


def test_a_secret_on_another_key_is_moved_before_the_key_is_stored(account: Account) -> None:
    warned(account)
    account.client("secretsmanager").update_secret(
        SecretId=account.secret_name(), KmsKeyId=OTHER_KEY
    )

    account.run()

    assert described(account)["KmsKeyId"] == OWN_KEY
    moved = f"was encrypted with {OTHER_KEY}, and is moved to {OWN_KEY}"
    assert any(moved in line for line in digests(account))


def test_replicas_are_removed_before_the_key_is_stored(account: Account) -> None:
    warned(account)
    account.client("secretsmanager").replicate_secret_to_regions(
        SecretId=account.secret_name(), AddReplicaRegions=[{"Region": "us-east-1"}]
    )

    account.run()

    assert not described(account).get("ReplicationStatus")
    assert any("was replicated to us-east-1" in line for line in digests(account))


def test_a_secret_that_cannot_be_protected_blocks_and_the_digest_says_so(
    account: Account,
) -> None:
    old = warned(account)
    allow_a_stranger(account)
    refuse(account, "PutResourcePolicy", "AccessDeniedException")

    for _ in range(2):
        [row] = [row for row in account.run()["users"] if row["action"] == "block"]
        assert (row["reason"], row["access_key_id"]) == ("secret_not_protected", old)
        assert "who can read its secret" in last_published(account)
        account.pass_days(1)
    assert account.statuses() == {old: "Active"}


def refuse(account: Account, operation: str, code: str, times: int = 1000) -> list[Any]:
    """AWS refuses the next calls of the operation. Returns those that were."""
    refused: list[Any] = []

    def handler(params: Any, **_: Any) -> Any:
        if len(refused) >= times:
            return None
        refused.append(params)
        raise ClientError(
            {
                "Error": {"Code": code, "Message": "not now"},
                "ResponseMetadata": {
                    "HTTPStatusCode": 400,
                    "RetryAttempts": 0,
                    "RequestId": "r",
                    "HostId": "",
                    "HTTPHeaders": {},
                },
            },
            operation,
        )

    account.intercept(f"before-call.secrets-manager.{operation}", handler)
    return refused


def move_to_another_path(account: Account) -> None:
    """In moto the tags stay with the former ARN."""
    iam = account.client("iam")
    tags = iam.list_user_tags(UserName="alice")["Tags"]
    iam.update_user(UserName="alice", NewPath="/team/")
    iam.tag_user(UserName="alice", Tags=tags)


# -- the owner -------------------------------------------------------------------------------------


def test_an_owner_moved_in_the_grace_could_read_all_along(account: Account) -> None:
    [old] = account.add_user("alice", 90, password=False)
    account.run()
    move_to_another_path(account)
    policy = policy_of(account)
    policy["Statement"][0]["Principal"]["AWS"][0] = account.arn()  # AWS rewrites it
    put_policy(account, policy)
    account.pass_days(7)
    account.use_new_key()

    account.run()

    assert account.statuses()[old] == "Inactive"


def test_a_policy_by_arn_keeps_the_old_key_until_the_moved_owner_can_read(
    account: Account,
) -> None:
    [old] = account.add_user("alice", 90, password=False)
    account.run()
    before = account.arn()
    move_to_another_path(account)
    policy = policy_of(account)
    policy["Statement"][0]["Principal"] = {"AWS": account.arn()}
    policy["Statement"][1]["Condition"] = {"ArnNotEquals": {"aws:PrincipalArn": before}}
    put_policy(account, policy)
    account.pass_days(7)
    account.use_new_key()

    account.run()

    assert account.statuses()[old] == "Active"
    assert lets_only_the_owner_read(account)
    account.pass_days(1)
    account.run()  # which announces the key again
    account.pass_days(7)
    account.run()
    assert account.statuses()[old] == "Inactive"


def test_a_key_moved_to_another_kms_key_keeps_the_old_one(account: Account) -> None:
    [old] = account.add_user("alice", 90, password=False)
    account.run()
    account.client("secretsmanager").update_secret(
        SecretId=account.secret_name(), KmsKeyId=OTHER_KEY
    )
    account.pass_days(8)
    account.use_new_key()

    account.run()

    assert account.statuses()[old] == "Active"
    assert described(account)["KmsKeyId"] == OWN_KEY


# -- readers ---------------------------------------------------------------------------------------


def readers_of(account: Account, name: str = "alice") -> list[str]:
    condition = policy_of(account, name)["Statement"][1]["Condition"]
    readers: list[str] = condition.get("ArnNotEquals", {}).get("aws:PrincipalArn", [])
    return readers


def settled(account: Account) -> None:
    """Two users, weeks after their rotations, on a day without housekeeping."""
    account.add_user("alice", 90)
    account.add_user("bob", 90)
    account.run()
    account.pass_days(30)
    account.messages("operators")


def test_a_reader_who_was_added_reaches_every_secret_with_the_next_run(account: Account) -> None:
    settled(account)
    account.set_parameter("secret_reader_arns", json.dumps([READER]))

    account.run()

    assert readers_of(account) == readers_of(account, "bob") == [READER]
    [line] = [line for line in digests(account) if READER in line]
    assert f"may read it now: {READER}" in line
    assert "(2 secrets: alice, bob)" in line


def test_a_reader_who_was_removed_can_read_nothing_after_the_next_run(account: Account) -> None:
    account.set_parameter("secret_reader_arns", json.dumps([READER]))
    settled(account)
    account.set_parameter("secret_reader_arns", "[]")
    keep_the_records_as_if_done(account)

    account.run()

    assert lets_only_the_owner_read(account)
    assert lets_only_the_owner_read(account, "bob")
    assert any(f"may not read it any more: {READER}" in line for line in digests(account))


def keep_the_records_as_if_done(account: Account) -> None:
    """Somebody who can tag secrets forges what a run would write."""
    for name in ("alice", "bob"):
        account.add_user(f"of-{name}", 90)
    account.run({"users": ["of-alice"]})
    forged = account.secret_tags("of-alice")["policy-for"]
    for name in ("alice", "bob"):
        tags = [{"Key": f"{_TAG}policy-for", "Value": forged}]
        account.client("secretsmanager").tag_resource(SecretId=account.secret_name(name), Tags=tags)


def test_a_reader_slipped_in_for_one_run_is_taken_out_and_named(account: Account) -> None:
    settled(account)
    account.set_parameter("secret_reader_arns", json.dumps([READER]))
    account.run()
    account.set_parameter("secret_reader_arns", "[]")
    account.pass_days(1)
    account.messages("operators")

    account.run()

    assert lets_only_the_owner_read(account)
    assert any(f"may not read it any more: {READER}" in line for line in digests(account))


def test_a_run_for_one_user_brings_them_the_new_reader(account: Account) -> None:
    settled(account)
    account.set_parameter("secret_reader_arns", json.dumps([READER]))

    account.run({"users": ["bob"]})

    assert (readers_of(account), readers_of(account, "bob")) == ([], [READER])
    assert any(f"may read it now: {READER}" in line for line in digests(account))


def test_nothing_is_read_when_no_reader_changed(account: Account) -> None:
    settled(account)
    account.pass_days(1)
    with sent(account) as calls:
        account.run()

    assert calls["DescribeSecret"] or calls["GetAccountAuthorizationDetails"]
    assert calls["GetResourcePolicy"] == 0


def test_a_secret_of_somebody_who_is_not_managed_any_more_is_served_too(account: Account) -> None:
    settled(account)
    account.client("iam").untag_user(UserName="bob", TagKeys=["access-key-rotation"])
    account.set_parameter("secret_reader_arns", json.dumps([READER]))

    account.run()

    assert readers_of(account, "bob") == [READER]
    allow, deny = policy_of(account, "bob")["Statement"]
    assert account.arn("bob") in allow["Principal"]["AWS"]
    assert "aws:userid" in deny["Condition"]["StringNotEquals"]


# -- secrets of owners who are gone, and other keys ------------------------------------------------


def test_an_owner_who_is_gone_is_taken_out_of_the_policy(account: Account) -> None:
    """AWS shows such a one as a bare unique id, which Terraform's provider 5 refuses to read."""
    account.add_user("bob", 90)
    account.run()
    bob = account.client("iam").get_user(UserName="bob")["User"]
    account.delete_user("bob")
    policy = policy_of(account, "bob")
    policy["Statement"][0]["Principal"]["AWS"][0] = bob["UserId"]
    put_policy(account, policy, "bob")
    account.pass_days(7)  # a Monday again

    account.run()

    allow, deny = policy_of(account, "bob")["Statement"]
    assert allow["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT_ID}:root"]}
    assert "Condition" not in deny


def test_every_secret_moves_to_a_new_kms_key(account: Account) -> None:
    settled(account)
    account.set_parameter("kms_key_arn", OTHER_KEY)

    account.run()

    assert described(account)["KmsKeyId"] == described(account, "bob")["KmsKeyId"] == OTHER_KEY
    assert account.secret_value("bob")["UserName"] == "bob"


def test_a_policy_for_another_owner_blocks_since_the_tag_may_be_forged(account: Account) -> None:
    old = warned(account)
    put_policy(account, json.dumps(policy_of(account)).replace(user_id(account), "AIDASOMEBODY"))

    rows = account.run()["users"]

    assert ("block", "secret_not_protected") in [(row["action"], row["reason"]) for row in rows]
    assert account.statuses() == {old: "Active"}


def user_id(account: Account) -> str:
    answer: str = account.client("iam").get_user(UserName="alice")["User"]["UserId"]
    return answer


# -- principals that IAM has just got to know ------------------------------------------------------


def test_a_principal_refused_for_some_seconds_fails_nobody(account: Account) -> None:
    account.set_parameter("secret_reader_arns", json.dumps([READER]))
    for name in ("alice", "bob", "carol"):
        account.add_user(name, 90)
    refuse(account, "PutResourcePolicy", "MalformedPolicyDocumentException", times=4)

    rows = account.run()["users"]

    assert [row["action"] for row in rows].count("rotate") == 3


def test_one_refused_policy_is_the_failure_of_its_user_alone(account: Account) -> None:
    account.set_parameter("secret_reader_arns", json.dumps([READER]))
    for name, days in (("alice", 95), ("bob", 90)):
        account.add_user(name, days)
    refuse(account, "PutResourcePolicy", "MalformedPolicyDocumentException", times=6)

    with pytest.raises(RotationFailedError, match="one of these principals does not exist or is"):
        account.run()

    assert "Inactive" in account.statuses("bob").values()


def test_a_reader_whom_aws_never_knows_ends_the_run_at_the_second_user(account: Account) -> None:
    account.set_parameter("secret_reader_arns", json.dumps([READER]))
    for name in ("alice", "bob", "carol"):
        account.add_user(name, 90)
    refused = refuse(account, "PutResourcePolicy", "MalformedPolicyDocumentException")

    with pytest.raises(Exception, match="AWS refused the policies of 2 secrets"):
        account.run()

    assert len({params["body"] for params in refused}) == 2
