"""One run: find the users, process them, run housekeeping, notify the operators, send events and
metrics, return the report.

`discovery.py` finds whom to look at, `user_runs.py` serves them side by side, `apply.py` carries
out the decision on one of them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ..domain.model import Event
from ..domain.settings import Settings, SettingsError
from ..notify.coverage import coverage_measures
from ..notify.digest import DigestLine, digest
from ..notify.metrics import gauges
from ..notify.response import Report, RotationFailedError, Row, failure
from ..ports import World
from .discovery import Discovery, Found
from .event_buffer import EventBuffer
from .payload import Payload
from .weekly import is_check_of_secrets_due, is_weekly

if TYPE_CHECKING:
    from .user_runs import UserRun, UserRuns

_OPERATORS = "(operators)"

log = logging.getLogger("key_rotation")


class Rotation:
    """One run over the managed users; `request_id` names it in the records, and `access_changed_at`
    is when somebody last wrote a setting that decides who can read.

    At most `max_workers` users are read, or worked on, at a time. Those worked on are capped at
    `max_iam_writes_per_second`, too, so that no thread waits long for the rate limiter.
    """

    def __init__(
        self,
        world: World,
        settings: Settings,
        payload: Payload,
        request_id: str,
        max_workers: int = 1,
        access_changed_at: datetime | None = None,
    ) -> None:
        self._access_changed_at = access_changed_at
        self._world = world
        self._settings = settings
        self._payload = payload
        self._request_id = request_id
        self._dry_run = settings.dry_run or payload.dry_run
        self._dry_run_requested = payload.dry_run
        self._max_readers = max_workers
        self._events = EventBuffer(world.bus)
        self._rows: list[Row] = []

    def run(self) -> Report:
        """The report of what was done.

        Raises RotationFailedError at the end, when everything else was done, if a user, the digest,
        the events, housekeeping or the metrics failed. Raises PayloadError or DiscoveryError before
        the first change. SettingsError comes first, too, with one exception: AWS may reject
        a principal of `secret_reader_arns` while users are processed. Then the digest is sent, but
        no report is logged and no metrics are sent.
        """
        started_at = self._world.clock.now()
        found = self._find()
        runs = self._users.of(found.users) if found.users else []
        try:
            try:
                if runs:
                    self._users.serve(runs)
            except SettingsError:
                # Users may have been served already: the operators learn it all the same. (A dry
                # run has no lines.)
                if self._send_digest(runs, (), started_at):
                    self._users.resume(runs)
                raise
            runs.sort(key=lambda run: run.oldest_active)
            lines = [
                *self._run_housekeeping(found),
                *self._check_secrets(found, runs),
                *self._check_account(found, runs),
            ]
            ask = self._is_weekly(found) and bool(self._settings.operator_emails)
            if not self._dry_run and self._send_digest(runs, lines, started_at, ask):
                self._users.resume(runs)
        finally:
            self._send_events()
        report = self._report(found, runs, started_at)
        log.info("run finished", extra={"report": report.logged()})
        if report.failed:
            raise RotationFailedError(report)
        return report

    @cached_property
    def _users(self) -> UserRuns:
        """Most runs look at no user. So what decides on one and serves it, half of all code, is
        loaded here: a cold start compiles what it loads."""
        from .apply import Executor
        from .user_runs import UserRuns

        world, settings, payload = self._world, self._settings, self._payload
        executor = Executor(world, settings, self._request_id, self._events, payload.origin)
        max_writers = min(self._max_readers, settings.max_iam_writes_per_second)
        return UserRuns(
            world, settings, payload, self._request_id, executor, max_writers, self._dry_run
        )

    def _find(self) -> Found:
        world, settings = self._world, self._settings
        discovery = Discovery(world, settings, self._payload, self._request_id, self._max_readers)
        found = discovery.find()
        self._rows.extend(found.rows)
        return found

    def _run_housekeeping(self, found: Found) -> Sequence[DigestLine]:
        """Only a run over all users knows who is gone. A dry run that the payload asks for is about
        keys alone."""
        if found.user_ids is None or self._dry_run_requested or not self._is_weekly(found):
            return ()
        if self._settings.deleted_user_secret_retention_days == 0:
            return ()
        from .housekeeping import Housekeeping  # weekly

        housekeeping = Housekeeping(self._world, self._settings, self._dry_run)
        try:
            for name, error in housekeeping.run(found.user_ids):
                self._fail(name, "housekeeping_failed", error)
        except Exception as error:
            self._fail(_OPERATORS, "housekeeping_failed", error)
        self._rows.extend(housekeeping.rows)
        return housekeeping.lines

    def _check_secrets(self, found: Found, runs: Sequence[UserRun]) -> Sequence[DigestLine]:
        """Who can read the secrets: of the users whom the payload names; of all once a week, and
        after a change of the settings that decide it."""
        now, changed_at = self._world.clock.now(), self._access_changed_at
        if self._dry_run or self._payload.emergency is not None:
            return ()
        if found.user_ids is not None and not is_check_of_secrets_due(changed_at, now):
            return ()
        from .secrets_check import SecretsCheck  # of users by name, weekly, or after a change

        check = SecretsCheck(self._world, self._settings, self._max_readers)
        users = {run.user_now.ref.name: run.user_now for run in runs}
        check.reported |= {run.user.ref.name for run in runs if run.is_unprotected}
        try:
            if found.user_ids is None:
                check.of_users(users.values())
            else:
                everyone = {user.ref.name: user for user in found.left_alone} | users
                check.of_all(everyone.values(), found.user_ids.everyone)
        except Exception as error:
            self._fail(_OPERATORS, "housekeeping_failed", error)
        if runs:
            self._users.withhold(runs, check.unconfirmed)
        self._rows.extend(check.rows)
        return check.lines

    def _check_account(self, found: Found, runs: Sequence[UserRun]) -> Sequence[DigestLine]:
        """What slips through, once a week. Only a run over all users knows it."""
        if self._dry_run or not self._is_weekly(found):
            return ()
        from .account_check import AccountCheck  # weekly

        check = AccountCheck(self._settings, self._world.notifier)
        users = [*found.left_alone, *(run.user for run in runs)]
        try:
            check.run(found.coverage, found.named_in_vain, users)
        except Exception as error:
            self._fail(_OPERATORS, "housekeeping_failed", error)
        return check.lines

    def _is_weekly(self, found: Found) -> bool:
        return found.user_ids is not None and is_weekly(self._world.clock.now())

    def _send_digest(
        self,
        runs: Sequence[UserRun],
        of_housekeeping: Sequence[DigestLine],
        started_at: datetime,
        ask: bool = False,
    ) -> bool:
        """Whether the operators were sent what they must know. Each user who has to wait for that
        has a line in it. Who of the operators does not get it is asked if there is one to send, or
        with `ask`, and is then a reason to send one."""
        lines = [line for run in runs for attempt in run.attempts for line in attempt.digest_lines]
        lines += [line for run in runs for line in run.failures]
        lines += of_housekeeping
        if not lines and not ask:
            return False
        title = started_at.strftime("%Y-%m-%d %H:%M UTC")
        try:
            lines += self._unreached_operators()
            if not lines:
                return False
            for message in digest(self._settings.account_id, title, lines):
                self._world.notifier.notify_operators(message)
        except Exception as error:
            self._fail(_OPERATORS, "digest_not_sent", error)
            return False
        return True

    def _unreached_operators(self) -> list[DigestLine]:
        """Who of the operators does not get the digest: the others, and the response, say it."""
        lines = []
        for operator in self._world.notifier.unreached_operators():
            text, why = f"{operator.email} {operator.why}", "no_confirmed_subscription"
            self._rows.append(Row(_OPERATORS, "report", why, None, text))
            lines.append(DigestLine(Event.UNREACHED, _OPERATORS, text, None, why))
        return lines

    def _send_events(self) -> None:
        try:
            self._events.close()
        except Exception as error:
            self._fail(_OPERATORS, "events_not_sent", error)

    def _report(self, found: Found, runs: Sequence[UserRun], started_at: datetime) -> Report:
        """What was done and left undone. Also sends the metrics: a failure to send them is a row of
        the report, too."""
        for run in runs:
            self._rows.extend(run.said)
        report = Report(self._dry_run, started_at, found.scanned, tuple(self._rows))
        self._measure(report, found, runs)
        return replace(report, rows=tuple(self._rows))

    def _measure(self, report: Report, found: Found, runs: Sequence[UserRun]) -> None:
        """Sends the metrics of a run; a dry run that the payload asks for sends none.

        Only a run over all users can say how old the oldest key is, and only if it knows the keys
        of all: an alarm must not end because the oldest key could not be read. Users whom the run
        did not look at count with their keys in the credential report.
        """
        if self._dry_run_requested:
            return
        now = self._world.clock.now()
        measures = report.measures(now - report.started_at)
        looked_at = {run.user.ref.name for run in runs if run.attempts}
        if self._payload.named is None and found.unlisted <= looked_at:
            users = [*found.left_alone, *(run.user_now for run in runs)]
            measures += gauges(users, self._settings, now)
        if found.coverage is not None:
            measures += coverage_measures(found.coverage)
        try:
            self._world.metrics.put(measures)
        except Exception as error:
            self._fail(_OPERATORS, "metrics_not_sent", error)

    def _fail(self, name: str, reason: str, error: Exception) -> None:
        self._rows.append(failure(name, reason, error))
