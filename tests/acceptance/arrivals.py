"""What came into the two queues: events, and messages of the topic."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from .judge import finding
from .protocol import Finding

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "event.schema.json").read_text())
SOURCE = "iam-access-key-rotation"


@dataclass(frozen=True)
class Replaced:
    """A rotation that must have been told: whose key, and the ids of the old and the new one."""

    user: str
    old: str
    new: str


@dataclass
class Queue:
    """A queue of the test. `bodies` are all that came in, as JSON."""

    sqs: Any
    url: str
    bodies: list[Any] = field(default_factory=list)

    def wait_for(self, is_enough: Callable[[Sequence[Any]], bool], seconds: float) -> list[Any]:
        """All that came in until it was enough, or the time was up."""
        deadline = time.monotonic() + seconds
        while not is_enough(self.bodies) and time.monotonic() < deadline:
            answer = self.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in answer.get("Messages", []):
                self.bodies.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return self.bodies


def plain_events(bodies: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [body for body in bodies if "aws_health" not in body]


def transformed_events(bodies: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [body for body in bodies if "aws_health" in body]


def are_enough(rotations: int) -> Callable[[Sequence[Any]], bool]:
    """Whether as many events came as so many rotations send, each of them twice."""
    wanted = 2 * rotations
    return lambda bodies: (
        len(plain_events(bodies)) >= wanted and len(transformed_events(bodies)) >= wanted
    )


def events(bodies: Sequence[Any], name: str, replaced: Sequence[Replaced]) -> Finding:
    """Each rotation has its two events on the bus, and each event fits the schema."""
    found = plain_events(bodies)
    wrong = [
        f"{event.get('detail-type')}: {error.message}"
        for event in found
        for error in Draft202012Validator(SCHEMA).iter_errors(event.get("detail"))
    ]
    if wrong:
        return finding(False, f"an event does not fit docs/event.schema.json: {wrong[0]}")
    said = {
        (event["detail-type"], event["detail"]["user"]["name"], event["detail"]["access_key_id"])
        for event in found
        if event["source"] == SOURCE and event["detail"]["installation"] == name
    }
    wanted = {("Access Key Rotated", one.user, one.new) for one in replaced} | {
        ("Access Key Disabled", one.user, one.old) for one in replaced
    }
    facts = f"{len(found)} events, each fits docs/event.schema.json"
    if missing := sorted(f"{kind} of {user}" for kind, user, _key in wanted - said):
        facts += f"; missing: {', '.join(missing)}"
    if unasked := sorted(f"{kind} of {user}" for kind, user, _key in said - wanted):
        facts += f"; nobody asked for: {', '.join(unasked)}"
    return finding(bool(wanted) and said == wanted, facts)


def transformer(bodies: Sequence[Any], token: str) -> Finding:
    """What the input transformer hands over is the whole event as JSON, beside the token."""
    plain = {event["id"]: event for event in plain_events(bodies)}
    found = transformed_events(bodies)
    whole = [body for body in found if plain.get(_id_of(body)) == body["aws_health"]]
    holds = bool(found) and len(whole) == len(found) == len(plain)
    holds = holds and all(body["rule_token"] == token for body in found)
    facts = f"{len(found)} events through the transformer, {len(whole)} of them whole"
    return finding(holds, facts)


def messages(
    bodies: Sequence[Any], topic_arn: str, account_id: str, replaced: Sequence[Replaced]
) -> Finding:
    """Each rotation has its message, with the documented attributes, and nothing else came."""
    wanted = {
        one.user: {
            "event": "rotated",
            "account_id": account_id,
            "audience": "user",
            "user": one.user,
        }
        for one in replaced
    }
    found: dict[str, Mapping[str, str]] = {}
    for body in bodies:
        attributes = {k: v["Value"] for k, v in body.get("MessageAttributes", {}).items()}
        text = json.loads(body["Message"])
        of = next((one for one in replaced if one.user == text.get("user")), None)
        named = (text.get("access_key_id"), text.get("superseded_access_key_id"))
        if body["TopicArn"] != topic_arn or of is None or named != (of.new, of.old):
            return finding(False, f"a message that nobody asked for, with {attributes}")
        found[of.user] = attributes
    facts = f"{len(bodies)} messages"
    for user, attributes in wanted.items():
        if found.get(user) != attributes:
            facts += f"; of {user}: {found.get(user, 'no message')}"
    return finding(bool(wanted) and found == wanted, facts)


def _id_of(body: Mapping[str, Any]) -> Any:
    event = body["aws_health"]
    return event.get("id") if isinstance(event, dict) else None
