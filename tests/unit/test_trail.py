"""From CloudTrail's records to who uses a key."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from key_rotation_cli.usage.trail import Call, Use, call_of, uses_of
from tests.unit.builders import NOW, ago

# An event as LookupEvents returns it, in part; the record is CloudTrail's own, in JSON.
RECORD = {
    "eventVersion": "1.09",
    "userIdentity": {"type": "IAMUser", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
    "eventTime": "2026-06-01T11:02:00Z",
    "eventSource": "ssm.amazonaws.com",
    "eventName": "PutParameter",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "203.0.113.7",
    "userAgent": "Boto3/1.34.0 md/Botocore#1.34.0",
    "requestParameters": {"name": "/db/password", "value": "hunter2"},
}


def event(record: Any, number: int = 0, at: datetime = NOW) -> dict[str, Any]:
    text = record if isinstance(record, str) else json.dumps(record)
    return {
        "EventId": f"event-{number}",
        "EventTime": at,
        "EventSource": "ssm.amazonaws.com",
        "CloudTrailEvent": text,
    }


def call(number: int = 0, at: datetime = NOW, **other: Any) -> Call:
    return replace(
        Call(
            f"event-{number}",
            at,
            address="203.0.113.7",
            agent="Boto3/1.34.0",
            service="ssm.amazonaws.com",
            region="eu-west-1",
            error=None,
        ),
        **other,
    )


def test_a_call_has_what_its_record_says_but_for_the_parameters() -> None:
    found = call_of(event(RECORD | {"errorCode": "AccessDenied"}), "us-east-1")

    assert found == call(agent="Boto3/1.34.0 md/Botocore#1.34.0", error="AccessDenied")
    assert "hunter2" not in repr(found)


def test_times_are_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=2)))

    assert call_of(event(RECORD, at=local), "eu-west-1").at.tzinfo is UTC


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("", id="empty"),
        pytest.param('{"eventSource": "ssm.am', id="cut off"),
        pytest.param("null", id="null"),
        pytest.param("[1, 2]", id="a list"),
        pytest.param("[" * 100_000, id="too deep"),
        pytest.param({"sourceIPAddress": 7, "userAgent": None, "errorCode": {}}, id="other types"),
        pytest.param({"sourceIPAddress": "", "userAgent": ""}, id="nothing in it"),
    ],
)
def test_a_record_that_cannot_be_read_is_a_call_from_somewhere(record: Any) -> None:
    found = call_of(event(record), "us-east-1")

    assert found == call(address=None, agent=None, region="us-east-1")


def test_an_event_without_a_record_is_a_call_too() -> None:
    found = call_of({"EventId": "event-0", "EventTime": NOW}, "us-east-1")

    assert found == call(address=None, agent=None, service=None, region="us-east-1")


def test_calls_are_counted_by_where_they_come_from_and_go_to() -> None:
    made = [
        call(1, ago(hours=1)),
        call(2, ago(3), error="AccessDenied"),
        call(3, ago(2), error="AccessDenied"),
        call(4, ago(2), error="ParameterNotFound"),
        call(5, ago(8), service="sts.amazonaws.com"),
        call(6, ago(7), region="us-east-1"),
        call(7, ago(6), agent="aws-cli/2.15.0"),
        call(8, ago(5), address="198.51.100.9"),
    ]
    one = Use(
        "203.0.113.7",
        "Boto3/1.34.0",
        "ssm.amazonaws.com",
        "eu-west-1",
        first=ago(3),
        last=ago(hours=1),
        calls=4,
        refused={"AccessDenied": 2, "ParameterNotFound": 1},
    )

    first, *others = uses_of(made)

    assert first == one
    assert [(use.last, use.calls, dict(use.refused)) for use in others] == [
        (ago(5), 1, {}),
        (ago(6), 1, {}),
        (ago(7), 1, {}),
        (ago(8), 1, {}),
    ]


def test_the_order_of_the_calls_does_not_matter() -> None:
    made = [call(number, address=address) for number, address in enumerate(["b", None, "a", "b"])]

    assert uses_of(made) == uses_of(reversed(made))
    assert [use.address for use in uses_of(made)] == [None, "a", "b"]


def test_an_event_that_two_regions_show_counts_once() -> None:
    [use] = uses_of([call(1), call(1)])

    assert use.calls == 1


def test_no_calls_no_uses() -> None:
    assert uses_of([]) == []
