"""What must be so of a key that nobody uses: warned about, and disabled no earlier than said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from key_rotation.domain.model import AccessKey, ManagedUser
from key_rotation.domain.overrides import limits_for
from key_rotation.domain.settings import Settings
from tests.unit.builders import time_of

_A_RUN = timedelta(hours=1)  # it may warn the owner, and tell the operators of that


@dataclass
class UnusedKeys:
    """What was said of one user's keys. `warned`: when somebody was last warned that the key goes
    if it is not used. `named`: such warnings, until something moves the end that they named."""

    warned: dict[str, datetime] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def forget_warnings(self) -> None:
        """Somebody changed what decides about the end of unused keys, or the records."""
        self.named.clear()

    def broken_by_warning(
        self, user: ManagedUser, key_id: str, settings: Settings, now: datetime
    ) -> Iterator[str]:
        """What a warning breaks that is sent now."""
        limits = limits_for(user.tags, settings)
        [key] = [key for key in user.keys if key.id == key_id]
        least = timedelta(days=limits.disable_unused_after_days) - _ahead(settings)
        if now - _used(user, key) < least:
            yield f"{key_id} was warned about, though it was used {now - _used(user, key)} ago"
        last = self.warned.get(key_id, key.created)
        is_soon = _A_RUN < now - last < _ahead(settings) and last > _used(user, key)
        if is_soon and key_id in self.named:
            yield f"{user.ref.name} was warned twice that {key_id} is not used"
        self.named.add(key_id)

    def broken_by_end(
        self, user: ManagedUser, key: AccessKey, settings: Settings, now: datetime
    ) -> Iterator[str]:
        """What it breaks that this key, the last one to be active, is disabled now."""
        days = limits_for(user.tags, settings).disable_unused_after_days
        unused = now - _used(user, key)
        if not days or unused < timedelta(days=days):
            yield f"{key.id} was disabled as unused, and was used {unused} ago"
        warned = self.warned.get(key.id)
        if warned is None or now - warned < _ahead(settings) or warned <= _used(user, key):
            yield f"{key.id} was disabled as unused, and its owner was warned at {warned} only"


def _used(user: ManagedUser, key: AccessKey) -> datetime:
    """The last use, as it really is, or the creation."""
    used = time_of((user.last_used or {}).get(key.id))
    return max(key.created, used or key.created)


def _ahead(settings: Settings) -> timedelta:
    return timedelta(days=max(1, settings.warn_before_days))
