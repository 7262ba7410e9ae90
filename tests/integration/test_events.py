"""What a program that listens to the event bus gets, from the deployed function."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.json_schema import problems

from .stage import Person, Stage

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "event.schema.json").read_text())
RULE = "integration-test-events"


@pytest.fixture
def events(stage: Stage) -> Iterator[Callable[[int], list[dict[str, Any]]]]:
    """Waits for so many events of ours."""
    account = stage.account
    url = account.sqs.create_queue(QueueName=RULE)["QueueUrl"]
    arn = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    bus = account.events
    bus.put_rule(Name=RULE, EventPattern=json.dumps({"source": ["iam-access-key-rotation"]}))
    queue = arn["Attributes"]["QueueArn"]
    bus.put_targets(Rule=RULE, Targets=[{"Id": "queue", "Arn": queue}])

    def received(number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        give_up = time.monotonic() + 20
        while len(found) < number and time.monotonic() < give_up:
            answer = account.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2
            )
            found += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return found

    yield received
    bus.remove_targets(Rule=RULE, Ids=["queue"])
    bus.delete_rule(Name=RULE)
    account.sqs.delete_queue(QueueUrl=url)


def test_a_rotation_is_on_the_bus(
    stage: Stage,
    person: Callable[..., Person],
    events: Callable[[int], list[dict[str, Any]]],
) -> None:
    somebody = person(120)
    [old] = somebody.keys

    stage.run({"users": [somebody.name]})

    found = sorted(events(2), key=lambda event: event["detail-type"])
    assert [event["detail-type"] for event in found] == [
        "Access Key Disabled",
        "Access Key Rotated",
    ]
    disabled, rotated = (event["detail"] for event in found)
    assert disabled["access_key_id"] == rotated["superseded_access_key_id"] == old.id
    secret = stage.secret(somebody.name)
    assert rotated["access_key_id"] == secret["AccessKeyId"]
    assert rotated["user"]["name"] == somebody.name
    assert [problems(detail, SCHEMA) for detail in (disabled, rotated)] == [[], []]
    assert secret["SecretAccessKey"] not in json.dumps(found)
