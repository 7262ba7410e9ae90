"""Who has active keys that nobody rotates: the users who are not managed, by the credential report.

The report is up to 4 hours old. A user whom it cannot know yet counts when the next one does; what
could not be read makes the number unknown, never smaller. Nothing is changed on this ground.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .credential_report import CredentialReport, Row, Slot

# A key is new until the digest of each week has had the chance to say so: a week, and what the
# reports of the two runs may differ in age.
NEW_FOR = timedelta(days=7, hours=6)
# IAM may show a user later than it dates them, and clocks differ.
_SEEN_AFTER = timedelta(hours=1)
_NAMED = 5


class NotManaged(StrEnum):
    """Why a user is not managed."""

    NO_TAG = "not_tagged"
    UNEXPECTED_TAG_VALUE = "unexpected_tag_value"
    OUT_OF_REACH = "out_of_reach"
    TAGS_UNREAD = "tags_unread"  # they may be managed


@dataclass(frozen=True, slots=True)
class OtherUser:
    """A user who is not managed; `exempt`: they carry `coverage_exempt_tag`, None if not known."""

    name: str
    created: datetime
    why: NotManaged
    exempt: bool | None = False


@dataclass(frozen=True, slots=True)
class UnmanagedUser:
    """A user who is not managed and has active keys.

    `keys` of them are active, `over_limit` of these older than `max_key_age_days`. The oldest is
    active since `since` at least: it may be older. `last_used` is None if no key was ever used.
    `is_new`: the user was created, or a key created or switched on, in the last days.
    """

    name: str
    why: NotManaged
    keys: int
    since: datetime
    last_used: datetime | None
    over_limit: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """The users who are not managed and have active keys, the new ones first, then by age.

    `exempt` is how many more are exempt. `unknown` says what could not be read: then there may be
    others. None if these are all; `not_in_report` are the users who are too young for the report.
    """

    users: tuple[UnmanagedUser, ...] = ()
    exempt: int = 0
    not_in_report: tuple[str, ...] = ()
    unknown: str | None = None

    @property
    def is_known(self) -> bool:
        return self.unknown is None

    @property
    def keys_over_limit(self) -> int:
        return sum(user.over_limit for user in self.users)


def coverage_of(
    others: Iterable[OtherUser],
    report: CredentialReport | None,
    max_key_age_days: int,
    now: datetime,
) -> Coverage:
    """What is known of those who are not managed; `report` is None if it could not be read."""
    if report is None:
        return Coverage(unknown="the credential report could not be read")
    limit = timedelta(days=max_key_age_days)
    users, exempt = list[UnmanagedUser](), 0
    young, missing, untold = list[str](), list[str](), list[str]()
    for other in sorted(others, key=lambda each: each.name):
        row = report.rows.get(other.name)
        if row is None or row.user_created != other.created:  # of a predecessor, if any
            is_young = other.created > report.generated - _SEEN_AFTER
            if not other.exempt:
                (young if is_young else missing).append(other.name)
            continue
        active = [slot for slot in row.slots if slot.active]
        if not active:
            continue
        if other.exempt is None:
            untold.append(other.name)
        elif other.exempt:
            exempt += 1
        else:
            users.append(_unmanaged(other, row, active, limit, now))
    users.sort(key=lambda user: (not user.is_new, user.since, user.name))
    unknown = [
        f"the tags of {_listed(untold)} could not be read" if untold else "",
        f"the credential report lacks {_listed(missing)}" if missing else "",
    ]
    return Coverage(tuple(users), exempt, tuple(young), "; ".join(filter(None, unknown)) or None)


def _unmanaged(
    other: OtherUser, row: Row, active: Sequence[Slot], limit: timedelta, now: datetime
) -> UnmanagedUser:
    since = [_since(slot, row.user_created) for slot in active]
    begun = [other.created, *(slot.last_rotated for slot in active if slot.last_rotated)]
    return UnmanagedUser(
        other.name,
        other.why,
        len(active),
        min(since),
        max((slot.last_used for slot in active if slot.last_used), default=None),
        sum(now - time > limit for time in since),
        now - max(begun) <= NEW_FOR,
    )


def _since(slot: Slot, user_created: datetime) -> datetime:
    """Since when a key is there at least. One that was used before it was switched on is older; one
    without a date may be as old as its user."""
    dates = [time for time in (slot.last_rotated, slot.last_used) if time]
    return min(dates) if slot.last_rotated else user_created


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
