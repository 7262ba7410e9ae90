"""The messages to the owner of a key: plain text for people, JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from ..domain.action import Reason
from ..domain.model import Event, UserRef
from .fetching import Fetching
from .message import Message
from .reasons import REASON_TEXT, SUPERSEDED, TO_DO, blocked_because
from .text import SUBJECT_LIMIT, day, iso, minute, one_line, opening, subject_line, wrapped


class InSecret(Enum):
    """What somebody finds who tries the secret before the rotation."""

    PLACEHOLDER = "a placeholder in place of the key"
    EARLIER_KEY = "an earlier key of yours"
    PRESENT_KEY = "your present key"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the messages about one user.

    secret_arn: None while there is no secret. has_password: whether the user has a console
    password; None if no run had to read that, and then the mail is for both kinds of reader.
    has_readers: whether the settings name others who may read secrets.
    """

    user: UserRef
    secret_arn: str | None = None
    has_password: bool | None = None
    has_readers: bool = False

    def warned(self, key_id: str, due: datetime, in_secret: InSecret) -> Message:
        """The key will be rotated soon; the way to fetch the next one can be tried now."""
        fetching = self._fetching()
        text = f"""\
The access key {one_line(key_id)} of {self._whom()} will be replaced on {day(due)}.
Nothing changes before that day.

Please try today whether you will be able to fetch the new key. The secret that it will be in is
there already. Today it holds {in_secret.value}.

{_ways(fetching)}

If that is refused, tell your platform team before {day(due)}.
"""
        return _message(
            self,
            Event.WARNED,
            f"will be replaced on {day(due)}",
            text,
            fetching,
            access_key_id=key_id,
            rotation_due=iso(due),
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

        `old_key_until` is None when the old key is disabled now; `while_used`: it may be disabled
        before then, when it is not used any more. `reason` is a sentence that says who gave it.
        """
        fetching = self._fetching(has_key=old_key_until is not None)
        assert fetching is not None
        why = f"The old key was replaced at once. {one_line(reason)}\n\n" if reason else ""
        text = f"""\
There is a new access key for {self._whom()}.

{_keys(key_id, old_key_id, old_key_until, while_used)}

{why}{_by_when(fetching, old_key_id, old_key_until, while_used)}

1. Fetch it

{fetching.ways()}

{fetching.use_and_check()}"""
        return _message(
            self,
            Event.ROTATED,
            "was replaced: please fetch the new one",
            text,
            fetching,
            access_key_id=key_id,
            superseded_access_key_id=old_key_id,
            superseded_key_until=iso(old_key_until) if old_key_until else None,
            reason=reason,
        )

    def disabled(
        self, key_id: str, reason: Reason, note: str | None = None, in_secret: bool = True
    ) -> Message:
        """A key stops working, other than in the course of its own rotation. `in_secret`: the key
        that stays can be fetched."""
        why = REASON_TEXT[reason] + (f". {one_line(note)}" if note else "")
        fetching = self._fetching(has_key=False)  # the key that works is the one in the secret
        text = f"""\
The access key {one_line(key_id)} of {self._whom()} is disabled now: {why}.

{_if_it_is_missed(reason)}

{_where_the_other_one_is(reason, fetching) if in_secret else ""}
"""
        return _message(
            self,
            Event.DISABLED,
            "is disabled",
            text,
            fetching,
            access_key_id=key_id,
            reason=reason.value,
            note=note,
        )

    def deleted(self, key_id: str, reason: Reason) -> Message:
        """A long inactive key is removed."""
        text = f"""\
The inactive access key {one_line(key_id)} of {self._whom()} is deleted now: {REASON_TEXT[reason]}.

There is nothing that you need to do.
"""
        return _message(
            self, Event.DELETED, "is deleted", text, None, access_key_id=key_id, reason=reason.value
        )

    def held(self, key_id: str, reason: Reason, until: datetime) -> Message:
        """A superseded key is left on for now."""
        fetching = self._fetching()
        text = f"""\
The access key {one_line(key_id)} of {self._whom()} was replaced, but is left on:
{REASON_TEXT[reason]}.

It is disabled on {minute(until)} at the latest. Please move to the new key before then.

{_ways(fetching)}
"""
        return _message(
            self,
            Event.HELD,
            f"works until {day(until)} at the latest",
            text,
            fetching,
            access_key_id=key_id,
            reason=reason.value,
            superseded_key_until=iso(until),
        )

    def blocked(self, key_id: str, reason: Reason) -> Message:
        """A rotation waits for a person."""
        what, subject = "has to be replaced, but cannot be", "cannot be replaced"
        if reason is Reason.SECRET_CHANGED:
            what, subject = "needs a look", "is not in its secret"
        text = f"""\
The access key {one_line(key_id)} of {self._whom()} {what}: {blocked_because(reason)}.

What to do: {TO_DO.get(reason, "please tell your platform team.")}

The next run after that goes on from there. Until then the key works as before.
"""
        return _message(
            self,
            Event.BLOCKED,
            subject,
            text,
            None,
            access_key_id=key_id,
            reason=reason.value,
        )

    def _whom(self) -> str:
        name, account_id = one_line(self.user.name), self.user.account_id
        return f"the IAM user {name} in the AWS account {account_id}"

    def _fetching(self, has_key: bool = True) -> Fetching | None:
        if self.secret_arn is None:
            return None
        name = one_line(self.user.name)
        return Fetching(name, self.secret_arn, self.has_password, self.has_readers, has_key)


def _message(
    owner: Writer, event: Event, what: str, text: str, fetching: Fetching | None, **data: Any
) -> Message:
    details = {
        "version": 1,
        "event": event.value,
        "user": owner.user.name,
        "account_id": owner.user.account_id,
        "secret_arn": owner.secret_arn,
        **data,
    }
    steps = fetching.next_steps() if fetching and fetching.ways() in text else ()
    return Message(_subject(owner.user, what), wrapped(text), details, opening(text), steps)


def _subject(user: UserRef, what: str) -> str:
    """A long name is cut, so that what happens to its key is still to be read."""
    start, end = "Access key of ", f" in {user.account_id} {what}"
    room = SUBJECT_LIMIT - len(start) - len(end)
    name = one_line(user.name)
    return subject_line(start + (name if len(name) <= room else f"{name[: room - 3]}...") + end)


def _by_when(
    fetching: Fetching, old_key_id: str | None, until: datetime | None, while_used: bool
) -> str:
    if until is not None and while_used:
        return (
            f"Please move to the new key soon, and before {minute(until)}. The old key is left on "
            "because it is used, and is disabled when that ends. You can fetch the new key with it."
        )
    if until is not None:
        return (
            f"Please move to the new key before {minute(until)}. Until then the old key works, "
            "and you can fetch the new key with it."
        )
    if old_key_id is None:
        return "Please fetch it now: it is the key to use from now on."
    return f"The old key does not work any more{_without_a_key(fetching)}"


def _without_a_key(fetching: Fetching) -> str:
    """What an owner can do whose old key is off, as the rest of a sentence."""
    role = "with a role that may read the secret"
    if fetching.has_password is False:
        or_role = f", or fetch it now {role}" if fetching.has_readers else ""
        return (
            f", and {fetching.name} has no console password. Ask your platform team for the new "
            f"key{or_role}."
        )
    or_role = f", or {role}" if fetching.has_readers else ""
    return (
        f", so please fetch the new one now: in the console{or_role}. If you cannot, ask your "
        "platform team."
    )


def _keys(
    key_id: str, old_key_id: str | None, old_key_until: datetime | None, while_used: bool
) -> str:
    """The keys, one to a line."""
    text = f"  New key: {one_line(key_id)}, in the secret, ready to use"
    if old_key_id is not None:
        fate = "disabled now"
        if old_key_until is not None:
            fate = (
                "works while it is used" if while_used else f"works until {minute(old_key_until)}"
            )
        text += f"\n  Old key: {one_line(old_key_id)}, {fate}"
    return text


def _if_it_is_missed(reason: Reason) -> str:
    if reason in (Reason.EMERGENCY, Reason.LEAKED):
        return "Do not use it any more: if a program stopped, give it another key of the user."
    return (
        "If something stopped working, tell your platform team: the key is not deleted yet and can "
        "be enabled again."
    )


def _ways(fetching: Fetching | None) -> str:
    """How to fetch the key; nothing while there is no secret."""
    return "" if fetching is None else fetching.ways()


def _where_the_other_one_is(reason: Reason, fetching: Fetching | None) -> str:
    if fetching is None:
        return ""
    which = "new" if reason in SUPERSEDED else "other"
    return f"The {which} key is in the secret.\n\n{fetching.ways()}"
