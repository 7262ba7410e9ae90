"""The map of accounts, accounts.auto.tfvars.json: what it takes to reach them.

Terraform checks the rest. `key-rotation status --accounts` reads the same file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNTS = "accounts.auto.tfvars.json"
_ID = re.compile(r"[0-9]{12}")
# Each is a workspace and the name of a file, so it holds nothing that either would read otherwise.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,89}")


class RefusalError(Exception):
    """Nothing was begun. The text says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class AccountMap:
    """The ids of the accounts by name, sorted, and the name of the central one."""

    file: Path
    ids: Mapping[str, str]
    central: str

    def chosen(self, only: str | None) -> list[str]:
        """The accounts of a list with commas; None: all. Raises RefusalError, which names one that
        is not in the map."""
        if only is None:
            return list(self.ids)
        names = [name.strip() for name in only.split(",")]
        for name in names:
            if name not in self.ids:
                known = ", ".join(self.ids)
                raise RefusalError(
                    f"--only: there is no account {name!r} in {self.file}; known: {known}"
                )
        return sorted(set(names))


def read_map(folder: Path) -> AccountMap:
    """The map in a folder. Raises RefusalError, which names the file, the account and the field."""
    file = folder / ACCOUNTS
    settings = _read(file)
    accounts = settings.get("accounts")
    if not isinstance(accounts, dict) or not accounts:
        raise RefusalError(
            f"{file} needs accounts: a map from names to objects such as "
            '{"shop": {"id": "444455556666"}}'
        )
    ids = {name: _id(file, name, accounts[name]) for name in sorted(accounts)}
    owners: dict[str, str] = {}
    for name, account_id in ids.items():
        other = owners.setdefault(account_id, name)
        if other != name:
            raise RefusalError(f"{file}: accounts.{name}.id: {other} has the same id")
    central = settings.get("central_account")
    if central is None:
        raise RefusalError(f"{file} needs central_account: the name of an account")
    if central not in ids:
        raise RefusalError(f"{file}: central_account: there is no account {central!r}")
    return AccountMap(file, ids, central)


def _read(file: Path) -> dict[str, Any]:
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RefusalError(
            f"{file}: No such file or directory. --folder names the folder of the root module, "
            "which has the map of accounts"
        ) from None
    except OSError as error:
        raise RefusalError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise RefusalError(f"{file}: not JSON: {error}") from None
    if not isinstance(settings, dict):
        raise RefusalError(f"{file}: not a JSON object: it needs accounts, a map from names")
    return settings


def _id(file: Path, name: str, account: object) -> str:
    if not _NAME.fullmatch(name):
        raise RefusalError(
            f"{file}: accounts: {name!r} cannot be the name of a workspace: use letters, digits, "
            "_, - and ., and none of the last two at the beginning"
        )
    if name == "default":
        raise RefusalError(
            f"{file}: accounts: 'default' is a workspace that Terraform has of its own: choose "
            "another name"
        )
    if not isinstance(account, dict) or "id" not in account:
        raise RefusalError(
            f'{file}: accounts.{name}: must be an object with an id: {{"id": "444455556666"}}'
        )
    account_id = account["id"]
    if not isinstance(account_id, str) or not _ID.fullmatch(account_id):
        raise RefusalError(
            f"{file}: accounts.{name}.id: must be the 12 digits of an AWS account, as a string"
        )
    return account_id
