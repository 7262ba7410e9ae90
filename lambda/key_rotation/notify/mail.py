"""The messages to the owner of a key: plain text for people, JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from ..domain.action import Reason
from ..domain.model import Event, UserRef
from .fetching import Fetching
from .message import Message
from .reasons import REASON_TEXT, TO_DO, blocked_because
from .sentences import (
    by_when,
    if_it_is_missed,
    keys,
    unmoved,
    ways,
    when_a_hold_ends,
    where_the_other_one_is,
)
from .text import SUBJECT_LIMIT, day, iso, minute, one_line, opening, subject_line, wrapped
from .usage import LastUses, last_use, used_data


class InSecret(Enum):
    """What somebody finds who tries the secret before the rotation."""

    PLACEHOLDER = "a placeholder in place of the key"
    EARLIER_KEY = "an earlier key of yours"
    PRESENT_KEY = "your present key"


_SEEN = {
    Reason.NOT_FETCHED: "Nobody has fetched the new access key of {whom} yet.",
    Reason.FETCHED: "The new access key of {whom} was fetched, but nothing uses it yet.",
    Reason.MOVING: "The new access key of {whom} is in use, and so is the old one.",
}
_ASKED = "Somebody asked for this rotation."
_GOES_ON = "The next run after that goes on from there."


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the messages about one user.

    secret_arn: None while there is no secret. has_password: whether the user has a console
    password; None if no run had to read that, and then the mail is for both kinds of reader.
    has_readers: whether the settings name others who may read secrets. used: the last uses of the
    user's keys, as far as they are read. smtp_regions: where the secret has a
    password for SMTP, too.
    """

    user: UserRef
    secret_arn: str | None = None
    has_password: bool | None = None
    has_readers: bool = False
    used: LastUses = field(default_factory=dict)
    smtp_regions: tuple[str, ...] = ()

    def warned(self, key_id: str, due: datetime, in_secret: InSecret) -> Message:
        """The key will be rotated soon; the way to fetch the next one can be tried now."""
        fetching = self.fetching()
        text = f"""\
The access key {one_line(key_id)} of {self.whom()} will be replaced on {day(due)}.
Nothing changes before that day.{self.used_sentence(key_id, "The key")}

Please try today whether you will be able to fetch the new key. The secret that it will be in is
there already. Today it holds {in_secret.value}.

{ways(fetching)}

If that is refused, tell your platform team before {day(due)}.
"""
        return message_about(
            self,
            Event.WARNED,
            f"will be replaced on {day(due)}",
            text,
            fetching,
            access_key_id=key_id,
            rotation_due=iso(due),
            last_used=used_data(self.used),
        )

    def rotated(
        self,
        key_id: str,
        old_key_id: str | None,
        old_key_until: datetime | None,
        reason: str | None = None,
        while_used: bool = False,
        unmoved_until: datetime | None = None,
        requested: bool = False,
    ) -> Message:
        """The new key is in the secret; how to fetch it, use it and check it.

        `old_key_until` is None when the old key is disabled now; `while_used`: it may be disabled
        before then, when it is not used any more; `unmoved_until`: it is left on until then if its
        owner has not moved. `reason` is a sentence that says who gave it: of an emergency, or of
        whoever `requested` the rotation.
        """
        fetching = self.fetching(has_key=old_key_until is not None)
        assert fetching is not None
        said = _ASKED if requested else "The old key was replaced at once."
        why = f"{said} {one_line(reason)}\n\n" if reason else ""
        text = f"""\
There is a new access key for {self.whom()}.

{keys(key_id, old_key_id, old_key_until, while_used)}

{why}{by_when(fetching, old_key_id, old_key_until, while_used)}{unmoved(unmoved_until)}

{fetching.pull()}

{fetching.steps()}"""
        return message_about(
            self,
            Event.ROTATED,
            "was replaced: please fetch the new one",
            text,
            fetching,
            access_key_id=key_id,
            superseded_access_key_id=old_key_id,
            superseded_key_until=iso(old_key_until) if old_key_until else None,
            superseded_key_held_until=iso(unmoved_until) if unmoved_until else None,
            reason=reason,
        )

    def first(self, key_id: str) -> Message:
        """The user's first key, which replaces none; how to fetch it, use it and check it."""
        fetching = self.fetching(has_key=False, is_first=True)
        assert fetching is not None
        text = f"""\
Welcome. There is an access key for {self.whom()} now. It is the first one.

  Key: {one_line(key_id)}, in the secret, ready to use

Nobody has seen it yet: it is in the secret, and nowhere else. From time to time the key will be
replaced by a new one, in the same secret. You get a mail each time.

{fetching.steps()}"""
        return message_about(
            self,
            Event.ROTATED,
            "is ready: please fetch it",
            text,
            fetching,
            access_key_id=key_id,
            superseded_access_key_id=None,
            superseded_key_until=None,
            superseded_key_held_until=None,
            reason=Reason.FIRST_KEY.value,
        )

    def reminded(
        self,
        key_id: str,
        old_key_id: str,
        seen: Reason,
        ends: datetime,
        unmoved_until: datetime | None = None,
    ) -> Message:
        """The old key goes soon, and the owner has not moved to `key_id`; what was seen of that."""
        fetching = self.fetching()
        assert fetching is not None
        text = f"""\
{_SEEN[seen].format(whom=self.whom())}{self.used_sentence(old_key_id, "The old key")}

{keys(key_id, old_key_id, ends, False)}

Please move to the new key before {minute(ends)}. Then the old key is disabled.\
{unmoved(unmoved_until)}

{fetching.pull()}

{fetching.steps()}"""
        return message_about(
            self,
            Event.REMINDED,
            f"works until {day(ends)}: please move to the new one",
            text,
            fetching,
            access_key_id=key_id,
            superseded_access_key_id=old_key_id,
            superseded_key_until=iso(ends),
            superseded_key_held_until=iso(unmoved_until) if unmoved_until else None,
            reason=seen.value,
            last_used=used_data(self.used),
        )

    def disabled(
        self, key_id: str, reason: Reason, note: str | None = None, in_secret: bool = True
    ) -> Message:
        """A key stops working, other than in the course of its own rotation. `in_secret`: the key
        that stays can be fetched."""
        why = REASON_TEXT[reason] + (f". {one_line(note)}" if note else "")
        fetching = self.fetching(has_key=False)  # the key that works is the one in the secret
        text = f"""\
The access key {one_line(key_id)} of {self.whom()} is disabled now: {why}.\
{self.used_sentence(key_id)}

{if_it_is_missed(reason)}

{where_the_other_one_is(reason, fetching) if in_secret else ""}
"""
        return message_about(
            self,
            Event.DISABLED,
            "is disabled",
            text,
            fetching,
            access_key_id=key_id,
            reason=reason.value,
            note=note,
            last_used=used_data(self.used),
        )

    def deleted(self, key_id: str, reason: Reason) -> Message:
        """A long inactive key is removed."""
        text = f"""\
The inactive access key {one_line(key_id)} of {self.whom()} is deleted now: {REASON_TEXT[reason]}.

There is nothing that you need to do.
"""
        return message_about(
            self, Event.DELETED, "is deleted", text, None, access_key_id=key_id, reason=reason.value
        )

    def held(
        self, key_id: str, reason: Reason, until: datetime, last_notice: bool = False
    ) -> Message:
        """A superseded key is left on for now; `last_notice`: but not beyond `until`."""
        fetching = self.fetching()
        text = f"""\
The access key {one_line(key_id)} of {self.whom()} was replaced, but is left on:
{REASON_TEXT[reason]}.{self.used_sentence(key_id)}

{when_a_hold_ends(until, last_notice)} Please move to the new key before then.

{ways(fetching)}
"""
        return message_about(
            self,
            Event.HELD,
            f"works until {day(until)}" + ("" if last_notice else " at the latest"),
            text,
            fetching,
            access_key_id=key_id,
            reason=reason.value,
            superseded_key_until=iso(until),
            last_used=used_data(self.used),
        )

    def blocked(self, key_id: str, reason: Reason, request: str | None = None) -> Message:
        """A rotation waits for a person. `request` is the reason of whoever asked for it, a
        sentence that says so: no run does it by itself."""
        what, subject = "has to be replaced, but cannot be", "cannot be replaced"
        if reason is Reason.SECRET_CHANGED:
            what, subject = "needs a look", "is not in its secret"
        why = f"{_ASKED} {one_line(request)}\n\n" if request else ""
        then = "Whoever asked can ask again after that." if request else _GOES_ON
        text = f"""\
The access key {one_line(key_id)} of {self.whom()} {what}: {blocked_because(reason)}.

{self._uses()}

{why}What to do: {TO_DO.get(reason, "please tell your platform team.")}

{then} Until then the key works as before.
"""
        return message_about(
            self,
            Event.BLOCKED,
            subject,
            text,
            None,
            access_key_id=key_id,
            reason=reason.value,
            last_used=used_data(self.used),
        )

    def used_sentence(self, key_id: str, what: str = "It") -> str:
        """A sentence on the last use, to follow another one; nothing if it is not read."""
        if key_id not in self.used:
            return ""
        return f" {what} was {last_use(self.used[key_id])}."

    def _uses(self) -> str:
        """All keys, one to a line, so that the owner of two can choose."""
        lines = (f"  {one_line(key_id)}, {last_use(use)}" for key_id, use in self.used.items())
        return "\n".join(lines)

    def whom(self) -> str:
        """The user, in words."""
        name, account_id = one_line(self.user.name), self.user.account_id
        return f"the IAM user {name} in the AWS account {account_id}"

    def fetching(self, has_key: bool = True, is_first: bool = False) -> Fetching | None:
        """How the user fetches what is in the secret; None while there is none."""
        if self.secret_arn is None:
            return None
        name = one_line(self.user.name)
        return Fetching(
            name,
            self.secret_arn,
            self.has_password,
            self.has_readers,
            has_key,
            is_first,
            self.smtp_regions,
        )


def message_about(
    owner: Writer, event: Event, what: str, text: str, fetching: Fetching | None, **data: Any
) -> Message:
    """A message to this user: `what` ends its subject, `data` is what programs get of it."""
    details = {
        "version": 1,
        "event": event.value,
        "user": owner.user.name,
        "account_id": owner.user.account_id,
        "secret_arn": owner.secret_arn,
        **data,
    }
    steps: tuple[str, ...] = ()
    if fetching and fetching.ways() in text:
        steps = fetching.next_steps(with_pull=fetching.pull() in text)
    return Message(_subject(owner.user, what), wrapped(text), details, opening(text), steps)


def _subject(user: UserRef, what: str) -> str:
    """A long name is cut, so that what happens to its key is still to be read."""
    start, end = "Access key of ", f" in {user.account_id} {what}"
    room = SUBJECT_LIMIT - len(start) - len(end)
    name = one_line(user.name)
    return subject_line(start + (name if len(name) <= room else f"{name[: room - 3]}...") + end)
