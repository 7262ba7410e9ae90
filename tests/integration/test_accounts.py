"""examples/multi-account in two accounts: what happens in one never shows in the other.

LocalStack takes a 12-digit access key id for the id of the caller's account.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from scripts.accounts import Accounts, Outcome, in_order

from tests.demo.runs import invoke
from tests.demo.stage import Account, HeldKey, give_key
from tests.localstack.endpoint import Endpoint

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "multi-account"
USER = "it-shared-name"
MARK = {"Key": "access-key-rotation", "Value": "enabled"}


class AccountOf(Account):
    """The account of this id."""

    def __init__(self, endpoint: Endpoint, account_id: str) -> None:
        super().__init__(endpoint)
        self._administrator = HeldKey(account_id, "administrator")

    def _client(self, service: str, key: HeldKey | None = None) -> Any:
        return super()._client(service, key or self._administrator)


@pytest.fixture(scope="module")
def outcomes(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Outcome]]:
    """Planned and applied by the script, in the central account and in another one."""
    data = tmp_path_factory.mktemp("accounts")
    accounts = Accounts(FOLDER, account.environment() | {"TF_DATA_DIR": str(data)})
    names = [accounts.central, "shop"]
    try:
        accounts.prepare()
        done = in_order(names, accounts.central, "plan", accounts.plan, 1)
        done += in_order(names, accounts.central, "apply", accounts.apply, 1)
        yield done
        in_order(names, accounts.central, "destroy", accounts.destroy, 1)
    finally:
        shutil.rmtree(FOLDER / "terraform.tfstate.d", ignore_errors=True)
        (FOLDER / ".terraform.lock.hcl").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def ids(outcomes: list[Outcome]) -> Mapping[str, str]:
    failed = [outcome for outcome in outcomes if outcome.failed]
    assert failed == []
    return {outcome.account: outcome.account_id for outcome in outcomes}


def test_every_account_has_its_own_state(ids: Mapping[str, str]) -> None:
    for name, account_id in ids.items():
        state = (FOLDER / "terraform.tfstate.d" / name / "terraform.tfstate").read_text()

        assert ":function:access-key-rotation" in state
        assert f"arn:aws:lambda:eu-west-1:{account_id}:" in state
        for other, other_id in ids.items():
            if other != name:
                assert f"arn:aws:lambda:eu-west-1:{other_id}:" not in state


def test_a_rotation_shows_in_its_account_and_on_the_central_bus_only(
    embedded: Account, ids: Mapping[str, str]
) -> None:
    central = AccountOf(embedded.endpoint, ids["security"])
    shop = AccountOf(embedded.endpoint, ids["shop"])
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
    shop.sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:eu-west-1:{shop.id}:listener"
    )

    answer = invoke(shop, "access-key-rotation")

    assert isinstance(answer, dict), answer
    assert answer["counts"]["rotate"] == 1
    assert len(shop.statuses(USER)) == 2
    assert shop.secrets.describe_secret(SecretId=f"iam-access-key/{USER}")
    assert central.statuses(USER) == {old[central.id].id: "Active"}
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


def test_a_second_plan_is_empty(account: Account, ids: Mapping[str, str], tmp_path: Path) -> None:
    accounts = Accounts(FOLDER, account.environment() | {"TF_DATA_DIR": str(tmp_path)})
    accounts.prepare()

    assert {accounts.plan(name).numbers for name in ids} == {(0, 0, 0)}
