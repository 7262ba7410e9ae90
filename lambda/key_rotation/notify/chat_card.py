"""A message as a card in a chat channel: a custom notification of Amazon Q Developer in chat
applications, which was AWS Chatbot. It drops, without a word, whatever is not of this schema:
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html

Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

DESCRIPTION_BYTES = 3000  # of a description as SNS counts it; a card is to be read at a glance


def card(
    title: str, description: str, next_steps: Sequence[str], data: Mapping[str, Any]
) -> dict[str, Any]:
    """The card, JSON-ready. `data` is what programs get; what is about one user is one thread."""
    title = harmless(title)
    context = {
        name: harmless(str(value))
        for name, value in data.items()
        if value is not None and not isinstance(value, list)
    }
    metadata: dict[str, Any] = {
        "summary": title,
        "eventType": data["event"],
        "additionalContext": context,
    }
    if "user" in data:
        metadata["threadId"] = f"access-key-{data['account_id']}-{data['user']}"
    if data.get("secret_arn") is not None:
        metadata["relatedResources"] = [data["secret_arn"]]
    content: dict[str, Any] = {
        "textType": "client-markdown",
        "title": title,
        "description": _clipped(harmless(description)),
        "keywords": ["access-key-rotation", data["event"]],
    }
    if next_steps:
        content["nextSteps"] = [harmless(step) for step in next_steps]
    return {"version": "1.0", "source": "custom", "content": content, "metadata": metadata}


def harmless(text: str) -> str:
    """Free text that calls nobody in the channel, and hides no link behind another text."""
    return re.sub(r"(?<!\S)@", "(at)", text).replace("<", "{").replace(">", "}")


def _clipped(text: str) -> str:
    """As many whole lines as there is room for."""
    lines = text.split("\n")
    kept: list[str] = []
    room = DESCRIPTION_BYTES
    for line in lines:
        room -= len(json.dumps(json.dumps(line)))
        if room < 0:
            return "\n".join([*kept, f"… and {len(lines) - len(kept)} more lines"])
        kept.append(line)
    return text
