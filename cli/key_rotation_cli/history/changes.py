"""A change of a key, as its line in the log has it, and how people read it: pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from key_rotation.domain.action import Reason
from key_rotation.run.key_changes import (
    CREATED,
    DELETED,
    DISABLED,
    ENABLED,
    FOUND_ACTIVE,
    FOUND_INACTIVE,
    MESSAGE,
    NOT_STORED,
    UNDONE,
)
from key_rotation.run.payload import AWS_HEALTH, GIVEN, SCHEDULE

WHAT = {
    CREATED: "created",
    DISABLED: "disabled",
    ENABLED: "enabled",
    DELETED: "deleted",
    FOUND_INACTIVE: "found inactive",
    FOUND_ACTIVE: "found active",
}
_FOUND = (FOUND_INACTIVE, FOUND_ACTIVE)
_WHY = {
    NOT_STORED: "its value could not be stored",
    UNDONE: "the disable was undone: the other key was not active any more",
}
# Every run says so, whatever it does then.
RUN = "users found"
# Its fields that are texts in each line, and those that may be null.
_TEXTS = ("user", "user_id", "access_key_id", "action", "reason", "run")
_OPTIONAL = ("replaces", "by", "event_id", "note")


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One line. `action` is that of the log, such as `create`; `by` is as docs/architecture.md has
    it: a caller is as stated."""

    at: datetime
    user: str
    user_id: str
    access_key_id: str
    action: str
    reason: str
    run: str
    replaces: str | None = None
    by: str | None = None
    event_id: str | None = None
    note: str | None = None

    @property
    def is_emergency(self) -> bool:
        return self.reason in (Reason.EMERGENCY, Reason.LEAKED)

    @property
    def what(self) -> str:
        return WHAT.get(self.action, self.action)

    @property
    def why(self) -> str:
        """In a line: the reason, the key that a new one replaces, and what somebody wrote."""
        text = _WHY.get(self.reason, self.reason.replace("_", " "))
        if self.replaces is not None:
            text += f", replaces {self.replaces}"
        if self.note is None:
            return text
        given = self.note.removeprefix(f"{GIVEN}: ")
        return f"{text}. {given}" if given == self.note else f"{text}: {given!r}"

    @property
    def who(self) -> str:
        """Whose doing it is. Of a caller the log knows no more than the payload stated."""
        match self.by:
            case None if self.action in _FOUND:
                return "unknown: see CloudTrail"
            case None:
                return "a caller who is not stated"
            case str(by) if by == SCHEDULE:
                return "the schedule"
            case str(by) if by == AWS_HEALTH:
                return f"AWS Health, event {self.event_id or 'unknown'}"
            case by:
                return f"{by}, as stated by the caller"


class UnreadableLineError(Exception):
    """A line that says that a key was changed, and not how."""


def message_of(text: str) -> Mapping[str, Any]:
    """The line as JSON; empty if it is none of the function's."""
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def change_of(line: Mapping[str, Any], at: datetime) -> KeyChange | None:
    """The change that a line is about; None for any other line. Raises UnreadableLineError."""
    if line.get("message") != MESSAGE:
        return None
    texts = {name: line.get(name) for name in _TEXTS}
    optional = {name: line.get(name) for name in _OPTIONAL}
    if not all(isinstance(text, str) for text in texts.values()) or not all(
        text is None or isinstance(text, str) for text in optional.values()
    ):
        raise UnreadableLineError
    return KeyChange(at, **texts, **optional)  # type: ignore[arg-type]
