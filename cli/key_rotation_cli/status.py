"""`key-rotation status`: every managed user, their keys, and what comes next."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from key_rotation.domain.model import AccessKey
from key_rotation.domain.prefilter import FULL_LOOK_DAY

from . import hand_over
from .account import (
    EXACT,
    AccountStatus,
    UserStatus,
    no_report,
    read_account,
    settled,
    standstill,
)
from .administrators import Administrators, Power, read_administrators
from .connection import READS
from .exits import Exit
from .forecast import Due
from .hand_over import between, day, iso
from .options import connect, shared
from .screen import Screen

_COLORS = {"ok": "green", "due": "yellow", "held": "yellow", "blocked": "red"}
_HEADINGS = ("user", "key", "age", "status", "state", "next", "when")
_COLUMNS = (
    *("user", "state", "reason", "from_report", "access_key_id", "status", "created", "age_days"),
    *("max_key_age_days", "over_limit", "next", "next_at", "administrator", *hand_over.COLUMNS),
)

# In the place of the id of a settled user's key.
NOT_READ = "not read"

CALLS = READS


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "status",
        parents=[shared()],
        help="every managed user: keys, ages, state, and what comes next",
        description="Shows every managed user: keys, ages, state, the next action and when it is "
        "due, as things stand. Changes nothing.",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as one JSON document")
    form.add_argument("--csv", action="store_true", help="as CSV, a line for each key")
    parser.add_argument(
        "--check",
        action="store_true",
        help="end with 1 if a user is blocked, or is or may be an administrator, or an active key "
        "is over its limit by more than --slack-days, one day unless you say otherwise",
    )
    parser.add_argument(
        "--slack-days",
        type=_days,
        default=1,
        metavar="N",
        help="days over the limit that --check passes over: a run a day may be a day late "
        "(default: %(default)s)",
    )
    parser.add_argument("--exact", action="store_true", help=EXACT)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    connection = connect(arguments, CALLS)
    with screen.counting("reading users") as progress:
        now = datetime.now(UTC)
        exact = arguments.exact or (arguments.check and now.day == FULL_LOOK_DAY)
        found = read_account(connection, arguments.name, now, progress, exact)
        administrators = read_administrators(connection.client("iam"), found.settings.user_tag)
    for sentence in (*standstill(found.settings), *no_report(found)):
        screen.note(sentence)
    if arguments.json:
        screen.document(as_document(found, administrators))
    elif arguments.csv:
        screen.csv(_COLUMNS, _csv_rows(found, administrators))
    else:
        show(found, screen)
    for unread in found.unread:
        screen.error(f"{unread.name} could not be read: {unread.error}")
    looked_at = administrators.findings()
    if arguments.check and not found.unread:
        looked_at += findings(found, arguments.slack_days)
    for sentence in looked_at:
        screen.note(sentence)
    if found.unread:
        return Exit.AWS
    return Exit.FINDINGS if arguments.check and looked_at else Exit.OK


def findings(found: AccountStatus, slack_days: int) -> list[str]:
    """What an operator should look at, in a sentence each."""
    sentences = []
    for status in found.statuses:
        if status.forecast.is_blocked:
            sentences.append(f"{status.name} is blocked: {_words(status.reason)}")
        sentences += [
            f"{status.name}: key {key.id} is {(found.at - key.created).days} days old, over the "
            f"limit of {status.limits.max_key_age_days} ({_what_comes(status, key, found.at)})"
            for key in status.keys
            if status.is_over_limit(key, found.at, slack_days)
        ]
    return sentences


def _what_comes(status: UserStatus, key: AccessKey, now: datetime) -> str:
    """The user's state, and what becomes of this key."""
    step = status.forecast.disabled(key.id) or status.forecast.next_about(key.id)
    then = "" if step is None else f"; {step.verb.value}: {between(step.at, step.held_until, now)}"
    return f"{_words(status.reason)}{then}"


def as_document(found: AccountStatus, administrators: Administrators) -> dict[str, Any]:
    """The account as JSON; docs/cli.md shows one."""
    return {
        "installation": found.settings.name,
        "account_id": found.account_id,
        "region": found.region,
        "at": iso(found.at),
        "iam_users": found.scanned,
        "users": [
            _user(status, administrators.of(status.name), found) for status in found.statuses
        ],
        "unexpected_tag_values": found.unexpected,
        "out_of_reach": dict(found.out_of_reach),
        "options_without_user": dict(found.options_without_user),
        "unreached_operators": {operator.email: operator.why for operator in found.unreached},
        "unread": [{"user": unread.name, "error": unread.error} for unread in found.unread],
    }


def _csv_rows(found: AccountStatus, administrators: Administrators) -> Iterator[list[Any]]:
    """A line for each key, one for a user without any; the columns are those of the JSON."""
    for status in found.statuses:
        user = _user(status, administrators.of(status.name), found)
        for key in user["keys"] or [{}]:
            row = (
                dict.fromkeys(_COLUMNS) | user | key | _flat(key.get("next")) | hand_over.flat(key)
            )
            for name in ("from_report", "over_limit"):
                if row[name] is not None:
                    row[name] = str(row[name]).lower()  # as JSON has it
            yield [row[column] for column in _COLUMNS]


def _flat(step: Any) -> dict[str, Any]:
    return {"next": None, "next_at": None} | (
        {"next": step["action"], "next_at": step["at"]} if step else {}
    )


def _user(status: UserStatus, power: Power, found: AccountStatus) -> dict[str, Any]:
    now, coming = found.at, status.forecast.coming()
    options = found.settings.options_of(status.name)
    return {
        "user": status.name,
        "state": status.state,
        "reason": status.reason,
        "from_report": status.from_report,
        "max_key_age_days": status.limits.max_key_age_days,
        "hold_until": status.limits.hold_until and status.limits.hold_until.isoformat(),
        "ignored_overrides": list(status.limits.malformed),
        "administrator": power.is_administrator,
        "administrator_by": list(power.by),
        "options": {name: getattr(options, name) for name in options.names},
        "next": _step(coming[0] if coming else None),
        "keys": [
            {
                "access_key_id": key.id or None,
                "status": key.status.value,
                "created": iso(key.created),
                "age_days": (now - key.created).days,
                "over_limit": status.is_over_limit(key, now),
                "next": _step(status.forecast.next_about(key.id)),
                **hand_over.known(status, key),
            }
            for key in status.keys
        ],
    }


def _step(step: Due | None) -> dict[str, str] | None:
    return None if step is None else {"action": step.verb.value, "at": iso(step.at)}


def show(found: AccountStatus, screen: Screen) -> None:
    """As a table, one of the last uses that are known, and a line of counts."""
    tag = found.settings.user_tag
    if not (found.statuses or found.unread or found.out_of_reach):
        screen.say(f"no IAM user carries the tag {tag.key} = {tag.value}")
    else:
        rows = [row for status in found.statuses for row in _rows(status, found.at)]
        rows += [_out_of_reach(*each) for each in found.out_of_reach.items()]
        rows.sort(key=lambda row: str(row[0]))
        screen.table(_HEADINGS, rows, wrapping=("user", "state"))
        if uses := list(hand_over.rows(found.statuses, found.at)):
            screen.gap()
            screen.table(hand_over.HEADINGS, uses, wrapping=("user", "last use"))
            screen.gap()
        for sentence in settled(found):
            screen.say(sentence)
        screen.say(_summary(found))
    for name, value in sorted(found.unexpected.items()):
        screen.note(f"{name}: the tag {tag.key} is {value!r}, not {tag.value!r}: left alone")
    for operator in found.unreached:
        screen.note(f"operator {operator.email} {operator.why}")
    for status in found.statuses:
        for problem in status.limits.malformed:
            screen.note(f"{status.name}: override tag ignored: {problem}")
    for name, why in found.options_without_user.items():
        screen.note(f"{name}: {why}")


def _rows(status: UserStatus, now: datetime) -> Iterator[list[str | Text]]:
    state = Text(_state(status), style=_COLORS[status.state])
    if not status.keys:
        verb, when = ("a person" if status.state == "blocked" else ""), ""
        for coming in status.forecast.coming()[:1]:
            verb, when = coming.verb.value, day(coming.at, None, now)
        yield [status.name, "-", "", "", state, verb, when]
    for number, key in enumerate(status.keys):
        verb, when = ("a person" if status.state == "blocked" else ""), ""
        if (step := status.forecast.next_about(key.id)) is not None:
            verb, when = step.verb.value, day(step.at, step.held_until, now)
        yield [
            status.name,
            key.id or NOT_READ,
            Text(hand_over.age(status, key, now), style=_age_color(status, key, now)),
            Text(key.status.value, style="" if key.is_active else "dim"),
            state if number == 0 else "",  # the user's, not the key's
            verb,
            when,
        ]


def _out_of_reach(name: str, setting: str) -> list[str | Text]:
    """A user who is tagged, but whom this setting keeps away from the function."""
    return [name, "-", "", "", Text(f"out of reach: {setting}", style="yellow"), "", ""]


def _state(status: UserStatus) -> str:
    return "ok" if status.reason == "not_due" else f"{status.state}: {_words(status.reason)}"


def _age_color(status: UserStatus, key: AccessKey, now: datetime) -> str:
    return "bold red" if status.is_over_limit(key, now) else ""


def _summary(found: AccountStatus) -> str:
    """The counts, in one line."""
    active = [key for status in found.statuses for key in status.keys if key.is_active]
    ages = [(found.at - key.created).days for key in active]
    over = sum(s.is_over_limit(key, found.at) for s in found.statuses for key in s.keys)
    parts = [
        f"{len(found.statuses)} managed of {found.scanned} IAM users",
        f"{len(active)} active keys",
        f"oldest {max(ages, default=0)} d",
        f"{over} over the limit",
    ]
    for state in ("due", "held", "blocked"):
        count = sum(status.state == state for status in found.statuses)
        parts.append(f"{count} {state}")
    if found.out_of_reach:
        parts.append(f"{len(found.out_of_reach)} out of reach")
    return ", ".join(parts) + f" (account {found.account_id}, {found.at:%Y-%m-%d %H:%M} UTC)"


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of days")
    return int(text)
