"""One run: gather, decide, apply, several users side by side, and the report of what was done.

A user's failure is isolated and raised at the end. `discovery.py` finds whom to look at, and
`apply.py` carries out the decisions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from ..concurrent import map_concurrent
from ..domain.model import Decision, Event, ManagedUser, Reason, Stamp, Verb
from ..domain.policy import decide, decide_emergency, notice_is_due
from ..domain.settings import Settings, SettingsError
from ..notify.mail import DigestLine, digest
from ..notify.metrics import gauges
from ..notify.response import Report, RotationFailedError, Row, describe
from ..ports import UnknownPrincipalError, World
from .apply import REREAD_AFTER, Executor, Progress
from .discovery import STOP_BEFORE_END, Discovery, Found
from .event_buffer import EventBuffer
from .gather import read_fact
from .housekeeping import Housekeeping
from .payload import Emergency, Payload, PayloadError

# A user whose calls were throttled gets so many turns in one run, with a pause in between.
MAX_ATTEMPTS = 3
PAUSE_SECONDS = 5.0

_NEVER = datetime.max.replace(tzinfo=UTC)
# Decisions that are not worth a line in the log.
_NOTHING_TO_TELL = (Reason.NO_KEY, Reason.NOT_ACTIVE, Reason.NOT_DUE)

log = logging.getLogger("key_rotation")


@dataclass
class UserRun:
    """One user's turn in a run. `rows` tell what was not done, and `failures` are for the digest;
    what was done is with the `work`, and with `past` works of turns that were throttled.
    `oldest_active` is when the oldest active key was created; users without one come last."""

    user: ManagedUser
    work: Progress | None = None
    past: list[Progress] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    failures: list[DigestLine] = field(default_factory=list)
    throttled: Exception | None = None
    oldest_active: datetime = _NEVER

    @property
    def works(self) -> list[Progress]:
        return [*self.past, self.work] if self.work else self.past

    @property
    def user_now(self) -> ManagedUser:
        """The user as last seen."""
        return self.works[-1].user if self.works else self.user

    def defer(self, reason: str, detail: str) -> None:
        self.rows.append(Row(self.user.ref.name, "defer", reason, None, detail))

    def again(self) -> None:
        """The turn is over, and another one will be taken."""
        self.throttled = None
        if self.work is not None:
            self.past.append(self.work)
            self.work = None


class Rotation:
    """One run over the managed users; `request_id` names it in the records.

    `max_workers` users are worked on side by side: no more than IAM writes are allowed in a second.
    """

    def __init__(
        self,
        world: World,
        settings: Settings,
        payload: Payload,
        request_id: str,
        max_workers: int = 1,
    ) -> None:
        self._world = world
        self._settings = settings
        self._payload = payload
        self._emergency = payload.emergency
        self._dry_run = settings.dry_run or payload.dry_run
        self._only_asked = payload.dry_run
        self._request_id = request_id
        self.max_workers = min(max_workers, settings.max_iam_writes_per_second)
        self._outbox = EventBuffer(world.bus)
        self._applier = Executor(world, settings, request_id, self._outbox)
        self._rows: list[Row] = []
        self._digest_sent = False
        self._readers_checked = False
        self._checking_readers = Lock()
        self._rotated: set[str] = set()
        self._postponed = 0
        self._counting = Lock()

    def run(self) -> Report:
        """The report of what was done.

        Raises RotationFailedError when a user failed, after all others were served; PayloadError,
        SettingsError or DiscoveryError before the first change.
        """
        started_at = self._world.clock.now()
        discovery = Discovery(
            self._world, self._settings, self._payload, self._request_id, self.max_workers
        )
        found = discovery.find()
        self._rows.extend(found.rows)
        turns = [UserRun(user) for user in found.users]
        try:
            try:
                self._take(turns)
            except SettingsError:
                # Found when something may be done already, which is told all the same.
                self._notify_operators(turns, (), started_at)
                raise
            turns.sort(key=lambda turn: turn.oldest_active)
            housekeeping = self._run_housekeeping(found)
            if not self._dry_run:
                self._notify_operators(turns, housekeeping.lines, started_at)
        finally:
            self._send_events()
        for turn in turns:
            self._rows.extend(row for work in turn.works for row in work.rows)
            self._rows.extend(turn.rows)
        report = Report(self._dry_run, started_at, found.scanned, tuple(self._rows))
        report = self._measured(report, [*found.left_alone, *(turn.user_now for turn in turns)])
        log.info("run finished", extra={"report": report.logged()})
        if report.failed:
            raise RotationFailedError(report)
        return report

    # -- turns -------------------------------------------------------------------------------------

    def _take(self, turns: Sequence[UserRun]) -> None:
        """Every user's turn, the oldest key first; throttled ones have more than one."""
        waiting = turns
        for number in range(MAX_ATTEMPTS):
            if number > 0:
                self._world.clock.sleep(PAUSE_SECONDS)
                for turn in waiting:
                    turn.again()
            self._take_once(waiting)
            waiting = [turn for turn in waiting if turn.throttled]
            if not waiting:
                return
        for turn in waiting:
            assert turn.throttled is not None
            turn.defer("throttled", f"the next run takes it up: {describe(turn.throttled)}")

    def _take_once(self, turns: Sequence[UserRun]) -> None:
        """Where nothing is to be counted, a user is decided upon and served in one go, so that
        its keys need not be listed anew. A limit is for the oldest keys of all, so it waits."""
        if self._dry_run or self._settings.max_rotations_per_run:
            map_concurrent(self._decide, turns, self.max_workers)
            turns = self._within_limit(sorted(turns, key=lambda turn: turn.oldest_active))
            map_concurrent(_plan if self._dry_run else self._serve, turns, self.max_workers)
        else:
            map_concurrent(self._decide_and_serve, turns, self.max_workers)

    def _decide_and_serve(self, turn: UserRun) -> None:
        self._decide(turn)
        self._serve(turn)

    def _decide(self, turn: UserRun) -> None:
        if not self._time_left(turn):
            return
        with self._isolated(turn):
            for work in turn.past:
                self._applier.flush_records(work)
            turn.work = self._gather(turn.user)
            created = [key.created for key in turn.work.user.keys if key.is_active]
            turn.oldest_active = min([*created, turn.oldest_active])
            decision = turn.work.decision
            log.log(
                logging.INFO if decision.reason not in _NOTHING_TO_TELL else logging.DEBUG,
                "decision",
                extra={
                    "user": turn.user.ref.name,
                    "reason": decision.reason.value,
                    "actions": [action.verb.value for action in decision.actions],
                },
            )
            if turn.past and not decision.actions:
                turn.defer("throttled", f"the next run goes on: {decision.reason.value}")

    def _serve(self, turn: UserRun) -> None:
        work = turn.work
        if work is None or not work.decision.actions:
            return
        self._check_readers(work.user.ref.account_id)
        if not self._time_left(turn):
            return
        with self._isolated(turn):
            self._apply(work)
        if work.postponed:
            with self._counting:
                self._postponed += 1

    def _within_limit(self, turns: Sequence[UserRun]) -> list[UserRun]:
        """Those that `max_rotations_per_run` admits, oldest key first."""
        limit = self._settings.max_rotations_per_run
        admitted = []
        for turn in turns:
            actions = turn.work.decision.actions if turn.work else ()
            if any(action.verb is Verb.ROTATE for action in actions):
                rotated = self._rotated | {turn.user.ref.name}
                if 0 < limit < len(rotated) and self._emergency is None:
                    turn.defer("rotation_limit", f"max_rotations_per_run is {limit}")
                    continue
                self._rotated = rotated
            admitted.append(turn)
        return admitted

    # -- gather and decide -------------------------------------------------------------------------

    def _gather(self, user: ManagedUser) -> Progress:
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
                return Progress(user, outcome, listed_at, emergency.reason if emergency else None)
            user = read_fact(world, user, outcome.fact)

    # -- apply -------------------------------------------------------------------------------------

    def _check_readers(self, account_id: str) -> None:
        """Once, before the first change; whoever comes second waits for the first's answer."""
        with self._checking_readers:
            if self._readers_checked:
                return
            readers = self._settings.secret_reader_arns
            missing = self._world.directory.missing(account_id, readers)
            if missing:
                raise SettingsError(
                    f"{self._readers_parameter} names {missing[0]}, which does not exist"
                )
            self._readers_checked = True

    @property
    def _foreign_readers(self) -> list[str]:
        """Those of other accounts, of which only a refused policy tells that one is gone."""
        account_id = self._settings.account_id
        readers = self._settings.secret_reader_arns
        return [arn for arn in readers if arn.split(":")[4] != account_id]

    @property
    def _readers_parameter(self) -> str:
        return f"parameter /{self._settings.name}/config/secret_reader_arns"

    def _apply(self, work: Progress) -> None:
        if self._world.clock.now() - work.listed_at > REREAD_AFTER:
            fresh = self._gather(_unread(work.user))
            work.user, work.decision, work.listed_at = fresh.user, fresh.decision, fresh.listed_at
        self._applier.apply(work)

    def _run_housekeeping(self, found: Found) -> Housekeeping:
        """Only a run over all users knows who is gone; who asks for a plan asks about keys."""
        housekeeping = Housekeeping(self._world, self._settings, self._dry_run)
        if found.people is None or self._only_asked or not housekeeping.is_due():
            return housekeeping
        try:
            for name, error in housekeeping.look_after(found.people):
                self._fail(self._rows, name, "housekeeping_failed", error)
        except Exception as error:
            self._fail(self._rows, "(operators)", "housekeeping_failed", error)
        self._rows.extend(housekeeping.rows)
        return housekeeping

    def _notify_operators(
        self, turns: Sequence[UserRun], of_housekeeping: Sequence[DigestLine], started_at: datetime
    ) -> None:
        """The digest, and then what had to wait for it."""
        lines = [line for turn in turns for work in turn.works for line in work.lines]
        lines += [line for turn in turns for line in turn.failures]
        lines += of_housekeeping
        if not lines:
            return
        run = started_at.strftime("%Y-%m-%d %H:%M UTC")
        try:
            for message in digest(self._settings.account_id, run, lines):
                self._world.notifier.notify_operators(message)
            self._digest_sent = True
        except Exception as error:
            self._fail(self._rows, "(operators)", "digest_not_sent", error)
            return
        postponed = [turn for turn in turns if turn.work is not None and turn.work.postponed]
        map_concurrent(self._resume, postponed, self.max_workers)

    def _resume(self, turn: UserRun) -> None:
        assert turn.work is not None
        with self._isolated(turn):
            self._applier.resume(turn.work)
        if turn.throttled:
            turn.defer("throttled", f"the next run goes on: {describe(turn.throttled)}")

    def _send_events(self) -> None:
        try:
            self._outbox.close()
        except Exception as error:
            self._fail(self._rows, "(operators)", "events_not_sent", error)

    def _measured(self, report: Report, users: Sequence[ManagedUser]) -> Report:
        """The report, once its numbers are sent; somebody's look at the plan is not counted.

        Only a run over all users can say how old the oldest key is. A user without a turn counts
        with the keys of the credential report, and one of whom there is none with no key.
        """
        if self._only_asked:
            return report
        now = self._world.clock.now()
        measures = report.measures(now - report.started_at)
        if self._payload.users is None and self._emergency is None:
            measures += gauges(users, self._settings, now)
        try:
            self._world.metrics.put(measures)
        except Exception as error:
            self._fail(self._rows, "(operators)", "metrics_not_sent", error)
        return replace(report, rows=tuple(self._rows))

    # -- failures and budget -----------------------------------------------------------------------

    @contextmanager
    def _isolated(self, turn: UserRun) -> Iterator[None]:
        """A failure in here is this user's alone; it is raised at the end of the run. A throttle
        is none: the user gets another turn."""
        try:
            yield
        except (SettingsError, PayloadError):
            raise
        except Exception as error:
            if isinstance(error, UnknownPrincipalError) and (suspects := self._foreign_readers):
                raise SettingsError(
                    f"{self._readers_parameter} names a principal that does not exist: "
                    f"{' or '.join(suspects)} ({error})"
                ) from error
            if self._world.is_throttle(error) and self._emergency is None:
                turn.throttled = error
                log.warning("throttled", extra={"user": turn.user.ref.name})
                return
            self._fail(turn.rows, turn.user.ref.name, "error", error)
            if turn.work is not None and not self._digest_sent:
                self._add_failure_to_digest(turn, turn.work, error)

    def _fail(self, rows: list[Row], name: str, reason: str, error: Exception) -> None:
        detail = describe(error)
        rows.append(Row(name, "fail", reason, None, detail))
        log.error("failed", extra={"user": name, "reason": reason, "detail": detail})

    def _add_failure_to_digest(self, turn: UserRun, work: Progress, error: Exception) -> None:
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
        turn.failures.append(DigestLine(Event.FAILED, name, text, key_id, "error", secret.arn))

    def _time_left(self, turn: UserRun) -> bool:
        """Whether another user may be started. Time is kept for those that wait for the digest:
        its readers were told that their old keys are off, so they must be by the end."""
        per_second = self._settings.max_iam_writes_per_second
        kept = timedelta(seconds=1.25 * self._postponed / per_second)
        if self._world.clock.remaining() >= STOP_BEFORE_END + kept:
            return True
        turn.defer("out_of_time", "the next run takes it up")
        return False


def _unread(user: ManagedUser) -> ManagedUser:
    """The user without the facts that may have changed since they were read."""
    return replace(user, secret=None, last_used=None, has_password=None, audience=None)


def _plan(turn: UserRun) -> None:
    """The rows that the real run would write."""
    name = turn.user.ref.name
    turn.rows += [
        Row(name, action.verb.value, action.reason.value, action.access_key_id, "dry run")
        for work in turn.works
        for action in work.decision.actions
    ]


def _check_key_is_the_users(emergency: Emergency, user: ManagedUser) -> None:
    if emergency.access_key_id not in {key.id for key in user.keys}:
        raise PayloadError(
            f"emergency.access_key_id: user {user.ref.name} has no access key "
            f"{emergency.access_key_id}"
        )
