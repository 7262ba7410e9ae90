"""Users who are not managed and have active keys: what nobody rotates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.text import Text

from key_rotation.domain.coverage import Coverage, UnmanagedUser, coverage_of
from key_rotation.notify.coverage import not_known, summary
from key_rotation.notify.text import counted, iso, minute

from .account import AccountStatus
from .findings import in_words
from .screen import Screen

HEADINGS = ("user", "keys", "since", "age", "last use", "over the limit", "new", "why")
COLUMNS = ("user", "reason", "active_keys", "since", "last_used", "keys_over_limit", "new")


def coverage(found: AccountStatus, slack_days: int = 0) -> Coverage:
    """Who is not managed and has active keys; over the limit is one by more than the slack."""
    limit = found.settings.max_key_age_days + slack_days
    return coverage_of(found.scan.others, found.credential_report, limit, found.at)


def summed_up(found: AccountStatus) -> list[str]:
    """How many there are, in a sentence, and what is not known of them; nothing if nobody is."""
    if found.only:
        return []
    known = coverage(found)
    sentences = []
    if known.users:
        sentences.append(f"{summary(known, found.settings.max_key_age_days)}: --unmanaged")
    elif known.exempt:
        sentences.append(f"{counted(known.exempt, 'exempt user')} with active keys, not managed")
    return sentences + ([] if known.is_known else [not_known(known)])


def findings(found: AccountStatus, slack_days: int) -> list[str]:
    """What `--check` finds: keys over the limit, or that nobody knows."""
    if found.only:
        return []
    known = coverage(found, slack_days)
    sentences = []
    if over := known.keys_over_limit:
        names = [user.name for user in known.users if user.over_limit]
        sentences.append(
            f"{counted(over, 'key')} of {counted(len(names), 'user')} not managed over the limit "
            f"of {found.settings.max_key_age_days} days (--unmanaged)"
        )
    return sentences + ([] if known.is_known else [not_known(known)])


def show(found: AccountStatus, screen: Screen) -> None:
    """As a table, the new ones first, then by the age of the oldest key."""
    known = coverage(found)
    if known.users:
        screen.table(
            HEADINGS, [row_of(user, found.at) for user in known.users], wrapping=("user", "why")
        )
    limit, report = found.settings.max_key_age_days, found.credential_report
    screen.say(summary(known, limit))
    if report is not None:
        screen.say(
            f"by the credential report of {minute(report.generated)}: a key may be older than it "
            "says, and what was done since is not in it"
        )
    if known.not_in_report:
        young = counted(len(known.not_in_report), "user")
        screen.note(f"{young} younger than the report: ask again in 4 hours")
    if not known.is_known:
        screen.note(not_known(known))


def row_of(user: UnmanagedUser, now: datetime) -> list[str | Text]:
    return [
        user.name,
        str(user.keys),
        f"{user.since:%Y-%m-%d}",
        f"{(now - user.since).days}+ d",
        f"{user.last_used:%Y-%m-%d}" if user.last_used else "never",
        Text(str(user.over_limit), style="bold red") if user.over_limit else "",
        Text("new", style="yellow") if user.is_new else "",
        in_words(user.why.value),
    ]


def as_document(found: AccountStatus) -> dict[str, Any]:
    """As JSON; docs/cli.md has the fields. Of numbers that nobody knows there is none."""
    known = coverage(found)
    report = found.credential_report
    return {
        "as_of": iso(report.generated) if report else None,
        "users_with_keys": len(known.users) if known.is_known else None,
        "keys_over_limit": known.keys_over_limit if known.is_known else None,
        "exempt": known.exempt,
        "not_in_report": list(known.not_in_report),
        "unknown": known.unknown,
        "users": [_of(user) for user in known.users],
    }


def csv_rows(found: AccountStatus) -> Iterator[list[Any]]:
    """A line for each user; the columns are those of the JSON."""
    for user in coverage(found).users:
        row = _of(user)
        yield [str(row[name]).lower() if name == "new" else row[name] for name in COLUMNS]


def _of(user: UnmanagedUser) -> dict[str, Any]:
    return {
        "user": user.name,
        "reason": user.why.value,
        "active_keys": user.keys,
        "since": iso(user.since),
        "last_used": iso(user.last_used) if user.last_used else None,
        "keys_over_limit": user.over_limit,
        "new": user.is_new,
    }
