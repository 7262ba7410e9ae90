"""What users and operators are told: plain text for people, JSON for programs.

Standard library only. Names and free text are made harmless here: no control characters in a
subject or a line, every value quoted in a command that somebody may paste into a shell. In a mail
prose is wrapped; a line indented by four spaces is a command, and whole.
"""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import quote

from ..domain.model import Event, Reason, UserRef
from .chat_card import card

SUBJECT_LIMIT = 99  # SNS: a subject is under 100 characters, without control characters
ROWS_PER_DIGEST = 250
# SNS takes 256 KB; what is not rows (heading, counts, cards, JSON around them) has the rest.
ROWS_BYTES_PER_DIGEST = 230 * 1024
TEXT_LIMIT = 1000  # characters of one row's text; an error's text may be of any length

_COLUMNS = 76
_WHOLE_WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
_CONSOLES = {
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}

REASON_TEXT = {
    Reason.SUPERSEDED: "it was replaced, and the time to move to its successor is over",
    Reason.OVERLAP_CEILING: "it was replaced, and the longest time that both keys may work is over",
    Reason.IDLE: "it has not been used for a long time",
    Reason.ORPHAN: "it was left behind by a run that died, and nobody has its secret",
    Reason.EMERGENCY: "it was reported as leaked",
    Reason.SLOT_TAKEN: "it has been inactive for long enough, and its place is needed",
    Reason.STILL_IN_USE: "it is still being used",
    Reason.HOLD_UNTIL: "a tag on the user asks for it",
    Reason.NO_CONFIRMED_SUBSCRIPTION: "nobody would be told: neither the user nor "
    "an operator has a confirmed subscription",
    Reason.TWO_ACTIVE_KEYS_DUE: "the user has two active keys, and IAM allows no third",
    Reason.SLOT_TAKEN_BY_EXPIRED_KEY: "IAM allows two keys, and the other one is an expired key",
    Reason.UNMANAGED_SECRET: "a secret of the same name exists that this rotation did not make",
    Reason.SECRET_CHANGED: "somebody changed the secret by hand, and it does not hold the key that "
    "was announced any more",
}
_TO_DO = {
    Reason.TWO_ACTIVE_KEYS_DUE: "find out which of the two keys is not needed. Disable it, and "
    "delete it once nothing misses it.",
    Reason.SLOT_TAKEN: "nothing, if it can wait: the inactive key is deleted once it has been "
    "inactive for long enough. If it cannot wait, delete the inactive key.",
    Reason.SLOT_TAKEN_BY_EXPIRED_KEY: "delete the expired key.",
    Reason.SECRET_CHANGED: "put the key back into the secret (its previous version may still hold "
    "it), or disable and delete the key that is not needed.",
}
_BLOCKED_BECAUSE = {
    Reason.SLOT_TAKEN: "IAM allows two keys, and the other one is an inactive key",
}
# Reasons for which a key is disabled that surely has a successor in the secret.
SUPERSEDED = (Reason.SUPERSEDED, Reason.OVERLAP_CEILING)
# In this order the operators read: first what waits for them.
_HEADINGS = {
    Event.FAILED: "Failed, tried again at the next run",
    Event.BLOCKED: "Blocked, waiting for a person",
    Event.HELD: "Held: the old key is left on",
    Event.ROTATED: "Rotated",
    Event.RETIRED: "Secrets of users who do not exist any more",
    Event.REPAIRED: "Repaired: somebody had changed a secret",
    Event.DISABLED: "Disabled",
    Event.DELETED: "Deleted",
    Event.WARNED: "Warned",
}
_TELLS_WHERE = (Event.ROTATED, Event.WARNED)


class InSecret(Enum):
    """What somebody finds who tries the secret before the rotation."""

    PLACEHOLDER = "a placeholder in place of the key"
    EARLIER_KEY = "an earlier key of yours"
    PRESENT_KEY = "your present key"


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


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One line of the operators' digest."""

    event: Event
    user: str
    text: str
    access_key_id: str | None = None
    reason: str | None = None
    secret_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the messages about one user. `secret_arn` is None while there is no secret."""

    user: UserRef
    secret_arn: str | None = None

    def warned(self, key_id: str, due: datetime, in_secret: InSecret) -> Message:
        """The key will be rotated soon; the way to fetch the next one can be tried now."""
        text = f"""\
The access key {_line(key_id)} of {self._whom()} will be replaced on {_day(due)}.
Nothing changes before that day.

Please try today whether you will be able to fetch the new key. The secret that it will be in is
there already. Today it holds {in_secret.value}.

{self._fetch()}

If that is refused, tell your platform team before {_day(due)}.
"""
        return self._message(
            Event.WARNED,
            f"will be replaced on {_day(due)}",
            text,
            access_key_id=key_id,
            rotation_due=_iso(due),
        )

    def rotated(
        self,
        key_id: str,
        old_key_id: str | None,
        old_key_until: datetime | None,
        reason: str | None = None,
        while_used: bool = False,
    ) -> Message:
        """The new key is in the secret; how to fetch it, use it and check it.

        `old_key_until` is None when the old key is disabled now; `while_used` tells that it may be
        disabled before then, when it is not used any more.
        """
        why = f"The old key was replaced at once. Reason: {_line(reason)}\n\n" if reason else ""
        text = f"""\
There is a new access key for {self._whom()}.

{_keys(key_id, old_key_id, old_key_until, while_used)}

{why}{_by_when(old_key_id, old_key_until, while_used)}

1. Fetch it

{self._fetch()}

2. Use it

Put the AccessKeyId and the SecretAccessKey from the secret where the old ones are. For the AWS
CLI, this asks for both; put the name of your own profile in place of "default":

    aws configure --profile default

A program that is running keeps the old key until you restart it.

{self._never_copy_again()}

3. Check it

This must print the ARN of {self._name()} (again with your own profile):

    aws sts get-caller-identity --profile default
"""
        return self._message(
            Event.ROTATED,
            "was replaced: please fetch the new one",
            text,
            access_key_id=key_id,
            superseded_access_key_id=old_key_id,
            superseded_key_until=_iso(old_key_until) if old_key_until else None,
            reason=reason,
        )

    def disabled(
        self, key_id: str, reason: Reason, note: str | None = None, in_secret: bool = True
    ) -> Message:
        """A key stops working, other than in the course of its own rotation. `in_secret` tells
        that the key that stays can be fetched."""
        why = REASON_TEXT[reason] + (f" ({_line(note)})" if note else "")
        text = f"""\
The access key {_line(key_id)} of {self._whom()} is disabled now: {why}.

{_if_it_is_missed(reason)}

{self._where_the_other_one_is(reason) if in_secret else ""}
"""
        return self._message(
            Event.DISABLED,
            "is disabled",
            text,
            access_key_id=key_id,
            reason=reason.value,
            note=note,
        )

    def deleted(self, key_id: str, reason: Reason) -> Message:
        """A long inactive key is removed."""
        text = f"""\
The inactive access key {_line(key_id)} of {self._whom()} is deleted now: {REASON_TEXT[reason]}.

There is nothing that you need to do.
"""
        return self._message(
            Event.DELETED, "is deleted", text, access_key_id=key_id, reason=reason.value
        )

    def held(self, key_id: str, reason: Reason, until: datetime) -> Message:
        """A superseded key is left on for now."""
        text = f"""\
The access key {_line(key_id)} of {self._whom()} was replaced, but is left on: {_reason(reason)}.

It is disabled on {_minute(until)} at the latest. Please move to the new key before then.

{self._fetch()}
"""
        return self._message(
            Event.HELD,
            f"works until {_day(until)} at the latest",
            text,
            access_key_id=key_id,
            reason=reason.value,
            superseded_key_until=_iso(until),
        )

    def blocked(self, key_id: str, reason: Reason) -> Message:
        """A rotation waits for a person."""
        what, subject = "has to be replaced, but cannot be", "cannot be replaced"
        if reason is Reason.SECRET_CHANGED:
            what, subject = "needs a look", "is not in its secret"
        text = f"""\
The access key {_line(key_id)} of {self._whom()} {what}: {blocked_because(reason)}.

What to do: {_TO_DO.get(reason, "please tell your platform team.")}

A run after that goes on from there. Until then the key works as before.
"""
        return self._message(
            Event.BLOCKED,
            subject,
            text,
            access_key_id=key_id,
            reason=reason.value,
        )

    def _message(self, event: Event, what: str, text: str, **data: Any) -> Message:
        details = {
            "version": 1,
            "event": event.value,
            "user": self.user.name,
            "account_id": self.user.account_id,
            "secret_arn": self.secret_arn,
            **data,
        }
        fetching = self._fetch()
        steps = self._next_steps() if fetching and fetching in text else ()
        return Message(self._subject(what), _wrapped(text), details, _opening(text), steps)

    def _next_steps(self) -> tuple[str, ...]:
        return (
            f"Fetch it with credentials of {self._name()}: `{self._fetch_command()}`",
            f'Or sign in as {self._name()}, and choose "Retrieve secret value": '
            f"{self._console_link()}",
        )

    def _subject(self, what: str) -> str:
        """A long name is cut, so that what happens to its key is still to be read."""
        start, end = "Access key of ", f" in {self.user.account_id} {what}"
        room = SUBJECT_LIMIT - len(start) - len(end)
        name = self._name()
        return _subject(start + (name if len(name) <= room else f"{name[: room - 3]}...") + end)

    def _name(self) -> str:
        return _line(self.user.name)

    def _whom(self) -> str:
        return f"the IAM user {self._name()} in the AWS account {self.user.account_id}"

    def _fetch_command(self) -> str:
        assert self.secret_arn is not None
        return (
            f"aws secretsmanager get-secret-value --region {shlex.quote(self._region())}"
            f" --secret-id {shlex.quote(self.secret_arn)} --query SecretString --output text"
        )

    def _fetch(self) -> str:
        if self.secret_arn is None:
            return ""
        return f"""\
On the command line, with credentials of {self._name()}:

    {self._fetch_command()}

In the console, signed in as {self._name()} (choose "Retrieve secret value"):

{self._console_link()}"""

    def _never_copy_again(self) -> str:
        """Signing in must not need the key itself: it would be lost with the key that it replaces.
        And a profile that holds a key ignores its `credential_process`, so it is a new one."""
        command = _quoted(f"{self._fetch_command()} --profile default")
        return f"""\
Or never copy a key again. If you may read the secret without this key (by a role, or single
sign-on), the AWS CLI and SDKs can fetch the key themselves. In the next command put the profile
that you sign in with in place of "default"; "rotated" is the new profile that uses the key:

    aws configure set credential_process {command} --profile rotated"""

    def _where_the_other_one_is(self, reason: Reason) -> str:
        which = "new" if reason in SUPERSEDED else "other"
        return f"The {which} key is in the secret.\n\n{self._fetch()}" if self.secret_arn else ""

    def _region(self) -> str:
        assert self.secret_arn is not None
        return self.secret_arn.split(":")[3]

    def _console_link(self) -> str:
        assert self.secret_arn is not None
        _, partition, _, region, _, _, name = self.secret_arn.split(":", 6)
        host = _CONSOLES.get(partition, "console.aws.amazon.com")
        name = quote(name[:-7], safe="")  # an ARN ends in a dash and six random characters
        region = quote(region, safe="")
        return f"https://{region}.{host}/secretsmanager/secret?name={name}&region={region}"


def _reason(reason: Reason) -> str:
    return REASON_TEXT[reason]


def blocked_because(reason: Reason) -> str:
    """Why a user is blocked, as the rest of "cannot be: …"."""
    return _BLOCKED_BECAUSE.get(reason) or REASON_TEXT[reason]


def blocked_text(key_id: str, reason: Reason) -> str:
    """What a blocked user waits for, in one line."""
    if reason is Reason.SECRET_CHANGED:
        return f"nothing is done about key {key_id}: {blocked_because(reason)}"
    return f"key {key_id} cannot be replaced: {blocked_because(reason)}"


def digest(account_id: str, run: str, lines: Sequence[DigestLine]) -> Iterable[Message]:
    """The operators' digest of one run, in as many messages as its lines need."""
    events = [event for event in _HEADINGS if any(line.event is event for line in lines)]
    counts = ", ".join(f"{sum(line.event is event for line in lines)} {event}" for event in events)
    parts = _parts(lines)
    for number, part in enumerate(parts, 1):
        of = f" (part {number} of {len(parts)})" if len(parts) > 1 else ""
        text = f"Access key rotation in the AWS account {account_id}, run of {run}{of}: {counts}."
        text = textwrap.fill(text, _COLUMNS) + "\n"
        for event in events:
            texts = [_listed(line) for line in part if line.event is event]
            if texts:
                text += f"\n{_HEADINGS[event]}:\n" + "".join(texts)
        summary = "\n".join(
            f"*{event.value}*: {_line(_clipped(line.text))}"
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
        subject = _subject(f"Access key rotation in {account_id}{of}: {counts}")
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
        "text": _clipped(line.text),
    }


def _listed(line: DigestLine) -> str:
    """What people read of a line: also where a new key is, since they may have to pass it on."""
    text = f"- {_line(_clipped(line.text))}"
    text = textwrap.fill(text, _COLUMNS, subsequent_indent="  ", **_WHOLE_WORDS)
    if line.secret_arn is not None and line.event in _TELLS_WHERE:
        text += f"\n  secret: {_line(line.secret_arn)}"
    return f"{text}\n"


def _keys(
    key_id: str, old_key_id: str | None, old_key_until: datetime | None, while_used: bool
) -> str:
    """The keys, one to a line."""
    text = f"  New key: {_line(key_id)}, in the secret, ready to use"
    if old_key_id is not None:
        fate = "disabled now"
        if old_key_until is not None:
            fate = (
                "works while it is used" if while_used else f"works until {_minute(old_key_until)}"
            )
        text += f"\n  Old key: {_line(old_key_id)}, {fate}"
    return text


def _by_when(old_key_id: str | None, until: datetime | None, while_used: bool) -> str:
    if until is not None and while_used:
        return (
            f"Please move to the new key soon, and before {_minute(until)}. The old key is left on "
            "because it is used, and is disabled when that ends. You can fetch the new key with it."
        )
    if until is not None:
        return (
            f"Please move to the new key before {_minute(until)}. Until then the old key works, "
            "and you can fetch the new key with it."
        )
    if old_key_id is None:
        return "Please fetch it now: it is the key to use from now on."
    return (
        "The old key does not work any more, so please fetch the new one now: in the console, or "
        "with a role that may read the secret. If you have neither, ask your platform team."
    )


def _if_it_is_missed(reason: Reason) -> str:
    if reason is Reason.EMERGENCY:
        return "Do not use it any more: if a program stopped, give it another key of the user."
    return (
        "If something stopped working, tell your platform team: the key is not deleted yet and can "
        "be enabled again."
    )


def _wrapped(text: str) -> str:
    """Prose filled to the width of a mail; lines that start with a space are left as they are."""
    paragraphs = [block for block in re.split(r"\n\n+", text.strip("\n")) if block.strip()]
    return (
        "\n\n".join(
            block if block.startswith(" ") else textwrap.fill(block, _COLUMNS, **_WHOLE_WORDS)
            for block in paragraphs
        )
        + "\n"
    )


def _opening(text: str) -> str:
    """What the message says before it comes to instructions, one line to a paragraph or key."""
    opening: list[str] = []
    for paragraph in re.split(r"\n\n+", text.strip("\n")):
        if paragraph.endswith(":") or re.match(r"    |\d\. ", paragraph):
            break
        is_list = paragraph.startswith(" ")
        opening += paragraph.split("\n") if is_list else [paragraph.replace("\n", " ")]
    return "\n".join(line.strip() for line in opening if line.strip())


def _quoted(command: str) -> str:
    """A command as one argument: in double quotes, which every system's shell understands."""
    return shlex.quote(command) if re.search(r"[\"'$`\\!]", command) else f'"{command}"'


def _clipped(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 3]}..."


def _line(text: str) -> str:
    """Free text as one harmless line: no control, format, or separator character but the space."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _subject(text: str) -> str:
    """SNS takes ASCII of under 100 characters."""
    text = re.sub(r"[^\x20-\x7e]+", " ", text).strip()
    return text if len(text) <= SUBJECT_LIMIT else text[: SUBJECT_LIMIT - 3] + "..."


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
