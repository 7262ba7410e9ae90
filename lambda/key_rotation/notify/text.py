"""Text as a mail can carry it: wrapped, quoted, clipped, on one line.

Names and free text are made harmless here: no control characters in a subject or a line, every
value quoted in a command that somebody may paste into a shell. In a mail prose is wrapped; a line
indented by four spaces is a command, and whole.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from datetime import datetime
from typing import Any

SUBJECT_LIMIT = 99  # SNS: a subject is under 100 characters, without control characters
TEXT_LIMIT = 1000  # characters of one row's text; an error's text may be of any length
COLUMNS = 76
WHOLE_WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
# What mail clients turn into a link: an address with a scheme, and a bare domain, in any alphabet.
# Each ends in the character that makes it one.
_LINK = re.compile(
    r"(?://|\bwww[.\u3002\uff0e\uff61]|\b(?:mailto|tel|javascript|data):"
    r"|(?<=[^\W_])[.\u3002\uff0e\uff61](?=[^\W\d_]{2}))",
    re.IGNORECASE,
)


def counted(number: int, what: str) -> str:
    """`1 active key`, `2 active keys`."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def wrapped(text: str) -> str:
    """Prose filled to the width of a mail; lines that start with a space are left as they are."""
    paragraphs = [block for block in re.split(r"\n\n+", text.strip("\n")) if block.strip()]
    return (
        "\n\n".join(
            block if block.startswith(" ") else textwrap.fill(block, COLUMNS, **WHOLE_WORDS)
            for block in paragraphs
        )
        + "\n"
    )


def opening(text: str) -> str:
    """What the message says before it comes to instructions, one line to a paragraph or key."""
    opening: list[str] = []
    for paragraph in re.split(r"\n\n+", text.strip("\n")):
        if paragraph.endswith(":") or re.match(r"    |\d\. ", paragraph):
            break
        is_list = paragraph.startswith(" ")
        opening += paragraph.split("\n") if is_list else [paragraph.replace("\n", " ")]
    return "\n".join(line.strip() for line in opening if line.strip())


def quoted(command: str) -> str:
    """A command as one argument: in double quotes, which every system's shell understands."""
    return shlex.quote(command) if re.search(r"[\"'$`\\!]", command) else f'"{command}"'


def clipped(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 3]}..."


def one_line(text: str) -> str:
    """Free text as one harmless line: no control, format, or separator character but the space."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def link_in(text: str) -> str | None:
    """The first word that a mail client may turn into a link; None if there is none."""
    return next((word for word in text.split() if _LINK.search(word)), None)


def unlinked(text: str) -> str:
    """Text of others, such as that of an error, that no mail client turns into a link."""
    return _LINK.sub(lambda found: f"{found[0][:-1]}[{found[0][-1]}]", one_line(text))


def subject_line(text: str) -> str:
    """SNS takes ASCII of under 100 characters."""
    text = re.sub(r"[^\x20-\x7e]+", " ", text).strip()
    return text if len(text) <= SUBJECT_LIMIT else text[: SUBJECT_LIMIT - 3] + "..."


def day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
