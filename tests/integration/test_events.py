"""What a program that listens to the event bus gets, from the deployed function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.stage.listeners import EventQueue, discard

from .stage import Person, Stage

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "event.schema.json").read_text())
NAME = "integration-test-events"


@pytest.fixture
def events(stage: Stage) -> Iterator[EventQueue]:
    yield EventQueue(stage.account, NAME)
    discard(stage.account, NAME)


# The actions of which an event tells, in the rows of a response.
ON_THE_BUS = ("announce", "block", "delete", "disable", "hold", "remind", "warn")


def test_the_first_run_is_on_the_bus(stage: Stage) -> None:
    rows = [row for row in stage.first_report["users"] if row["action"] in ON_THE_BUS]

    found = stage.events.receive(len(rows))

    assert len(found) == len(rows) > 0
    for event in found:
        Draft202012Validator(SCHEMA).validate(event["detail"])
    [rotated] = [
        event["detail"]
        for event in found
        if event["detail-type"] == "Access Key Rotated"
        and event["detail"]["user"]["name"] == "it-build-agent"
    ]
    value = stage.account.secret_value(rotated["secret_arn"])
    assert rotated["access_key_id"] == value["AccessKeyId"]


def test_a_rotation_is_on_the_bus(
    stage: Stage,
    person: Callable[..., Person],
    events: EventQueue,
) -> None:
    somebody = person(120)
    [old] = somebody.keys

    stage.run({"users": [somebody.name]})

    found = sorted(events.receive(2), key=lambda event: event["detail-type"])
    assert [event["detail-type"] for event in found] == [
        "Access Key Disabled",
        "Access Key Rotated",
    ]
    disabled, rotated = (event["detail"] for event in found)
    assert disabled["access_key_id"] == rotated["superseded_access_key_id"] == old.id
    secret = stage.secret(somebody.name)
    assert rotated["access_key_id"] == secret["AccessKeyId"]
    assert rotated["user"]["name"] == somebody.name
    for detail in (disabled, rotated):
        Draft202012Validator(SCHEMA).validate(detail)
    assert secret["SecretAccessKey"] not in json.dumps(found)
