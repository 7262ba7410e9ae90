"""The cards for a chat channel: of Amazon Q's schema, at a glance, and harmless."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from key_rotation.domain.action import Reason
from key_rotation.domain.model import Event
from key_rotation.notify.chat_card import DESCRIPTION_BYTES, card, harmless
from key_rotation.notify.digest import DigestLine, digest
from key_rotation.notify.mail import InSecret
from key_rotation.notify.message import Message
from tests.unit.test_mail import (
    ACCOUNT,
    DAY,
    EVERY_MAIL,
    HOSTILE,
    NEW,
    OLD,
    SECRET,
    Write,
    writer,
)

TEXT = {"type": "string", "pattern": r"^[\s\S]+$"}
# https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html, as far as it is used.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["version", "source", "content", "metadata"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "1.0"},
        "source": {"const": "custom"},
        "content": {
            "type": "object",
            "required": ["textType", "title", "description", "keywords"],
            "additionalProperties": False,
            "properties": {
                "textType": {"const": "client-markdown"},
                "title": TEXT,
                "description": TEXT,
                "nextSteps": {},
                "keywords": {},
            },
        },
        "metadata": {
            "type": "object",
            "required": ["summary", "eventType", "additionalContext"],
            "additionalProperties": False,
            "properties": {
                "summary": TEXT,
                "eventType": TEXT,
                "additionalContext": {"type": "object"},
                "threadId": TEXT,
                "relatedResources": {},
            },
        },
    },
}


def card_of(message: Message) -> dict[str, Any]:
    body = json.loads(message.body())
    assert body["https"] == body["lambda"]
    shown: dict[str, Any] = json.loads(body["https"])
    return shown


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    assert isinstance(value, str)
    return [value]


@pytest.mark.parametrize("free_text", HOSTILE)
@pytest.mark.parametrize(("event", "write"), EVERY_MAIL)
def test_every_message_is_a_card_that_hides_nothing(
    event: Event, write: Write, free_text: str
) -> None:
    shown = card_of(write(writer(), NEW, free_text))

    Draft202012Validator(SCHEMA).validate(shown)
    assert shown["metadata"]["eventType"] == event.value
    assert not {"<", ">"} & set("".join(texts(shown)))
    assert NEW in shown["content"]["description"]


def test_a_rotation_can_be_acted_on_in_the_channel() -> None:
    content = card_of(writer().rotated(NEW, OLD, DAY))["content"]

    assert content["title"] == (
        f"Access key of alice in {ACCOUNT} was replaced: please fetch the new one"
    )
    assert content["description"].split("\n") == [
        f"There is a new access key for the IAM user alice in the AWS account {ACCOUNT}.",
        f"New key: {NEW}, in the secret, ready to use",
        f"Old key: {OLD}, works until 2026-03-01 07:30 UTC",
        "Please move to the new key before 2026-03-01 07:30 UTC. Until then the old key works, and "
        "you can fetch the new key with it.",
    ]
    pull, fetch, console = content["nextSteps"]
    assert pull == f"With key-fetch: `key-fetch pull --secret-id {SECRET} --profile default`"
    assert f"`aws secretsmanager get-secret-value --region eu-west-1 --secret-id {SECRET}" in fetch
    assert "https://eu-west-1.console.aws.amazon.com/secretsmanager/secret?name=" in console


def test_a_blocked_user_is_told_what_to_do() -> None:
    shown = card_of(writer().blocked(NEW, Reason.TWO_ACTIVE_KEYS_DUE))

    assert "find out which of the two keys is not needed" in shown["content"]["description"]
    assert "nextSteps" not in shown["content"]


def test_what_is_about_one_user_is_one_thread() -> None:
    first = card_of(writer().warned(NEW, DAY, InSecret.PLACEHOLDER))
    second = card_of(writer().rotated(NEW, OLD, DAY))

    assert first["metadata"]["threadId"] == second["metadata"]["threadId"]
    assert (
        card_of(writer("bob").warned(NEW, DAY, InSecret.PLACEHOLDER))["metadata"]["threadId"]
        != (first["metadata"]["threadId"])
    )


def test_programs_find_the_fields_of_the_message() -> None:
    message = writer().rotated(NEW, OLD, DAY)

    context = card_of(message)["metadata"]["additionalContext"]
    assert context == {name: str(value) for name, value in message.data.items() if value}


def test_a_digest_is_cut_where_a_line_ends() -> None:
    lines = [DigestLine(Event.BLOCKED, f"u{n}", f"u{n}: {'key ' * 20}") for n in range(200)]
    [message] = digest(ACCOUNT, "today", lines)

    shown = card_of(message)
    description = shown["content"]["description"].split("\n")
    Draft202012Validator(SCHEMA).validate(shown)
    assert "threadId" not in shown["metadata"]
    assert description[0] == f"*blocked*: u0: {'key ' * 20}".strip()
    assert description[-1] == f"… and {200 - (len(description) - 1)} more lines"
    assert 20 < len(description) < 60


def test_one_endless_line_leaves_a_description() -> None:
    shown = card("title", "鍵" * DESCRIPTION_BYTES, (), {"event": "x", "account_id": ACCOUNT})

    assert shown["content"]["description"] == "… and 1 more lines"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@here look", "(at)here look"),
        ("look <!channel>", "look {!channel}"),
        ("<https://evil.example|console>", "{https://evil.example|console}"),
        ("alice@example.com", "alice@example.com"),
    ],
)
def test_nobody_is_called_by_free_text(text: str, shown: str) -> None:
    assert harmless(text) == shown
