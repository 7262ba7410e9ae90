"""The users that a command was asked for by name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from key_rotation.domain.settings import Settings
from key_rotation.ports import Scan

from .exits import DeclinedError


def check_managed(settings: Settings, scan: Scan, names: Collection[str]) -> None:
    """Raises DeclinedError for a name that is no managed user's, or whose user is out of reach. One
    whose tags could not be read may be."""
    managed = {user.ref.name for user in scan.managed}
    for name in names:
        if name in managed or name in scan.unread:
            continue
        if name in scan.out_of_reach:
            barrier = scan.out_of_reach[name]
            raise DeclinedError(
                f"{name!r} is out of the function's reach, by the setting {barrier}"
            )
        tag = settings.user_tag
        twin = next((each for each in sorted(managed) if each.lower() == name.lower()), None)
        hint = "" if twin is None else f" (but {twin!r} is)"
        raise DeclinedError(
            f"{name!r} is not an IAM user of this account that carries the tag "
            f"{tag.key} = {tag.value}{hint}"
        )


def only_these(scan: Scan, names: Collection[str]) -> Scan:
    """The scan without any other users."""
    return replace(
        scan,
        managed=tuple(user for user in scan.managed if user.ref.name in names),
        unread={name: error for name, error in scan.unread.items() if name in names},
    )
