"""The warning about a key that nobody uses: plain text for people, JSON for programs."""

from __future__ import annotations

from datetime import datetime

from ..domain.action import Reason
from ..domain.model import Event
from .mail import InSecret, Writer, message_about
from .message import Message
from .text import day, iso, minute, one_line
from .usage import used_data

# Fails loudly where it is pasted as it stands: another profile's use does not keep this key.
PROFILE = "PROFILE-WITH-THIS-KEY"
_IN_SECRET = """\
The key is in the secret. If you have not fetched it yet, fetch it, and use it from now on.

{ways}
"""


def warned_unused(
    writer: Writer, key_id: str, ends: datetime, use_before: datetime, in_secret: InSecret
) -> Message:
    """The key is disabled at `ends`, unless it is used; a use before `use_before` is surely seen by
    then. `in_secret` is what a plain read of the secret returns."""
    present = in_secret is InSecret.PRESENT_KEY
    fetching = writer.fetching(has_key=False) if present else None
    where = _IN_SECRET.format(ways=fetching.ways()) if fetching else ""
    text = f"""\
The access key {one_line(key_id)} of {writer.whom()} is not used. It is disabled on {day(ends)},
unless somebody uses it before.{writer.used_sentence(key_id)}

If you need the key, use it before {minute(use_before)}: AWS shows a use hours later. One call is
enough. This one changes nothing:

    aws sts get-caller-identity --profile {PROFILE}

If you need it, but only from time to time, tell your platform team: they can keep it on.

If you do not need it, there is nothing that you need to do. The key is disabled, and not deleted:
your platform team can enable it again.

{where}"""
    return message_about(
        writer,
        Event.WARNED,
        f"is disabled on {day(ends)} unless it is used",
        text,
        fetching,
        access_key_id=key_id,
        rotation_due=None,
        disable_due=iso(ends),
        use_before=iso(use_before),
        reason=Reason.UNUSED.value,
        last_used=used_data(writer.used),
    )
