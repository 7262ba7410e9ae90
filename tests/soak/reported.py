"""The credential report dates a key by when it was made or last switched on, as AWS's does: moto's
knows of the making alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.iam.models import User


def note_switched_on(key: Any, at: datetime) -> None:
    """Somebody did so with this key of moto's."""
    vars(key)["switched_on"] = at.replace(tzinfo=None)


_to_csv = User.to_csv


def _with_switched_on(user: User) -> str:
    made = [(key, key.create_date) for key in user.access_keys]
    for key, date in made:
        key.create_date = vars(key).get("switched_on", date)
    try:
        return _to_csv(user)
    finally:
        for key, date in made:
            key.create_date = date


User.to_csv = _with_switched_on  # type: ignore[assignment, method-assign]
