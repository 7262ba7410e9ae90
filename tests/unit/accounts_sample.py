"""Accounts that never were, side by side: one is compliant, one is not, one could not be read.

`python -m tests.unit.accounts_sample FILE` writes their report, to look at.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from key_rotation_cli.account import AccountStatus
from key_rotation_cli.accounts.gather import Gathered, ReadAccount, UnreadAccount
from key_rotation_cli.accounts.report import page
from tests.unit.builders import NOW, key, user
from tests.unit.sample import account_status, excerpt, nobodys, sample, status

REFUSED = (
    "arn:aws:iam::777788889999:role/terraform cannot be assumed: ClientError: An error occurred "
    "(AccessDenied) when calling the AssumeRole operation: not authorized"
)


def gathered() -> Gathered:
    """Those that docs/cli.md shows."""
    security = account_status(status("backup", user(key("AKIA57A6E9CDEXAMPLE", 12))))
    few = [each for each in excerpt().statuses if each.name in ("ana", "nightly-etl", "robot")]
    return Gathered(
        NOW,
        (
            _read("security", "111122223333", security),
            _read("shop", "444455556666", account_status(*few)),
        ),
        (UnreadAccount("warehouse", "777788889999", REFUSED),),
    )


def whole(compliant: bool = False) -> Gathered:
    """Two accounts with every situation, both read."""
    return Gathered(
        NOW,
        (
            _read("security", "111122223333", sample(compliant=True)),
            _read("shop", "444455556666", sample(compliant)),
        ),
        (),
    )


def _read(name: str, account_id: str, found: AccountStatus) -> ReadAccount:
    return ReadAccount(name, replace(found, account_id=account_id), nobodys(found))


if __name__ == "__main__":
    found = replace(whole(), unread=gathered().unread)
    Path(sys.argv[1]).write_text(page(found), encoding="utf-8")
