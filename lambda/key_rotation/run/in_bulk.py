"""The account in bulk: all users' tags, and what the credential report says of their keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..domain.credential_report import CredentialReport, Row
from ..domain.model import AccessKey, KeyStatus, ManagedUser
from ..ports import Scan, World

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class InBulk:
    """All users of the account, and its credential report; None if there is none, with the reason
    in `no_report`. It is read if nobody is managed, too: it knows who has keys all the same."""

    scan: Scan
    report: CredentialReport | None = None
    no_report: Exception | None = None


@dataclass(frozen=True, slots=True)
class ByReport:
    """The managed users, sorted out by the credential report, with the keys that it knows.

    `looked_at` may need attention, the one with the oldest active key first; `left_alone` do not.
    `unlisted` are the names of those of whom the report says nothing.
    """

    looked_at: tuple[ManagedUser, ...]
    left_alone: tuple[ManagedUser, ...]
    unlisted: frozenset[str]


def read_in_bulk(world: World) -> InBulk:
    """The report is requested first, so that it is made while the users are listed. Raises
    DiscoveryError when the users could not all be listed."""
    try:
        world.credential_reports.request()
        no_report = None
    except Exception as error:
        no_report = error
    scan = world.directory.scan()
    if no_report is not None:
        return InBulk(scan, None, no_report)
    try:
        return InBulk(scan, world.credential_reports.read())
    except Exception as error:
        return InBulk(scan, None, error)


def by_report(
    users: Sequence[ManagedUser],
    report: CredentialReport,
    needs_a_look: Callable[[ManagedUser, Row | None], bool],
) -> ByReport:
    """Who is read one by one, and who is not."""
    looked_at, left_alone, unlisted = [], [], set()
    for user in users:
        row = report.rows.get(user.ref.name)
        if row is None:
            unlisted.add(user.ref.name)
        else:
            user = replace(
                user,
                keys=_reported_keys(row),
                reported_use=row.last_use,
                reported_begin=row.last_begin,
            )
        if needs_a_look(user, row):
            since = row.oldest_active or NEVER if row else NEVER
            looked_at.append((since, user.ref.name, user))
        else:
            left_alone.append(user)
    looked_at.sort(key=lambda entry: entry[:2])
    return ByReport(tuple(user for _, _, user in looked_at), tuple(left_alone), frozenset(unlisted))


def _reported_keys(row: Row) -> tuple[AccessKey, ...]:
    return tuple(
        AccessKey("", KeyStatus.ACTIVE, slot.last_rotated)
        for slot in row.slots
        if slot.active and slot.last_rotated
    )
