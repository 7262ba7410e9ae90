"""The status of all accounts for people: who needs attention first, whichever account it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from .. import hand_over
from .. import status_table as of_one
from ..account import UserStatus, settled
from ..rotation_limit import put_off
from ..screen import Screen
from ..selection import EVERYBODY, MOST_SHOWN, Selection, rank
from ..unmanaged import summed_up
from .gather import Gathered, ReadAccount
from .summary import Counts, counts_of, total

_HEADINGS = ("account", *of_one.HEADINGS)
_COUNTS = (
    *("account", "id", "managed", "of IAM users", "active keys", "oldest", "over limit"),
    *("due", "held", "blocked", "not managed, with keys"),
)

type User = tuple[ReadAccount, UserStatus]


def show(found: Gathered, screen: Screen, selection: Selection = EVERYBODY) -> None:
    """The users; the last uses that are known; how many more there are; the counts of each
    account."""
    shown, left_out = _selected(found, selection)
    if rows := list(_rows(found, shown, selection)):
        screen.table(_HEADINGS, rows, wrapping=("account", "user", "state"))
        screen.gap()
    uses = [
        [account.name, *row]
        for account, status in shown
        for row in hand_over.rows([status], found.at)
    ]
    if uses:
        headings = ("account", *hand_over.HEADINGS)
        screen.table(headings, uses, wrapping=("account", "user", "last use"))
        screen.gap()
    sentences = of_one.not_shown(left_out)
    sentences += [
        f"{each.name}: {text}"
        for each in found.read
        for text in (*settled(each.status), *summed_up(each.status))
    ]
    for sentence in sentences:
        screen.say(sentence)
    if sentences:
        screen.gap()
    error = "could not be read" if found.unread else ""
    screen.table((*_COUNTS, error), list(_counts(found)), wrapping=("account", error))
    for each in found.read:
        for sentence in of_one.notes(each.status):
            screen.note(f"{each.name}: {sentence}")


def _selected(found: Gathered, selection: Selection) -> tuple[list[User], list[UserStatus]]:
    """Whom the table shows, in its order, and whom it leaves out."""
    shown: list[User] = []
    left_out: list[UserStatus] = []
    for account in found.read:
        of_account, not_shown = selection.shown(account.status)
        shown += [(account, status) for status in of_account]
        left_out += not_shown
    shown.sort(key=lambda user: (*rank(user[1])[:2], user[0].name, user[1].name))
    if selection.everybody or selection.states or selection.users:
        return shown, left_out
    return shown[:MOST_SHOWN], [status for _, status in shown[MOST_SHOWN:]] + left_out


def _rows(
    found: Gathered, shown: Sequence[User], selection: Selection
) -> Iterator[list[str | Text]]:
    """Out of reach is between those who need attention and the others."""
    waiting = {(each.name, one.name) for each in found.read for one in put_off(each.status)}
    for account, status in shown:
        if status.state != "ok":
            is_put_off = (account.name, status.name) in waiting
            for row in of_one.rows_of(status, found.at, is_put_off):
                yield [account.name, *row]
    for account in found.read if not (selection.states or selection.users) else ():
        for user, setting in sorted(account.status.out_of_reach.items()):
            yield [account.name, *of_one.out_of_reach(user, setting)]
    for account, status in shown:
        if status.state == "ok":
            for row in of_one.rows_of(status, found.at):
                yield [account.name, *row]


def _counts(found: Gathered) -> Iterator[list[str | Text]]:
    """An account that could not be read has its error in the last column."""
    for account in found.unread:
        empty = [""] * (len(_COUNTS) - 2)
        yield [account.name, account.id, *empty, Text(account.error, style="red")]
    for each in found.read:
        yield _count_row(each.name, each.id, counts_of(each))
    number = len(found.read) + len(found.unread)
    of = f"{len(found.read)} of {number}" if found.unread else f"{number}"
    yield _count_row("total", f"{of} accounts", total(counts_of(each) for each in found.read))


def _count_row(name: str, account_id: str, counts: Counts) -> list[str | Text]:
    return [
        *(name, account_id),
        *(f"{counts.managed_users}", f"{counts.iam_users}", f"{counts.active_keys}"),
        *(f"{counts.oldest_days} d", f"{counts.over_limit}"),
        *(f"{counts.due}", f"{counts.held}", f"{counts.blocked}"),
        "?" if counts.unmanaged_users is None else f"{counts.unmanaged_users}",
        "",
    ]
