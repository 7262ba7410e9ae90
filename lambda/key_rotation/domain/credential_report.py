"""The account's keys at a glance: what IAM's credential report says of each user.

It is up to 4 hours old and names no keys. Its `last_rotated` is when a key was created **or last
switched on**, so a key may be older than it says. Good for telling who need not be looked at today
(`prefilter.py`), never a ground to change anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """One of a user's two places for keys; which of two keys is in which says nothing of age.

    `last_rotated` may be None for a key that is not active, `last_used` is for one never used.
    """

    active: bool = False
    last_rotated: datetime | None = None
    last_used: datetime | None = None

    @property
    def seems_taken(self) -> bool:
        """Whether anything shows that there is a key, active or not."""
        return self.active or self.last_rotated is not None or self.last_used is not None


@dataclass(frozen=True, slots=True)
class Row:
    """One user of the report; `user_created` differs for a predecessor of the same name.
    `has_password`: a console password, None if the report does not say."""

    user_created: datetime
    slots: tuple[Slot, Slot]
    has_password: bool | None = None

    @property
    def oldest_active(self) -> datetime | None:
        """Since when the key that was active for longest is active, as far as the report says."""
        since = [slot.last_rotated for slot in self.slots if slot.active and slot.last_rotated]
        return min(since, default=None)

    @property
    def last_begin(self) -> datetime | None:
        """When an active key was last created or switched on, as far as the report says."""
        since = [slot.last_rotated for slot in self.slots if slot.active and slot.last_rotated]
        return max(since, default=None)

    @property
    def last_use(self) -> datetime | None:
        """When an active key was last used, as far as the report says."""
        return max(
            (slot.last_used for slot in self.slots if slot.active and slot.last_used), default=None
        )


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """A credential report: its rows by user name, as of `generated`."""

    generated: datetime
    rows: Mapping[str, Row]
