"""The shape of one publish: what a mail, a program and a chat get of the same message."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .chat_card import card


@dataclass(frozen=True, slots=True)
class Message:
    """One publish: `text` for e-mail, `data` for programs, `summary`, `next_steps` for a chat."""

    subject: str
    text: str
    data: dict[str, Any]
    summary: str
    next_steps: tuple[str, ...] = ()

    def body(self) -> str:
        """The SNS message with `MessageStructure=json`; `default` is what queues get. Chats listen
        by https, and by functions that post for them."""
        shown = json.dumps(card(self.subject, self.summary, self.next_steps, self.data))
        renderings = {"default": json.dumps(self.data), "email": self.text}
        return json.dumps({**renderings, "https": shown, "lambda": shown})
