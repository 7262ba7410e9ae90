"""The status of all accounts for programs: as JSON, and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from .. import status_document as of_one
from ..hand_over import iso
from ..selection import EVERYBODY, Selection
from .gather import Gathered, ReadAccount
from .summary import counts_of, total

COLUMNS = ("account", "account_id", *of_one.COLUMNS)


def as_document(found: Gathered, selection: Selection = EVERYBODY) -> dict[str, Any]:
    """The accounts as JSON, each as its own document has it; docs/cli.md describes it."""
    return {
        "at": iso(found.at),
        "accounts": [_account(account, selection) for account in found.read],
        "unread_accounts": [
            {"account": unread.name, "account_id": unread.id, "error": unread.error}
            for unread in found.unread
        ],
        "total": asdict(total(counts_of(account) for account in found.read)),
    }


def _account(account: ReadAccount, selection: Selection) -> dict[str, Any]:
    document = of_one.as_document(account.status, account.administrators, selection)
    users = [{"account": account.name, **user} for user in document.pop("users")]
    counts = asdict(counts_of(account))
    return {"account": account.name, **document, "counts": counts, "users": users}


def csv_rows(found: Gathered, selection: Selection = EVERYBODY) -> Iterator[list[Any]]:
    """The rows of each account, and one for an account that could not be read."""
    for account in found.unread:
        row = dict.fromkeys(COLUMNS) | {"account": account.name, "account_id": account.id}
        yield list((row | {"state": "unread", "reason": account.error}).values())
    for each in found.read:
        for cells in of_one.csv_rows(each.status, each.administrators, selection):
            yield [each.name, each.id, *cells]
