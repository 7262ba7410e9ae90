"""How old the managed users' keys are: the gauges that say whether the account is compliant.

Standard library and our own data only. Whatever knows of a user's keys can feed them; of a key only
its status and its creation date are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ..domain.model import ManagedUser
from ..domain.overrides import limits_for
from ..domain.settings import Settings
from .response import Measure


def gauges(users: Iterable[ManagedUser], settings: Settings, now: datetime) -> list[Measure]:
    """The age of the oldest active key, 0 without one, and how many are older than allowed.

    A user's own limit counts, where a tag sets one.
    """
    oldest, over_limit = timedelta(0), 0
    for user in users:
        limit = timedelta(days=limits_for(user.tags, settings).max_key_age_days)
        for key in user.keys:
            if key.is_active:
                age = now - key.created
                oldest = max(oldest, age)
                over_limit += age > limit
    return [
        Measure("OldestActiveKeyDays", oldest / timedelta(days=1), "None"),
        Measure("KeysOverLimit", over_limit),
    ]
