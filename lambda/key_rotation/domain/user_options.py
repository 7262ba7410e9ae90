"""What the entries of `users` say of single users.

Terraform writes them as JSON in chunks, each a parameter; `variables.tf` refuses wrong entries at
plan time, and here they are parsed again. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any

from .parsing import json_of, principals


@dataclass(frozen=True, slots=True)
class UserOptions:
    """The options of one user. `reader_arns` may read this user's secret, as those of the setting
    `secret_reader_arns` may. `first_key`: the function makes the user's first key. `smtp_regions`
    are the regions for which the secret holds a password of the SMTP interface of Amazon SES."""

    reader_arns: tuple[str, ...] = ()
    first_key: bool = False
    smtp_regions: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the options that the user has."""
        return tuple(sorted(each.name for each in fields(self) if getattr(self, each.name)))


_USER_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")  # IAM's own alphabet
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")

# What the parameters with the names of all users begin with, among those of the settings.
NAMES = "user_names-"
# Of more chunks than these, the marks do not fit into a parameter of 4 KB.
_MARKED = 250


def options_sha256(chunks: Mapping[str, str]) -> str:
    """The SHA-256 of all chunks together, by the last segment of their parameters' names. Behind
    it a mark of each, "<name>:<first 8 digits of its own>": so an error can name the parameter.

    settings.tf has the same: of a line "<sha256 of the value>  <name>" for each, sorted by name.
    """
    hashes = _hashes(chunks)
    lines = "".join(f"{found}  {name}\n" for name, found in hashes.items())
    marks = [f"{name}:{found[:8]}" for name, found in hashes.items() if len(hashes) <= _MARKED]
    return " ".join([sha256(lines.encode()).hexdigest(), *marks])


def not_as_written(chunks: Mapping[str, str], written: str, path: str) -> str | None:
    """What is wrong with the chunks found under `path`, in words, if `options_sha256` was `written`
    of others."""
    if options_sha256(chunks) == written:
        return None
    marks = dict(mark.split(":") for mark in written.split()[1:])
    hashes = _hashes(chunks)
    wrong = [f"{path}/{name} is missing" for name in marks if name not in hashes]
    for name, found in hashes.items() if marks else ():
        if name not in marks:
            wrong.append(f"{path}/{name} was added")
        elif not found.startswith(marks[name]):
            wrong.append(f"{path}/{name} was changed")
    return ", ".join(wrong[:5]) or "one is missing, was added, or was changed"


def _hashes(chunks: Mapping[str, str]) -> dict[str, str]:
    return {name: sha256(chunks[name].encode()).hexdigest() for name in sorted(chunks)}


NO_OPTIONS = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of no chunk


def parse_user_options(chunks: Mapping[str, str], path: str) -> dict[str, UserOptions]:
    """The options by user name, from the parameters under `path`.

    Raises ValueError naming the parameter, the user and the option at fault.
    """
    found: dict[str, UserOptions] = {}
    for name, text in sorted(chunks.items()):
        for user, entry in _users(text, f"parameter {path}/{name}").items():
            where = f"parameter {path}/{name}, user {user!r}:"
            if not _USER_NAME.fullmatch(user):
                raise ValueError(f"{where} that is not the name of an IAM user")
            if user in found:
                raise ValueError(f"{where} the user is there twice")
            found[user] = _options(entry, where)
    return found


def parse_user_names(parameters: Mapping[str, str], path: str) -> dict[str, bool]:
    """The names in `users`, and whether the entry has an address, from those of the parameters
    under `path` that hold them. They decide nothing, so nobody pins them.

    Raises ValueError naming the parameter at fault.
    """
    found: dict[str, bool] = {}
    for name, text in sorted(parameters.items()):
        if name.startswith(NAMES):
            where = f"parameter {path}/{name}"
            for user, has_address in _users(text, where).items():
                if not _USER_NAME.fullmatch(user) or not isinstance(has_address, bool):
                    raise ValueError(f"{where} must map names of IAM users to true or false")
                found[user] = has_address
    return found


def _users(text: str, where: str) -> dict[str, Any]:
    try:
        users: dict[str, Any] = json_of(text, dict, "an object of users")
    except ValueError as error:
        raise ValueError(f"{where} {error}") from None
    return users


def _options(entry: object, where: str) -> UserOptions:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} must be an object of options, not {entry!r}")
    for option in entry:
        if option not in _PARSERS:
            raise ValueError(
                f"{where} there is no option {option!r}. Options are: {', '.join(_PARSERS)}"
            )
    values: dict[str, Any] = {}
    for option, value in entry.items():
        try:
            values[option] = _PARSERS[option](value)
        except ValueError as error:
            raise ValueError(f"{where} {option} {error}") from None
    return UserOptions(**values)


def _readers(value: object) -> tuple[str, ...]:
    return principals(_list(value, "ARNs"))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def _regions(value: object) -> tuple[str, ...]:
    regions = _list(value, "regions")
    for region in regions:
        if not isinstance(region, str) or not _REGION.fullmatch(region):
            raise ValueError(f"holds {region!r}, which is not a region such as 'eu-west-1'")
    return tuple(str(region) for region in regions)


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"must be a list of {what}, not {value!r}")
    return value


_PARSERS: dict[str, Callable[[object], Any]] = {
    "first_key": _flag,
    "reader_arns": _readers,
    "smtp_regions": _regions,
}
