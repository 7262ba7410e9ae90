"""What `terraform destroy` takes, and what it leaves: as docs/operations.md says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.stage.account import Account

from .stage import Stage

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
PENDING = "pending deletion for 30 days"
STAYS = "stay"
CLAIM = "one-access-key-rotation-per-tag-"


def test_what_is_left_is_what_the_manual_says(stage: Stage, destroyed: Mapping[str, bool]) -> None:
    prefix, users = stage.outputs["secret_name_prefix"], stage.outputs["iam_users"]
    ours = {name for name, is_ours in destroyed.items() if is_ours}
    assert ours == {prefix + user for user, about in users.items() if about["declared"]}
    assert set(destroyed) - ours == {f"{prefix}it-legacy-import"}
    declared = {_fate(stage.account, name) for name, is_ours in destroyed.items() if is_ours}
    on_demand = {_fate(stage.account, name) for name, is_ours in destroyed.items() if not is_ours}
    key = stage.account.kms.describe_key(KeyId=stage.outputs["kms_key_arn"])["KeyMetadata"]

    assert declared == {PENDING}
    assert on_demand == {STAYS}
    assert key["KeyState"] == "PendingDeletion"
    assert _days_until(key["DeletionDate"]) == 30
    said = _what_the_manual_says()
    assert set(said) == {
        "secrets of `users`",
        "secrets that the function made",
        "the module's KMS key",
    }
    assert said["secrets of `users`"].startswith(PENDING)
    assert said["secrets that the function made"].startswith(STAYS)
    assert said["the module's KMS key"].startswith(PENDING)


def test_a_secret_made_on_demand_stays_with_its_key_and_records(
    stage: Stage, destroyed: Mapping[str, bool]
) -> None:
    assert "integration/it-legacy-import" in destroyed
    assert stage.secret("it-legacy-import")["UserName"] == "it-legacy-import"
    assert stage.secret_tags("it-legacy-import")["access-key-rotation:managed-by"] == (
        stage.function
    )


def test_nothing_else_is_left(stage: Stage, destroyed: Mapping[str, bool]) -> None:
    assert destroyed
    assert stage.account.users().isdisjoint(stage.held)
    account, name = stage.account, stage.function
    found = {
        "functions": [f["FunctionName"] for f in account.functions.list_functions()["Functions"]],
        "roles": [role["RoleName"] for role in account.iam.list_roles()["Roles"]],
        "rules": [rule["Name"] for rule in account.events.list_rules()["Rules"]],
        "topics": [
            topic["TopicArn"].rpartition(":")[2] for topic in account.sns.list_topics()["Topics"]
        ],
        "queues": [
            url.rpartition("/")[2]
            for url in account.sqs.list_queues(QueueNamePrefix=name).get("QueueUrls", [])
        ],
        "log groups": [
            group["logGroupName"].removeprefix("/aws/lambda/")
            for group in account.logs.describe_log_groups()["logGroups"]
        ],
        "parameters": [
            parameter["Name"]
            for parameter in account.ssm.get_parameters_by_path(Path=stage.outputs["config_path"])[
                "Parameters"
            ]
        ],
        "aliases": [
            alias["AliasName"].removeprefix("alias/")
            for alias in account.kms.list_aliases()["Aliases"]
        ],
        "alarms": [
            alarm["AlarmName"] for alarm in account.metrics.describe_alarms()["MetricAlarms"]
        ],
        "dashboards": [
            board["DashboardName"]
            for board in account.metrics.list_dashboards()["DashboardEntries"]
        ],
        "subscriptions": [
            subscription["Endpoint"]
            for subscription in account.sns.list_subscriptions()["Subscriptions"]
            if subscription["TopicArn"]
            in (stage.outputs["topic_arn"], stage.outputs["alarm_topic_arn"])
            and subscription["Protocol"] == "email"
        ],
    }

    assert [role for role in found["roles"] if role.startswith(CLAIM)] == []
    for kind in ("parameters", "subscriptions"):
        assert found.pop(kind) == []
    of_the_test = stage.queue.queue.url.rpartition("/")[2]
    left = [(kind, each) for kind, names in found.items() for each in names if each != of_the_test]
    assert [(kind, each) for kind, each in left if f"{each}-".startswith(f"{name}-")] == []


def test_there_was_something_of_each_kind(stage: Stage) -> None:
    """Or else nothing could be left of it."""
    account, name = stage.account, stage.function
    assert account.users() >= set(stage.held)
    topics = [topic["TopicArn"] for topic in account.sns.list_topics()["Topics"]]
    rules = {rule["Name"] for rule in account.events.list_rules()["Rules"]}
    alarms = account.metrics.describe_alarms()["MetricAlarms"]
    boards = account.metrics.list_dashboards()["DashboardEntries"]

    assert {stage.outputs["topic_arn"], stage.outputs["alarm_topic_arn"]} <= set(topics)
    assert rules >= {name, f"{name}-exposed-keys"}
    assert len([alarm for alarm in alarms if alarm["AlarmName"].startswith(f"{name}-")]) == 5
    assert name in [board["DashboardName"] for board in boards]
    [claim] = [
        role for role in account.iam.list_roles()["Roles"] if role["RoleName"].startswith(CLAIM)
    ]
    assert claim["Path"] == f"/eu-west-1/{name}/"


def _fate(account: Account, secret: str) -> str:
    described = account.secrets.describe_secret(SecretId=secret)
    if "DeletedDate" not in described:
        return STAYS
    with pytest.raises(ClientError, match=r"InvalidRequest|ResourceNotFound"):
        account.secrets.get_secret_value(SecretId=secret)
    return f"pending deletion for {_days_until(described['DeletedDate'])} days"


def _days_until(time: datetime) -> int:
    return round((time - datetime.now(UTC)) / timedelta(days=1))


def _what_the_manual_says() -> dict[str, str]:
    """The table under "Leaving the module": what outlives it, and what becomes of that."""
    chapter = OPERATIONS.read_text().partition("## Leaving the module")[2]
    rows = [line.strip("|").split(" | ") for line in chapter.splitlines() if line[:2] == "| "]
    return {cells[0].strip(): cells[1].strip() for cells in rows if cells[0].strip()}
