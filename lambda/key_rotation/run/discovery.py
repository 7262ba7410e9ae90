"""Whom a run must look at, the oldest keys first: read for all users at once where AWS allows it.

What cannot be read in bulk is read user by user. That is slower, and just as right.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..concurrent import map_concurrent
from ..domain.action import Decision
from ..domain.coverage import Coverage, coverage_of
from ..domain.credential_report import CredentialReport
from ..domain.credential_report import Row as ReportRow
from ..domain.model import ManagedUser, UserIds
from ..domain.overrides import limits_for
from ..domain.prefilter import may_need_attention
from ..domain.settings import Settings
from ..notify.coverage import ACCOUNT, coverage_rows
from ..notify.response import Row, describe, failure
from ..ports import Scan, World
from . import named_users
from .in_bulk import NEVER, by_report, read_in_bulk
from .payload import Payload, PayloadError

# No new user is started with less than this left on the Lambda's clock.
STOP_BEFORE_END = timedelta(seconds=60)

log = logging.getLogger("key_rotation")


@dataclass(frozen=True, slots=True)
class Found:
    """`users` must be looked at, the one with the oldest active key first, as far as it is known;
    `left_alone` need not. Both have the keys known so far: those of the report
    have no id, and may be older than it says. `scanned` is how many managed users the run is
    about; `unlisted` are the names of those whose keys are not known yet, or who may be managed;
    `rows` are for the report. `user_ids` are all users of the account, `coverage` is what is known
    of those who are not managed; None if the run is about some users only. `named_in_vain` are
    names in `users` that are no managed user's, and why."""

    users: tuple[ManagedUser, ...]
    left_alone: tuple[ManagedUser, ...]
    scanned: int
    unlisted: frozenset[str]
    rows: tuple[Row, ...]
    user_ids: UserIds | None
    coverage: Coverage | None
    named_in_vain: Mapping[str, str]


@dataclass
class Discovery:
    """One run's look at the account; `max_workers` users are read at a time, where it must be one
    by one."""

    world: World
    settings: Settings
    payload: Payload
    request_id: str
    max_workers: int
    _rows: list[Row] = field(default_factory=list)
    _left_alone: list[ManagedUser] = field(default_factory=list)
    _unlisted: set[str] = field(default_factory=set)

    def find(self) -> Found:
        """Raises DiscoveryError when the users could not all be listed, PayloadError when one that
        the payload names is not managed. (Of a request the others are served: it is in a row.)"""
        wanted = self.payload.named
        coverage, in_vain = None, dict[str, str]()
        if wanted is not None:
            scan = self.world.directory.scan(wanted)
            self._report_scan(scan, wanted)
            users = looked_at = self._named(scan, wanted)
        else:
            bulk = read_in_bulk(self.world)
            scan = bulk.scan
            if bulk.no_report is not None:
                why = describe(bulk.no_report)
                self._fall_back("no_credential_report", why, "keys are listed user by user")
            self._report_scan(scan, wanted)
            users = scan.managed
            in_vain = named_users.named_in_vain(self.settings, scan)
            limit, now = self.settings.max_key_age_days, self.world.clock.now()
            coverage = coverage_of(scan.others, bulk.report, limit, now)
            self._rows += named_users.rows(in_vain) + coverage_rows(coverage, self.settings)
            looked_at = (
                self._by_report(users, bulk.report) if bulk.report else self._one_by_one(users)
            )
        self._note_malformed_overrides(users)
        log.info("users found", extra={"managed": len(users), "looked_at": len(looked_at)})
        return Found(
            looked_at,
            tuple(self._left_alone),
            len(users),
            frozenset(self._unlisted),
            tuple(self._rows),
            _user_ids(scan) if wanted is None else None,
            coverage,
            in_vain,
        )

    # -- the users' tags ---------------------------------------------------------------------------

    def _named(self, scan: Scan, wanted: Collection[str]) -> tuple[ManagedUser, ...]:
        managed = {user.ref.name: user for user in scan.managed}
        tag = self.settings.user_tag
        for name in wanted:
            if name in scan.out_of_reach:
                barrier = scan.out_of_reach[name]
                what = f"is out of the function's reach, by the setting {barrier}"
                self._cannot_serve(name, "out_of_reach", what)
            elif name not in managed and name not in scan.unread:
                what = (
                    "is not an IAM user of this account that carries the tag "
                    f"{tag.key} = {tag.value}"
                )
                self._cannot_serve(name, "not_managed", what)
        return tuple(managed[name] for name in wanted if name in managed)

    def _cannot_serve(self, name: str, reason: str, what: str) -> None:
        if self.payload.rotate is None:
            raise PayloadError(f"user {name!r} of the payload {what}")
        detail = f"not rotated: user {name!r} {what}"
        self._rows.append(Row(name, "report", reason, None, detail))

    def _report_scan(self, scan: Scan, wanted: Collection[str] | None) -> None:
        if scan.one_by_one is not None:
            self._fall_back("no_bulk_read", scan.one_by_one, "users are read one by one")
        self._unlisted.update(scan.unread)
        for name, error in sorted(scan.unread.items()):
            self._fail(name, error, "the user's tags could not be read: ")
        tag = self.settings.user_tag
        for name, value in sorted(scan.unexpected.items()):
            if wanted is None:
                detail = f"the tag {tag.key} is {value!r}, not {tag.value!r}: left alone"
                self._rows.append(Row(name, "report", "unexpected_tag_value", None, detail))

        for name, setting in sorted(scan.out_of_reach.items()):
            if wanted is None:
                detail = f"the user is tagged, but {setting} keeps the function away: left alone"
                self._rows.append(Row(name, "report", "out_of_reach", None, detail))

    def _note_malformed_overrides(self, users: Sequence[ManagedUser]) -> None:
        for user in users:
            for problem in limits_for(user.tags, self.settings).malformed:
                detail = f"override tag ignored: {problem}"
                self._rows.append(Row(user.ref.name, "report", "malformed_override", None, detail))

    # -- the users' keys ---------------------------------------------------------------------------

    def _by_report(
        self, users: Sequence[ManagedUser], report: CredentialReport
    ) -> tuple[ManagedUser, ...]:
        now = self.world.clock.now()

        def may_need(user: ManagedUser, row: ReportRow | None) -> bool:
            return may_need_attention(user, row, self.settings, now)

        found = by_report(users, report, may_need)
        self._left_alone += found.left_alone
        self._unlisted |= found.unlisted
        return found.looked_at

    def _one_by_one(self, users: Sequence[ManagedUser]) -> tuple[ManagedUser, ...]:
        """By listing every user's keys. In another order at each run: who was not reached must
        not be the last again."""

        def drawn(user: ManagedUser) -> bytes:
            return hashlib.sha256(f"{self.request_id} {user.ref.name}".encode()).digest()

        users = sorted(users, key=drawn)
        looked_at = []
        for user, listed in zip(
            users, map_concurrent(self._with_keys, users, self.max_workers), strict=True
        ):
            if isinstance(listed, Exception):
                self._fail(user.ref.name, listed)
            elif listed is not None:
                looked_at.append(listed)
        return tuple(sorted(looked_at, key=_oldest_active_key))

    def _with_keys(self, user: ManagedUser) -> ManagedUser | Exception | None:
        """The user with its keys, if they are a reason to look further."""
        if self.world.clock.remaining() < STOP_BEFORE_END:
            self._unlisted.add(user.ref.name)
            return user  # which then is deferred
        try:
            user = replace(user, keys=self.world.directory.keys(user.ref))
        except Exception as error:
            self._unlisted.add(user.ref.name)
            return user if self.world.is_throttle(error) else error
        from ..domain.policy import decide  # where the credential report does not do

        try:
            outcome = decide(user, self.settings, self.world.clock.now())
        except Exception as error:  # a fault of ours: it must not hide the other users
            self._unlisted.add(user.ref.name)
            return error
        if isinstance(outcome, Decision) and not outcome.actions:
            self._left_alone.append(user)
            return None
        return user

    def _fail(self, name: str, error: Exception, what: str = "") -> None:
        self._rows.append(failure(name, "error", error, what))

    def _fall_back(self, reason: str, why: str, instead: str) -> None:
        detail = f"{instead}: {why}"
        self._rows.append(Row(ACCOUNT, "report", reason, None, detail))
        log.warning("read one by one", extra={"reason": reason, "detail": detail})


def _user_ids(scan: Scan) -> UserIds:
    managed = frozenset(user.ref.id for user in scan.managed)
    unmanaged = frozenset() if scan.unread else frozenset(scan.users) - managed
    return UserIds(scan.users, managed, unmanaged)


def _oldest_active_key(user: ManagedUser) -> tuple[datetime, str]:
    created = [key.created for key in user.keys if key.is_active]
    return min(created, default=NEVER), user.ref.name
