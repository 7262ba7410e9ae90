"""The operators' digest of one run."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..domain.model import Event
from .message import Message
from .text import COLUMNS, WHOLE_WORDS, clipped, one_line, subject_line

ROWS_PER_DIGEST = 250
# SNS takes 256 KB; what is not rows (heading, counts, cards, JSON around them) has the rest.
ROWS_BYTES_PER_DIGEST = 230 * 1024

# In this order the operators read: first what waits for them.
_HEADINGS = {
    Event.FAILED: "Failed, tried again at the next run",
    Event.BLOCKED: "Blocked, waiting for a person",
    Event.UNREACHED: "Operators who do not get this digest",
    Event.UNMANAGED: "Users with active keys who are not managed: tag or exempt them",
    Event.UNMATCHED: "What Terraform was told, and the account does not have",
    Event.ENDING: "About to lose access: the old key goes, and its owner has not moved",
    Event.HELD: "Held: the old key is left on",
    Event.REMINDED: "Reminded: the old key goes soon, and its owner has not moved",
    Event.ROTATED: "Rotated",
    Event.RETIRED: "Secrets of users who do not exist any more",
    Event.REPAIRED: "Repaired: somebody had changed a secret",
    Event.READERS: "Who may read the secrets has changed",
    Event.DISABLED: "Disabled",
    Event.KEPT: "Kept: used after it was disabled, so not deleted yet",
    Event.DELETED: "Deleted",
    Event.WARNED: "Warned",
}
_TELLS_WHERE = (Event.ROTATED, Event.WARNED, Event.REMINDED, Event.ENDING)


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One line of the operators' digest. It counts as so many as it `stands_for`."""

    event: Event
    user: str
    text: str
    access_key_id: str | None = None
    reason: str | None = None
    secret_arn: str | None = None
    stands_for: int = 1


def digest(account_id: str, run: str, lines: Sequence[DigestLine]) -> Iterable[Message]:
    """The operators' digest of one run, in as many messages as its lines need."""
    events = [event for event in _HEADINGS if any(line.event is event for line in lines)]
    counts = ", ".join(
        f"{sum(line.stands_for for line in lines if line.event is event)} {event}"
        for event in events
    )
    parts = _parts(lines)
    for number, part in enumerate(parts, 1):
        of = f" (part {number} of {len(parts)})" if len(parts) > 1 else ""
        text = f"Access key rotation in the AWS account {account_id}, run of {run}{of}: {counts}."
        text = textwrap.fill(text, COLUMNS) + "\n"
        for event in events:
            texts = [_listed(line) for line in part if line.event is event]
            if texts:
                text += f"\n{_HEADINGS[event]}:\n" + "".join(texts)
        summary = "\n".join(
            f"*{event.value}*: {one_line(clipped(line.text))}"
            for event in events
            for line in part
            if line.event is event
        )
        data = {
            "version": 1,
            "event": Event.DIGEST.value,
            "account_id": account_id,
            "run": run,
            "part": number,
            "parts": len(parts),
            "lines": [_row(line) for line in part],
        }
        subject = subject_line(f"Access key rotation in {account_id}{of}: {counts}")
        yield Message(subject, text, data, summary)


def _parts(lines: Sequence[DigestLine]) -> list[list[DigestLine]]:
    """The lines in order, as many to a part as one message holds."""
    parts: list[list[DigestLine]] = []
    room = 0
    for line in lines:
        size = len(json.dumps(json.dumps(_row(line)))) + len(json.dumps(_listed(line)))
        if not parts or size > room or len(parts[-1]) == ROWS_PER_DIGEST:
            parts.append([])
            room = ROWS_BYTES_PER_DIGEST
        parts[-1].append(line)
        room -= size
    return parts


def _row(line: DigestLine) -> dict[str, str | None]:
    """What programs get of a line."""
    return {
        "event": line.event.value,
        "user": line.user,
        "access_key_id": line.access_key_id,
        "reason": line.reason,
        "secret_arn": line.secret_arn,
        "text": clipped(line.text),
    }


def _listed(line: DigestLine) -> str:
    """What people read of a line: also where a new key is, since they may have to pass it on."""
    text = f"- {one_line(clipped(line.text))}"
    text = textwrap.fill(text, COLUMNS, subsequent_indent="  ", **WHOLE_WORDS)
    if line.secret_arn is not None and line.event in _TELLS_WHERE:
        text += f"\n  secret: {one_line(line.secret_arn)}"
    return f"{text}\n"
