"""One run: gather, decide, apply, user by user, and the report of what was done.

A user's failure is isolated and raised at the end. `apply.py` carries out the decisions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from .apply import REREAD_AFTER, Applier, Work
from .facts import read_fact
from .messages import Line, digest
from .model import Decision, Event, MarkedUser, Stamp, Verb
from .overrides import limits_for
from .payload import Emergency, Payload, PayloadError
from .policy import decide, decide_emergency, notice_is_due
from .ports import DeadPrincipalError, Scan, World
from .report import Report, RotationFailedError, Row
from .settings import Settings, SettingsError

# No new user is started with less than this left on the Lambda's clock.
STOP_BEFORE_END = timedelta(seconds=60)

log = logging.getLogger("key_rotation")


class Rotation:
    """One run over the marked users; `request_id` names it in the records."""

    def __init__(self, world: World, settings: Settings, payload: Payload, request_id: str) -> None:
        self._world = world
        self._settings = settings
        self._emergency = payload.emergency
        self._only = payload.users
        self._dry_run = settings.dry_run or payload.dry_run
        self._only_asked = payload.dry_run
        self._applier = Applier(world, settings, request_id)
        self._rows: list[Row] = []
        self._lines: list[Line] = []
        self._digest_sent = False

    def run(self) -> Report:
        """The report of what was done.

        Raises RotationFailedError when a user failed, after all others were served; PayloadError or
        SettingsError before the first change.
        """
        started_at = self._world.clock.now()
        scan = self._world.directory.scan()
        chosen = self._chosen(scan)
        self._report_odd_tags(scan)
        works = self._within_limit(self._decide_all(chosen))
        if self._dry_run:
            for work in works:
                self._rows.extend(_planned(work))
        elif any(work.decision.actions for work in works):
            self._check_readers(chosen[0].ref.account_id)
            self._apply_all(works, started_at)
        report = self._measured(Report(self._dry_run, started_at, len(chosen), tuple(self._rows)))
        log.info("run finished", extra={"report": report.response()})
        if report.failed:
            raise RotationFailedError(report)
        return report

    # -- gather and decide -------------------------------------------------------------------------

    def _chosen(self, scan: Scan) -> Sequence[MarkedUser]:
        """The users that the payload asks for; all marked ones by default."""
        wanted = self._only
        if self._emergency is not None:
            wanted = (self._emergency.user,)
        if wanted is None:
            return scan.marked
        marked = {user.ref.name: user for user in scan.marked}
        for name in wanted:
            if name not in marked:
                tag = self._settings.user_tag
                raise PayloadError(
                    f"user {name!r} of the payload is not an IAM user of this account that "
                    f"carries the tag {tag.key} = {tag.value}"
                )
        return tuple(marked[name] for name in wanted)

    def _report_odd_tags(self, scan: Scan) -> None:
        tag = self._settings.user_tag
        for name, value in sorted(scan.odd.items()):
            if self._only is None and self._emergency is None:
                detail = f"the tag {tag.key} is {value!r}, not {tag.value!r}: left alone"
                self._rows.append(Row(name, "report", "odd_tag_value", None, detail))

    def _decide_all(self, users: Iterable[MarkedUser]) -> list[Work]:
        """Decisions of those users that have any action, or a reason worth a word; the user with
        the oldest active key first."""
        works = []
        for user in users:
            if not self._time_left(user):
                continue
            work = None
            with self._isolated(user):
                work = self._gather(user)
            if work is None:
                continue
            self._note_malformed_overrides(work.user)
            log.log(
                logging.INFO if work.decision.actions else logging.DEBUG,
                "decision",
                extra={
                    "user": work.user.ref.name,
                    "reason": work.decision.reason.value,
                    "actions": [action.verb.value for action in work.decision.actions],
                },
            )
            works.append(work)
        return sorted(works, key=_oldest_active)

    def _gather(self, user: MarkedUser) -> Work:
        """Reads what the decision needs, and no more."""
        world = self._world
        listed_at = world.clock.now()
        user = replace(user, keys=world.directory.keys(user.ref))
        emergency = self._emergency
        if emergency is not None:
            _check_key_is_the_users(emergency, user)
        while True:
            now = world.clock.now()
            if emergency is None:
                outcome = decide(user, self._settings, now)
            else:
                outcome = decide_emergency(user, emergency.access_key_id, self._settings, now)
            if isinstance(outcome, Decision):
                return Work(user, outcome, listed_at, emergency.reason if emergency else None)
            user = read_fact(world, user, outcome.fact)

    def _note_malformed_overrides(self, user: MarkedUser) -> None:
        for problem in limits_for(user.tags, self._settings).malformed:
            detail = f"override tag ignored: {problem}"
            self._rows.append(Row(user.ref.name, "report", "malformed_override", None, detail))

    def _within_limit(self, works: Sequence[Work]) -> list[Work]:
        """Those works that `max_rotations_per_run` admits, oldest key first."""
        limit = self._settings.max_rotations_per_run
        admitted, rotations = [], 0
        for work in works:
            if any(action.verb is Verb.ROTATE for action in work.decision.actions):
                rotations += 1
                if 0 < limit < rotations and self._emergency is None:
                    self._defer(work.user, "rotation_limit", f"max_rotations_per_run is {limit}")
                    continue
            admitted.append(work)
        return admitted

    # -- apply -------------------------------------------------------------------------------------

    def _check_readers(self, account_id: str) -> None:
        readers = self._settings.secret_reader_arns
        missing = self._world.directory.missing(account_id, readers)
        if missing:
            raise SettingsError(
                f"parameter secret_reader_arns names {missing[0]}, which does not exist"
            )

    def _apply_all(self, works: Sequence[Work], started_at: datetime) -> None:
        for work in works:
            if work.decision.actions and self._time_left(work.user):
                with self._isolated(work.user, work):
                    self._apply(work)
        self._lines[:0] = [line for work in works for line in work.lines]
        if self._lines:
            self._send_digest(works[0].user, started_at)
        for work in works:
            if work.postponed and self._digest_sent:
                with self._isolated(work.user, work):
                    self._applier.resume(work)
            self._rows.extend(work.rows)

    def _apply(self, work: Work) -> None:
        if self._world.clock.now() - work.listed_at > REREAD_AFTER:
            fresh = self._gather(work.user)
            work.user, work.decision, work.listed_at = fresh.user, fresh.decision, fresh.listed_at
        self._applier.apply(work)

    def _send_digest(self, any_user: MarkedUser, started_at: datetime) -> None:
        run = started_at.strftime("%Y-%m-%d %H:%M UTC")
        try:
            for message in digest(any_user.ref.account_id, run, self._lines):
                self._world.notifier.tell_operators(message)
            self._digest_sent = True
        except Exception as error:
            self._fail("(operators)", "digest_not_sent", error)

    def _measured(self, report: Report) -> Report:
        """The report, once its numbers are sent; somebody's look at the plan is not counted."""
        if self._only_asked:
            return report
        try:
            self._world.metrics.put(report.measures(self._world.clock.now() - report.started_at))
        except Exception as error:
            self._fail("(operators)", "metrics_not_sent", error)
        return replace(report, rows=tuple(self._rows))

    # -- failures and budget -----------------------------------------------------------------------

    @contextmanager
    def _isolated(self, user: MarkedUser, work: Work | None = None) -> Iterator[None]:
        """A failure in here is this user's alone; it is raised at the end of the run."""
        try:
            yield
        except (SettingsError, PayloadError):
            raise
        except Exception as error:
            if isinstance(error, DeadPrincipalError) and self._settings.secret_reader_arns:
                raise SettingsError(f"parameter secret_reader_arns: {error}") from error
            self._fail(user.ref.name, "error", error)
            if work is not None and not self._digest_sent:
                self._add_failure_to_digest(work, error)

    def _fail(self, name: str, reason: str, error: Exception) -> None:
        detail = describe(error)
        self._rows.append(Row(name, "fail", reason, None, detail))
        log.error("failed", extra={"user": name, "reason": reason, "detail": detail})

    def _add_failure_to_digest(self, work: Work, error: Exception) -> None:
        """A line in the digest, at most every 7 days; one that cannot be put on record is left to
        the alarm, which sees the run end in an error."""
        name, secret = work.user.ref.name, work.user.secret
        now = self._world.clock.now()
        if secret is None or not secret.exists or not work.user.keys:
            return
        key_id = work.user.keys[0].id
        if not notice_is_due(secret, Event.FAILED, key_id, now):
            return
        try:
            self._world.secrets.record(secret, notice=(Event.FAILED, Stamp(key_id, now)))
        except Exception as unrecorded:
            log.error("notice not recorded", extra={"user": name, "detail": describe(unrecorded)})
            return
        text = f"{name}: {describe(error)}"
        self._lines.append(Line(Event.FAILED, name, text, key_id, "error", secret.arn))

    def _time_left(self, user: MarkedUser) -> bool:
        if self._world.clock.remaining() >= STOP_BEFORE_END:
            return True
        self._defer(user, "out_of_time", "the next run takes it up")
        return False

    def _defer(self, user: MarkedUser, reason: str, detail: str) -> None:
        self._rows.append(Row(user.ref.name, "defer", reason, None, detail))


def describe(error: Exception) -> str:
    """An error in one line, with its cause: what was refused says why."""
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error.__cause__, Exception):
        text += f" ({describe(error.__cause__)})"
    return " ".join(text.split())


def _planned(work: Work) -> list[Row]:
    """The rows that the real run would write."""
    name = work.user.ref.name
    return [
        Row(name, action.verb.value, action.reason.value, action.access_key_id, "dry run")
        for action in work.decision.actions
    ]


def _oldest_active(work: Work) -> datetime:
    """When the oldest active key was created; users without one come last."""
    created = [key.created for key in work.user.keys if key.is_active]
    return min(created, default=datetime.max.replace(tzinfo=UTC))


def _check_key_is_the_users(emergency: Emergency, user: MarkedUser) -> None:
    if emergency.access_key_id not in {key.id for key in user.keys}:
        raise PayloadError(
            f"emergency.access_key_id: user {user.ref.name} has no access key "
            f"{emergency.access_key_id}"
        )
