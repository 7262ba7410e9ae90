"""What came into the queues of `make acceptance`, right and wrong: test_acceptance_checks.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.acceptance import arrivals
from tests.acceptance.arrivals import Replaced
from tests.acceptance.protocol import Finding

USER, OLD, NEW = "akr-accept-0a1b2c3d-alice", "AKIAOLD", "AKIANEW"
ACCOUNT, NAME, TOKEN = "123456789012", "akr-accept-0a1b2c3d", "akr-accept-0a1b2c3d"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:{NAME}"
OWNER = f"arn:aws:iam::{ACCOUNT}:user/{NAME}/{USER}"
REPLACED = [Replaced(USER, OLD, NEW)]


def event(kind: str, key: str, **changed: Any) -> dict[str, Any]:
    detail = {
        "version": 1,
        "installation": NAME,
        "run": "r",
        "account_id": ACCOUNT,
        "user": {"name": USER, "id": "AIDA", "arn": OWNER},
        "access_key_id": key,
        "superseded_access_key_id": None,
        "superseded_key_until": None,
        "reason": "emergency",
        "note": None,
        "secret_arn": None,
        **changed,
    }
    about = {"detail-type": f"Access Key {kind}", "source": "iam-access-key-rotation"}
    return {**about, "id": f"{kind} {key}", "detail": detail}


EVENTS = [event("Rotated", NEW), event("Disabled", OLD)]
WRAPPED = [{"rule_token": TOKEN, "aws_health": one} for one in EVENTS]


def message(topic: str = TOPIC, new: str = NEW, **attributes: str) -> dict[str, Any]:
    told = {"event": "rotated", "account_id": ACCOUNT, "audience": "user", "user": USER}
    text = {"user": USER, "access_key_id": new, "superseded_access_key_id": OLD}
    return {
        "TopicArn": topic,
        "Message": json.dumps(text),
        "MessageAttributes": {
            name: {"Type": "String", "Value": given} for name, given in (told | attributes).items()
        },
    }


events = partial(arrivals.events, name=NAME, replaced=REPLACED)
through = partial(arrivals.transformer, token=TOKEN)
messages = partial(arrivals.messages, topic_arn=TOPIC, account_id=ACCOUNT, replaced=REPLACED)

# A check, what came in as it should, and arrivals each of which must fail.
CASES: tuple[tuple[Callable[[Any], Finding], Any, tuple[Any, ...]], ...] = (
    (
        events,
        EVENTS + WRAPPED,
        (
            [],
            EVENTS[:1],
            [EVENTS[0], event("Disabled", NEW)],
            [*EVENTS, event("Held", NEW)],
            [EVENTS[0], event("Disabled", OLD, installation="other")],
            [*EVENTS, event("Rotated", NEW, note=1)],
        ),
    ),
    (
        through,
        EVENTS + WRAPPED,
        (
            EVENTS,
            WRAPPED,
            EVENTS + WRAPPED[:1],
            [*EVENTS, WRAPPED[0], {"rule_token": "other", "aws_health": EVENTS[1]}],
            [*EVENTS, WRAPPED[0], {"rule_token": TOKEN, "aws_health": json.dumps(EVENTS[1])}],
            [*EVENTS, WRAPPED[0], {"rule_token": TOKEN, "aws_health": EVENTS[1] | {"detail": {}}}],
        ),
    ),
    (
        messages,
        [message()],
        (
            [],
            [message(audience="operator")],
            [message(event="disabled")],
            [message(topic=f"{TOPIC}-alarms")],
            [message(new=OLD)],
            [message(), message() | {"Message": json.dumps({"event": "digest"})}],
            [message() | {"MessageAttributes": {}}],
        ),
    ),
)
