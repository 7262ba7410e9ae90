"""Users of all accounts who are not managed and have active keys."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from key_rotation.domain.coverage import UnmanagedUser
from key_rotation.notify.coverage import not_known, summary

from .. import unmanaged as of_one
from ..hand_over import iso
from ..screen import Screen
from .gather import Gathered, ReadAccount

_HEADINGS = ("account", *of_one.HEADINGS)
_COLUMNS = ("account", "account_id", *of_one.COLUMNS)


def answer(found: Gathered, arguments: argparse.Namespace, screen: Screen) -> None:
    """As `status --unmanaged` has it of one account, in the form that was asked for."""
    if arguments.json:
        screen.document(as_document(found))
    elif arguments.csv:
        screen.csv(_COLUMNS, _csv_rows(found))
    else:
        show(found, screen)


def show(found: Gathered, screen: Screen) -> None:
    """As a table, the new ones first, then by the age of the oldest key; and a line for each
    account."""
    if users := _users(found):
        rows = [[account.name, *of_one.row_of(user, found.at)] for account, user in users]
        screen.table(_HEADINGS, rows, wrapping=("account", "user", "why"))
    for account in found.read:
        known = of_one.coverage(account.status)
        limit = account.status.settings.max_key_age_days
        screen.say(f"{account.name}: {summary(known, limit)}")
        if not known.is_known:
            screen.note(f"{account.name}: {not_known(known)}")


def as_document(found: Gathered) -> dict[str, Any]:
    """As JSON; each account as its own document has it."""
    return {
        "at": iso(found.at),
        "accounts": [
            {
                **_named(account),
                **document,
                "users": [{"account": account.name, **user} for user in document["users"]],
            }
            for account in found.read
            for document in (of_one.as_document(account.status),)
        ],
        "unread_accounts": [
            {"account": unread.name, "account_id": unread.id, "error": unread.error}
            for unread in found.unread
        ],
    }


def _named(account: ReadAccount) -> dict[str, str]:
    return {"account": account.name, "account_id": account.id}


def _csv_rows(found: Gathered) -> Iterator[list[Any]]:
    """A line for each user, and one for an account that could not be read."""
    for unread in found.unread:
        row = dict.fromkeys(_COLUMNS) | {"account": unread.name, "account_id": unread.id}
        yield list((row | {"reason": unread.error}).values())
    for account in found.read:
        for cells in of_one.csv_rows(account.status):
            yield [*_named(account).values(), *cells]


def _users(found: Gathered) -> list[tuple[ReadAccount, UnmanagedUser]]:
    users = [(each, user) for each in found.read for user in of_one.coverage(each.status).users]
    return sorted(users, key=lambda one: (not one[1].is_new, one[1].since, one[0].name))
