"""What the removal of `make acceptance` finds and deletes in an account: its own, and only that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.acceptance import removal
from tests.acceptance.cloud import Cloud
from tests.acceptance.protocol import Protocol, Verdict
from tests.acceptance.scene import Scene
from tests.acceptance.story import remove
from tests.stage.terraform import Terraform, TerraformError

NAME, OTHER = "akr-accept-0a1b2c3d", "akr-accept-0a1b2c3e"
REGION = "eu-west-1"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
KINDS = {
    "user",
    "secret",
    "role",
    "function",
    "log group",
    "topic",
    "queue",
    "rule",
    "bus",
    "parameter",
    "alarm",
    "dashboard",
    "alias",
}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        session = boto3.session.Session(
            aws_access_key_id="a", aws_secret_access_key="b", region_name=REGION
        )
        identity = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/admin"}
        yield Cloud(session, identity, {})


def furnish(cloud: Cloud, name: str) -> None:
    """One of each kind, as a test that crashed left it."""
    iam = cloud.client("iam")
    iam.create_user(UserName=f"{name}-alice", Path=f"/{name}/")
    for _key in range(2):
        iam.create_access_key(UserName=f"{name}-alice")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    claim = f"one-access-key-rotation-per-tag-{name[-8:]}"
    iam.create_role(RoleName=claim, Path=f"/{REGION}/{name}/", AssumeRolePolicyDocument=TRUST)
    secrets = cloud.client("secretsmanager")
    for user in ("alice", "build-agent"):
        secrets.create_secret(Name=f"{name}/{name}-{user}", SecretString="{}")
    secrets.delete_secret(SecretId=f"{name}/{name}-alice", RecoveryWindowInDays=30)
    cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="h",
        Code={"ZipFile": b"0"},
    )
    cloud.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    cloud.client("sns").create_topic(Name=f"{name}-alarms")
    cloud.client("sqs").create_queue(QueueName=f"{name}-messages")
    events = cloud.client("events")
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
    events.create_event_bus(Name=name)
    cloud.client("ssm").put_parameter(Name=f"/{name}/config/name", Value=name, Type="String")
    metrics = cloud.client("cloudwatch")
    metrics.put_metric_alarm(
        AlarmName=f"{name}-errors",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    metrics.put_dashboard(DashboardName=name, DashboardBody=json.dumps({"widgets": []}))
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)


def test_every_kind_is_found_and_nobody_elses(cloud: Cloud) -> None:
    furnish(cloud, NAME)
    furnish(cloud, OTHER)

    found = removal.leftovers(cloud, NAME)

    assert {one.rpartition(" ")[0] for one in found} == KINDS
    assert f"role {REGION}/{NAME}/one-access-key-rotation-per-tag-{NAME[-8:]}" in found
    assert [one for one in found if NAME not in one or OTHER in one] == []
    assert removal.leftovers(cloud, "akr-accept-00000000") == []


def test_users_and_secrets_are_deleted_and_nobody_elses(cloud: Cloud) -> None:
    furnish(cloud, NAME)
    furnish(cloud, OTHER)
    before = removal.leftovers(cloud, OTHER)
    assert removal.secrets_by_deletion(cloud, NAME) == {
        f"{NAME}/{NAME}-alice": True,
        f"{NAME}/{NAME}-build-agent": False,
    }

    assert removal.remove_users(cloud, NAME) == [f"{NAME}-alice"]
    assert len(removal.remove_secrets(cloud, NAME)) == 2

    kinds = {one.rpartition(" ")[0] for one in removal.leftovers(cloud, NAME)}
    assert kinds == KINDS - {"user", "secret"}
    assert removal.leftovers(cloud, OTHER) == before
    assert removal.remove_users(cloud, NAME) == removal.remove_secrets(cloud, NAME) == []


def test_a_kms_key_is_known_by_its_alias_or_its_tag(cloud: Cloud) -> None:
    kms = cloud.client("kms")
    tags = [{"TagKey": removal.TAG, "TagValue": NAME}]
    tagged = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    named = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{NAME}", TargetKeyId=named)

    assert removal.kms_keys_of(cloud, NAME) == {tagged, named}
    assert removal.kms_keys_of(cloud, OTHER) == set()


def test_a_kms_key_is_told_by_its_state(cloud: Cloud) -> None:
    furnish(cloud, NAME)
    [key] = removal.kms_keys_of(cloud, NAME)

    waiting, other = removal.kms_key_states(cloud, [key])
    assert (waiting, other) == ([], [f"KMS key {key} (Enabled)"])

    cloud.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=30)
    waiting, other = removal.kms_key_states(cloud, [key])
    assert other == []
    assert waiting[0].startswith(f"{key} (until 20")


class BrokenTerraform(Terraform):
    """One that lost its state, say."""

    def destroy(self, **_variables: str) -> str:
        raise TerraformError("no state")


def test_what_terraform_leaves_is_said_and_all_else_is_removed(
    cloud: Cloud, tmp_path: Path
) -> None:
    furnish(cloud, NAME)
    terraform = BrokenTerraform(tmp_path, tmp_path / "state", tmp_path / "data", {})
    scene = Scene(cloud, NAME, terraform, lambda _text: None, {})
    protocol = Protocol()

    remove(scene, protocol, lambda _line: None, seconds=0)

    removed, left = (line.finding for line in protocol.lines)
    assert (removed.verdict, left.verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert removed.facts == (
        "1 KMS key; 1 users deleted; TerraformError: no state; 2 secrets deleted"
    )
    assert "user " not in left.facts
    assert "secret " not in left.facts
    assert "topic " in left.facts
    assert "(Enabled)" in left.facts
    assert protocol.left_something


@pytest.mark.parametrize("name", ["", "access-key-rotation"])
def test_no_other_name_is_looked_at_or_deleted(cloud: Cloud, name: str) -> None:
    for act in (
        removal.remove_users,
        removal.remove_secrets,
        removal.leftovers,
        removal.kms_keys_of,
    ):
        with pytest.raises(removal.WrongNameError):
            act(cloud, name)
