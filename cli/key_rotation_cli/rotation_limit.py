"""Whose rotation is put off by `max_rotations_per_run`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from key_rotation.domain.action import Verb
from key_rotation.domain.settings import Settings

from .account import AccountStatus, UserStatus

_NAMED = 10
_NEVER = datetime.max.replace(tzinfo=UTC)


def put_off(found: AccountStatus) -> list[UserStatus]:
    """Whom the next run leaves to a later one, the oldest active key first, as the function has it.
    Nobody if only some users were read: the others count, too."""
    limit = found.settings.max_rotations_per_run
    if not limit or found.only:
        return []
    due = [status for status in found.statuses if _is_due(status)]
    return sorted(due, key=_oldest_active_key)[limit:]


def limited(settings: Settings, due: int, names: Sequence[str]) -> list[str]:
    """That the limit puts off these of so many who are due, in a sentence."""
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [
        f"max_rotations_per_run is {settings.max_rotations_per_run}: {len(names)} of {due} "
        "rotations that are due wait for a later run, the oldest keys first: "
        f"{', '.join(names[:_NAMED])}{more}"
    ]


def limit_of(found: AccountStatus) -> list[str]:
    """The same, of an account."""
    names = [status.name for status in put_off(found)]
    return limited(found.settings, sum(map(_is_due, found.statuses)), names)


def _is_due(status: UserStatus) -> bool:
    return any(action.verb is Verb.ROTATE for action in status.forecast.present.actions)


def _oldest_active_key(status: UserStatus) -> tuple[datetime, str]:
    created = [key.created for key in status.keys if key.is_active]
    return min(created, default=_NEVER), status.name
