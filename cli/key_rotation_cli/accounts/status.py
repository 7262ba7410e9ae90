"""`key-rotation status --accounts`: the managed users of every account, in one answer."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from .. import status as of_one
from ..exits import DeclinedError, Exit
from ..screen import Screen
from ..selection import selection_of
from . import unmanaged
from .gather import Gathered
from .options import read_accounts
from .status_document import COLUMNS, as_document, csv_rows
from .status_table import show


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    now, chosen = datetime.now(UTC), selection_of(arguments)
    of_one.check_selection(arguments, chosen)
    exact = of_one.is_exact(arguments, now)
    found = read_accounts(arguments, screen, of_one.CALLS, now, exact, chosen.users)
    _check_somewhere(found, chosen.users)
    for account in found.read:
        for sentence in of_one.first_of_all(account.status):
            screen.note(f"{account.name}: {sentence}")
    if arguments.unmanaged:
        unmanaged.answer(found, arguments, screen)
    elif arguments.json:
        screen.document(as_document(found, chosen))
    elif arguments.csv:
        screen.csv(COLUMNS, csv_rows(found, chosen))
    else:
        show(found, screen, chosen)
    name_unread(found, screen)
    without_subscriptions = [
        f"{account.name}: {gap}"
        for account in found.read
        for gap in account.status.subscriptions.gap()
    ]
    for sentence in without_subscriptions:
        screen.error(sentence)
    looked_at = [
        f"{account.name}: {sentence}"
        for account in found.read
        for sentence in of_one.found_in(
            account.status, account.administrators, arguments, chosen.users
        )
    ]
    for sentence in looked_at:
        screen.note(sentence)
    if without_subscriptions or not found.is_whole:
        return Exit.AWS
    return Exit.FINDINGS if arguments.check and looked_at else Exit.OK


def name_unread(found: Gathered, screen: Screen) -> None:
    """The accounts and users that are missing in the answer, on standard error."""
    for account in found.unread:
        screen.error(f"{account.name} ({account.id}) could not be read: {account.error}")
    for each in found.read:
        for unread in each.status.unread:
            screen.error(f"{each.name}: {unread.name} could not be read: {unread.error}")


def _check_somewhere(found: Gathered, users: tuple[str, ...]) -> None:
    """Raises DeclinedError for a user whom no account has. One that could not be read may."""
    if not found.is_whole:
        return
    for user in users:
        if not any(user == one.name for each in found.read for one in each.status.statuses):
            names = ", ".join(account.name for account in found.read)
            raise DeclinedError(f"{user!r} is not a managed user of any of these accounts: {names}")
