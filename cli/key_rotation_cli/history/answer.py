"""The history of keys, as a table, as CSV and as JSON; and what a missing line means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from rich.text import Text

from key_rotation.notify.text import counted, iso, minute

from ..screen import Screen
from .changes import KeyChange
from .log_group import History

# A line that is missing must not pass for something that was not done.
NOTES = (
    "The log has what the function did. What people did by themselves, and what key-rotation "
    "restore did, is in CloudTrail.",
    "A caller is as stated in the payload: whoever may invoke the function writes it. The schedule "
    "is named for every run over all users without a word about who started it.",
)
_HEADINGS = ("when (UTC)", "user", "key", "what", "why", "by")
_WRAPPING = ("why", "by")
_FIELDS = (
    "at",
    "user",
    "user_id",
    "access_key_id",
    "action",
    "reason",
    "replaces",
    "by",
    "event_id",
    "note",
    "run",
)
_STYLES = {"create": "green", "delete": "bold", "disable": "yellow"}
_DAY = timedelta(days=1)


def show(found: History, screen: Screen) -> None:
    """One line a change, then what the log can know."""
    if found.changes:
        screen.table(_HEADINGS, [list(_row(change)) for change in found.changes], _WRAPPING)
    screen.say(_summary(found))
    for sentence in bounds(found):
        screen.say(sentence)
    for note in NOTES:
        screen.say(note)


def _row(change: KeyChange) -> Iterator[str | Text]:
    yield f"{change.at:%Y-%m-%d %H:%M}"
    yield change.user
    yield change.access_key_id
    yield Text(change.what, style=_STYLES.get(change.action, ""))
    yield Text(change.why, style="bold red" if change.is_emergency else "")
    yield change.who


def _summary(found: History) -> str:
    users = len({change.user for change in found.changes})
    return (
        f"{counted(len(found.changes), 'change')} of keys of {counted(users, 'user')} from "
        f"{minute(found.since)} to {minute(found.until)} (account {found.group.account_id}, log "
        f"group {found.group.name})"
    )


def bounds(found: History) -> Iterator[str]:
    """From when on the log can know, and whether there was a run to write in it."""
    group, since = found.group, found.since
    known_from = group.known_from(found.until)
    if known_from > since:
        kept = "" if group.retention_days is None else f", and keeps {group.retention_days} days"
        yield (
            f"The log knows nothing before {minute(known_from)}: it was made on "
            f"{group.created:%Y-%m-%d}{kept}."
        )
    pause = found.longest_pause
    if pause is None:
        yield (
            "The log has no run of this time, so that no change is in it proves nothing: the "
            "function did not run, or its log level or format keeps such lines out."
        )
    else:
        begin, end = pause
        yield (
            f"The log has {counted(len(found.runs), 'run')} of this time. The longest time without "
            f"one: {counted((end - begin) // _DAY, 'day')}, from {minute(begin)} to {minute(end)}."
        )
    if found.unreadable:
        yield f"{counted(found.unreadable, 'line')} about a changed key could not be read."


def as_document(found: History, installation: str, region: str) -> dict[str, Any]:
    """As JSON; docs/cli.md shows one."""
    pause = found.longest_pause
    return {
        "installation": installation,
        "account_id": found.group.account_id,
        "region": region,
        "log_group": found.group.name,
        "since": iso(found.since),
        "until": iso(found.until),
        "known_from": iso(found.group.known_from(found.until)),
        "retention_days": found.group.retention_days,
        "runs": len(found.runs),
        "longest_time_without_run": pause and {"from": iso(pause[0]), "to": iso(pause[1])},
        "unreadable_lines": found.unreadable,
        "changes": [dict(zip(_FIELDS, _cells(change), strict=True)) for change in found.changes],
        "notes": list(NOTES),
    }


def as_csv(found: History, screen: Screen) -> None:
    """A line for each change, with the names of the JSON."""
    rows = [["" if cell is None else cell for cell in _cells(change)] for change in found.changes]
    screen.csv(_FIELDS, rows)


def _cells(change: KeyChange) -> list[str | None]:
    return [iso(change.at), *(getattr(change, name) for name in _FIELDS[1:])]
