"""Events on the wire: in moto, and as EventBridge answers when it refuses some."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from key_rotation.aws.bus import EventBus
from key_rotation.domain.action import Verb
from key_rotation.domain.model import UserRef
from key_rotation.notify.events import Transition
from key_rotation.notify.response import RotationFailedError
from key_rotation.ports import NotSentError
from tests.aws.account import ACCOUNT_ID, REGION, SESSION, START, Account

BUS = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/default"
ALICE = UserRef("alice", "AIDAALICE", f"arn:aws:iam::{ACCOUNT_ID}:user/alice")
WARNED = Transition(Verb.WARN, START, ALICE, "AKIA1", "warning_window", None, "key-rotation", "r1")


@pytest.fixture
def sent(account: Account) -> Iterator[list[dict[str, Any]]]:
    """The entries of every PutEvents as they go out. moto answers."""
    entries: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        entries.extend(json.loads(params["body"])["Entries"])

    events = account.client("events").meta.events
    events.register("before-call.eventbridge.PutEvents", note)
    yield entries
    events.unregister("before-call.eventbridge.PutEvents", note)


def test_a_run_tells_the_bus(account: Account, sent: list[dict[str, Any]]) -> None:
    [old] = account.add_user("alice", 90)

    account.run(request_id="this-run")

    assert [entry["DetailType"] for entry in sent] == ["Access Key Rotated", "Access Key Disabled"]
    assert {entry["Source"] for entry in sent} == {"iam-access-key-rotation"}
    assert {entry["EventBusName"] for entry in sent} == {BUS}
    assert [entry["Resources"] for entry in sent] == [[account.arn()]] * 2
    detail = json.loads(sent[0]["Detail"])
    assert detail["superseded_access_key_id"] == old
    assert detail["access_key_id"] == account.secret_value()["AccessKeyId"]
    assert detail["run"] == "this-run"


def test_a_bus_that_is_gone_is_a_failure(account: Account) -> None:
    account.set_parameter("event_bus_arn", BUS.replace("default", "deleted"))
    account.add_user("alice", 90)

    with pytest.raises(RotationFailedError, match="ResourceNotFoundException"):
        account.run()

    assert "AccessKeyId" in account.secret_value()


def test_an_entry_that_is_refused_is_an_error() -> None:
    client = SESSION.client("events")
    with Stubber(client) as stub:
        answer = {
            "FailedEntryCount": 1,
            "Entries": [{"EventId": "1"}, {"ErrorCode": "ThrottlingException"}],
        }
        stub.add_response("put_events", answer, {"Entries": [ANY, ANY]})

        with pytest.raises(NotSentError, match="1 of 2 events were refused: ThrottlingException"):
            EventBus(lambda: client, BUS).send([WARNED, WARNED])
