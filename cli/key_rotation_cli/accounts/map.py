"""The map of accounts: examples/multi-account's accounts.auto.tfvars.json, as Terraform reads it.

scripts/accounts has a reading of its own, since it runs where this package is not installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# As examples/multi-account/variables.tf has them: all variables, those of an entry, the defaults.
VARIABLES = (
    *("accounts", "central_account", "central_emails", "name", "operator_emails", "region"),
    "role_name",
)
FIELDS = ("dry_run", "id", "max_key_age_days", "operator_emails", "users")
DEFAULTS = {"name": "access-key-rotation", "region": "eu-west-1", "role_name": "terraform"}

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
# A role may have a path. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
ROLE_NAME = re.compile(r"([\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}", re.ASCII)
_SHAPES = {
    "name": re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,47}"),
    "region": re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+"),
    "role_name": ROLE_NAME,
}


class AccountMapError(ValueError):
    """The map cannot be used; the text names the file, the account and the field."""


@dataclass(frozen=True)
class AccountMap:
    """The ids of the accounts by name, sorted, and what all of them have in common.

    `central` is None if the map names no central account. `unknown` are the fields that the example
    has no variable for, such as `accounts.shop.max_age`.
    """

    file: Path
    ids: Mapping[str, str]
    central: str | None
    name: str
    region: str
    role_name: str
    unknown: Sequence[str] = ()

    def chosen(self, only: str | None) -> list[str]:
        """The accounts of a list with commas; None: all. Raises AccountMapError naming one that is
        not in the map."""
        if only is None:
            return list(self.ids)
        names = [name.strip() for name in only.split(",")]
        for name in names:
            if name not in self.ids:
                known = ", ".join(self.ids)
                raise AccountMapError(f"--only: there is no account {name!r}; known: {known}")
        return list(dict.fromkeys(names))

    def refuse_unknown(self) -> None:
        """Raises AccountMapError if there is a field that nothing reads: a typing error, mostly."""
        if self.unknown:
            raise AccountMapError(
                f"{self.file}: there is no field {', '.join(self.unknown)}; known are "
                f"{', '.join(VARIABLES)}, and in an account {', '.join(FIELDS)}"
            )


def read_map(file: Path) -> AccountMap:
    """The map in a file. Raises AccountMapError.

    Only what is needed to reach the accounts is checked: Terraform checks the rest.
    """
    settings = _read(file)
    accounts = settings.get("accounts")
    if not isinstance(accounts, dict) or not accounts:
        raise AccountMapError(
            f"{file} needs accounts: a map from names to objects such as "
            '{"shop": {"id": "444455556666"}}'
        )
    ids = {name: _id(file, name, accounts[name]) for name in sorted(accounts)}
    _refuse_twins(file, ids)
    central = settings.get("central_account")
    if central is not None and central not in ids:
        raise AccountMapError(f"{file}: central_account: there is no account {central!r}")
    common = {name: _text(file, name, settings.get(name)) for name in DEFAULTS}
    return AccountMap(file, ids, central, **common, unknown=_unknown(settings, accounts))


def _read(file: Path) -> dict[str, Any]:
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AccountMapError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise AccountMapError(f"{file}: not JSON: {error}") from None
    if not isinstance(settings, dict):
        raise AccountMapError(f"{file}: not a JSON object: it needs accounts, a map from names")
    return settings


def _id(file: Path, name: str, account: object) -> str:
    if not isinstance(account, dict) or "id" not in account:
        raise AccountMapError(
            f'{file}: accounts.{name}: must be an object with an id: {{"id": "444455556666"}}'
        )
    account_id = account["id"]
    if not isinstance(account_id, str) or not _ACCOUNT_ID.fullmatch(account_id):
        raise AccountMapError(
            f"{file}: accounts.{name}.id: must be the 12 digits of an AWS account, as a string"
        )
    return account_id


def _refuse_twins(file: Path, ids: Mapping[str, str]) -> None:
    owners: dict[str, str] = {}
    for name, account_id in ids.items():
        if account_id in owners:
            raise AccountMapError(
                f"{file}: accounts.{name}.id: {owners[account_id]} has the same id"
            )
        owners[account_id] = name


def _text(file: Path, field: str, value: object) -> str:
    """A field of the whole map; as in Terraform, null is the same as none."""
    if value is None:
        return DEFAULTS[field]
    if not isinstance(value, str) or not _SHAPES[field].fullmatch(value):
        raise AccountMapError(
            f"{file}: {field}: {value!r} cannot be a {field.replace('_', ' ')}; without the field "
            f"it is {DEFAULTS[field]!r}"
        )
    return value


def _unknown(settings: Mapping[str, Any], accounts: Mapping[str, Any]) -> list[str]:
    return [name for name in settings if name not in VARIABLES] + [
        f"accounts.{name}.{field}"
        for name, account in accounts.items()
        for field in account
        if field not in FIELDS
    ]
