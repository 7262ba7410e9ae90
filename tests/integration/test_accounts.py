"""examples/multi-account in two accounts: what happens in one never shows in the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from key_rotation_accounts.account_map import ACCOUNTS
from key_rotation_accounts.outcome import Result
from key_rotation_cli.exits import Exit
from key_rotation_cli.main import main
from tests.stage.account import Account, AccountOf, confirm_subscriptions, give_key
from tests.stage.runs import invoke

from .rollout import Applied, Rollout

USER = "it-shared-name"
MARK = {"Key": "access-key-rotation", "Value": "enabled"}


@pytest.fixture(scope="module")
def applied(accounts: Rollout) -> Iterator[Applied]:
    """The example, applied; its destroy begins after this module's tests."""
    yield accounts.applied()
    accounts.destroy()


def test_every_account_has_its_own_state(applied: Applied) -> None:
    ids = applied.ids
    for name, account_id in ids.items():
        state = (applied.folder / "terraform.tfstate.d" / name / "terraform.tfstate").read_text()

        assert ":function:access-key-rotation" in state
        assert f"arn:aws:lambda:eu-west-1:{account_id}:" in state
        for other, other_id in ids.items():
            if other != name:
                assert f"arn:aws:lambda:eu-west-1:{other_id}:" not in state


def test_a_rotation_shows_in_its_account_and_on_the_central_bus_only(
    embedded: Account, applied: Applied
) -> None:
    """As shipped: the operators confirm, and nobody else is told."""
    central = AccountOf(embedded.endpoint, applied.ids["security"])
    shop = AccountOf(embedded.endpoint, applied.ids["shop"])
    queue = central.sqs.create_queue(QueueName="it-central")["QueueUrl"]
    arn = f"arn:aws:sqs:eu-west-1:{central.id}:it-central"
    pattern = json.dumps({"source": ["iam-access-key-rotation"]})
    bus = "access-key-rotation"
    central.events.put_rule(Name="it-all", EventPattern=pattern, EventBusName=bus)
    central.events.put_targets(
        Rule="it-all", Targets=[{"Id": "queue", "Arn": arn}], EventBusName=bus
    )
    old = {}
    for account in (central, shop):
        account.iam.create_user(UserName=USER, Tags=[MARK])  # type: ignore[list-item]
        old[account.id] = give_key(account, USER, 120)
    topic = f"arn:aws:sns:eu-west-1:{shop.id}:access-key-rotation"
    [operator] = confirm_subscriptions(shop, topic)

    answer = invoke(shop, "access-key-rotation")

    assert isinstance(answer, dict), answer
    assert answer["counts"]["rotate"] == 1
    assert len(shop.statuses(USER)) == 2
    assert shop.secrets.describe_secret(SecretId=f"iam-access-key/{USER}")
    assert central.statuses(USER) == {old[central.id].id: "Active"}
    mails = embedded.backdoor.wait_for_mails(
        operator, lambda mail: mail["topic_arn"] == topic and USER in mail["message"]
    )
    assert [mail["kind"] for mail in mails] == ["notification"]
    names = [found["Name"] for found in central.secrets.list_secrets()["SecretList"]]
    assert names == []
    [message] = central.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Access Key Rotated"
    assert event["detail"]["account_id"] == shop.id
    central.events.remove_targets(Rule="it-all", Ids=["queue"], EventBusName=bus)
    central.events.delete_rule(Name="it-all", EventBusName=bus)
    for account in (central, shop):
        for key_id in account.statuses(USER):
            account.iam.delete_access_key(UserName=USER, AccessKeyId=key_id)
        account.iam.delete_user(UserName=USER)
    shop.secrets.delete_secret(SecretId=f"iam-access-key/{USER}", ForceDeleteWithoutRecovery=True)


def test_status_and_report_are_over_all_accounts(
    embedded: Account, applied: Applied, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the roles that Terraform assumed. The third account of the map was not applied."""
    file, target = applied.folder / ACCOUNTS, tmp_path / "report.html"
    shop = AccountOf(embedded.endpoint, applied.ids["shop"])
    shop.iam.create_user(UserName=USER, Tags=[MARK])  # type: ignore[list-item]
    key = give_key(shop, USER, 100)

    assert main(["status", "--json", "--accounts", str(file)]) == Exit.AWS
    found = json.loads(capsys.readouterr().out)
    both = ["--accounts", str(file), "--only", ",".join(applied.ids)]
    assert main(["status", "--check", *both]) == Exit.FINDINGS
    checked = capsys.readouterr().err
    assert main(["report", "--html", str(target), *both]) == Exit.OK

    users = [user for account in found["accounts"] for user in account["users"]]
    seen = [(each["account"], each["user"], each["keys"][0]["access_key_id"]) for each in users]
    assert seen == [("shop", USER, key.id)]
    assert {each["account"]: each["account_id"] for each in found["accounts"]} == applied.ids
    assert [each["account"] for each in found["unread_accounts"]] == ["warehouse"]
    assert "there is no installation" in found["unread_accounts"][0]["error"]
    assert f"shop: {USER}: key {key.id} is 100 days old" in checked
    assert key.id in target.read_text()
    shop.iam.delete_access_key(UserName=USER, AccessKeyId=key.id)
    shop.iam.delete_user(UserName=USER)


def test_there_is_no_drift_after_an_apply(applied: Applied) -> None:
    """The next test sees as much of the central account."""
    assert applied.job.drift("shop")["shop"].result is Result.NO_CHANGE


NAMES_THE_ACCOUNTS = (
    'update aws_cloudwatch_event_bus_policy.central["here"]',
    'update aws_kms_key.central["here"]',
    'update aws_sns_topic_policy.central["here"]',
)


def test_an_added_account_changes_what_names_the_accounts_and_nothing_else(
    embedded: Account, applied: Applied
) -> None:
    """Another one, whose role nobody may take on, fails in the meantime."""
    job, refused = applied.job, "777788889999"
    with (
        job.map_with({"data": {"id": "222233334444"}}),
        embedded.backdoor.refused("sts:AssumeRole", refused),
    ):
        planned = job.plan("security", "warehouse")

    assert planned["security"].changes == NAMES_THE_ACCOUNTS
    assert planned["security"].numbers == (0, 3, 0)
    text = job.artefact.text_of("security").read_text()
    assert "known after apply" not in text
    assert '+ "arn:aws:iam::222233334444:root"' in text
    assert planned["warehouse"].result is Result.FAILED
    assert f"arn:aws:iam::{refused}:role/terraform" in planned["warehouse"].why


def test_a_removed_account_changes_the_same(applied: Applied) -> None:
    with applied.job.map_with({}, without="warehouse"):
        drifted = applied.job.drift("security")

    assert drifted["security"].changes == NAMES_THE_ACCOUNTS
    assert drifted["security"].numbers == (0, 3, 0)
