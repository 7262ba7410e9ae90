"""The status of an account for people: who needs attention first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from key_rotation.domain.action import Verb
from key_rotation.domain.model import AccessKey
from key_rotation.notify.text import counted

from . import hand_over, unmanaged
from .account import AccountStatus, UserStatus, settled
from .findings import in_words
from .hand_over import day
from .mismatches import mismatches
from .rotation_limit import put_off
from .screen import Screen
from .selection import EVERYBODY, STATES, Selection

_COLORS = {"ok": "green", "due": "yellow", "held": "yellow", "blocked": "red"}
HEADINGS = ("user", "key", "age", "status", "state", "next", "when")
# In the place of the id of a settled user's key.
NOT_READ = "not read"


def show(found: AccountStatus, screen: Screen, selection: Selection = EVERYBODY) -> None:
    """As a table, one of the last uses that are known, how many more there are, and a line of
    counts."""
    if found.statuses or found.unread or found.out_of_reach:
        _show_users(found, screen, selection)
    else:
        tag = found.settings.user_tag
        screen.say(f"no IAM user carries the tag {tag.key} = {tag.value}")
    for sentence in notes(found):
        screen.note(sentence)


def _show_users(found: AccountStatus, screen: Screen, selection: Selection) -> None:
    shown, left_out = selection.shown(found)
    waiting = frozenset(status.name for status in put_off(found))
    needing = [status for status in shown if status.state != "ok"]
    rows = [row for status in needing for row in rows_of(status, found.at, status.name in waiting)]
    if not (selection.states or found.only):
        rows += [out_of_reach(*each) for each in sorted(found.out_of_reach.items())]
    rows += [row for status in shown if status.state == "ok" for row in rows_of(status, found.at)]
    if rows:
        screen.table(HEADINGS, rows, wrapping=("user", "state"))
    if uses := list(hand_over.rows(shown, found.at)):
        screen.gap()
        screen.table(hand_over.HEADINGS, uses, wrapping=("user", "last use"))
        screen.gap()
    for sentence in (*not_shown(left_out), *settled(found)):
        screen.say(sentence)
    screen.say(_summary(found))
    for sentence in unmanaged.summed_up(found):
        screen.say(sentence)


def not_shown(statuses: Sequence[UserStatus]) -> list[str]:
    """How many users are not in the table, and how to see them, in a sentence."""
    if not statuses:
        return []
    states = Counter(status.state for status in statuses)
    listed = ", ".join(f"{states[state]} {state}" for state in STATES if states[state])
    return [f"not shown: {counted(len(statuses), 'user')}, {listed} (--all, --state, --user)"]


def notes(found: AccountStatus) -> Iterator[str]:
    """What to know beside the table, in a sentence each."""
    tag = found.settings.user_tag
    if not found.only:
        for name, value in sorted(found.unexpected.items()):
            yield f"{name}: the tag {tag.key} is {value!r}, not {tag.value!r}: left alone"
        for operator in found.subscriptions.unreached:
            yield f"operator {operator.email} {operator.why}"
    for status in found.statuses:
        for problem in status.limits.malformed:
            yield f"{status.name}: override tag ignored: {problem}"
    yield from mismatches(found)


def rows_of(
    status: UserStatus, now: datetime, is_put_off: bool = False
) -> Iterator[list[str | Text]]:
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
            if is_put_off and step.verb is Verb.ROTATE:
                when = "later run"
        yield [
            status.name,
            key.id or NOT_READ,
            Text(hand_over.age(status, key, now), style=_age_color(status, key, now)),
            Text(key.status.value, style="" if key.is_active else "dim"),
            state if number == 0 else "",  # the user's, not the key's
            verb,
            when,
        ]


def out_of_reach(name: str, setting: str) -> list[str | Text]:
    """A user who is tagged, but whom this setting keeps away from the function."""
    return [name, "-", "", "", Text(f"out of reach: {setting}", style="yellow"), "", ""]


def _state(status: UserStatus) -> str:
    return "ok" if status.reason == "not_due" else f"{status.state}: {in_words(status.reason)}"


def _age_color(status: UserStatus, key: AccessKey, now: datetime) -> str:
    return "bold red" if status.is_over_limit(key, now) else ""


def _summary(found: AccountStatus) -> str:
    """The counts, in one line."""
    active = [key for status in found.statuses for key in status.keys if key.is_active]
    ages = [(found.at - key.created).days for key in active]
    over = sum(s.is_over_limit(key, found.at) for s in found.statuses for key in s.keys)
    managed = f"{len(found.statuses)} managed"
    if found.only:
        managed = f"{len(found.statuses)} of {len(found.scan.managed)} managed users,"
    parts = [
        f"{managed} of {found.scanned} IAM users",
        f"{len(active)} active keys",
        f"oldest {max(ages, default=0)} d",
        f"{over} over the limit",
    ]
    for state in ("due", "held", "blocked"):
        count = sum(status.state == state for status in found.statuses)
        parts.append(f"{count} {state}")
    if found.out_of_reach and not found.only:
        parts.append(f"{len(found.out_of_reach)} out of reach")
    return ", ".join(parts) + f" (account {found.account_id}, {found.at:%Y-%m-%d %H:%M} UTC)"
