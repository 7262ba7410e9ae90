"""Sentences that the messages to an owner are made of."""

from __future__ import annotations

from datetime import datetime

from ..domain.action import Reason
from .fetching import Fetching
from .reasons import SUPERSEDED
from .text import minute, one_line


def by_when(
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
    return f"The old key does not work any more{without_a_key(fetching)}"


def unmoved(until: datetime | None) -> str:
    """What follows if the owner has not moved by the end of the old key."""
    if until is None:
        return ""
    return (
        " If nothing but the old key is in use by then, it is left on until "
        f"{minute(until)} at the latest."
    )


def when_a_hold_ends(until: datetime, last_notice: bool) -> str:
    if last_notice:
        return f"It is disabled on {minute(until)}, used or not. This is the last notice."
    return f"It is disabled on {minute(until)} at the latest."


def without_a_key(fetching: Fetching) -> str:
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


def keys(
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


def if_it_is_missed(reason: Reason) -> str:
    if reason in (Reason.EMERGENCY, Reason.LEAKED):
        return "Do not use it any more: if a program stopped, give it another key of the user."
    if reason is Reason.UNUSED:
        return (
            "If you need it, tell your platform team: the key is not deleted, and they can enable "
            "it again with `key-rotation restore`."
        )
    return (
        "If something stopped working, tell your platform team: the key is not deleted yet and can "
        "be enabled again."
    )


def ways(fetching: Fetching | None) -> str:
    """How to fetch the key; nothing while there is no secret."""
    return "" if fetching is None else fetching.ways()


def where_the_other_one_is(reason: Reason, fetching: Fetching | None) -> str:
    if fetching is None:
        return ""
    which = "new" if reason in SUPERSEDED else "other"
    return f"The {which} key is in the secret.\n\n{fetching.ways()}"
