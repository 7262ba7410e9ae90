"""The users of one run, several at a time: each within the time, the limit, and its own failures.

A failure is the user's alone. A throttled user is tried again, with a pause in between.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock

from ..concurrent import map_concurrent
from ..domain.action import Action, Reason, Verb
from ..domain.hand_over import HandOver, state_of
from ..domain.model import Event, ManagedUser, Stamp
from ..domain.settings import Settings, SettingsError
from ..domain.situation import notice_is_due
from ..notify.digest import DigestLine
from ..notify.response import Row, describe, failure
from ..notify.text import unlinked
from ..notify.usage import last_use
from ..ports import World
from .apply import Executor
from .discovery import STOP_BEFORE_END
from .gather import begin
from .payload import Payload, PayloadError
from .progress import REREAD_AFTER, Progress
from .readers import Readers
from .requests import is_rotated, why_not

# A user whose calls were throttled gets so many attempts in one run, with a pause in between.
MAX_ATTEMPTS = 3
PAUSE_SECONDS = 5.0

_NEVER = datetime.max.replace(tzinfo=UTC)
# Decisions that are not worth a line in the log.
_NOTHING_TO_SAY = (Reason.NO_KEY, Reason.NOT_ACTIVE, Reason.NOT_DUE)

log = logging.getLogger("key_rotation")


@dataclass
class UserRun:
    """One user in a run. `rows` say what was not done, and `failures` are for the digest; what was
    done is with the `progress`, and with the `past` progress of attempts that were throttled.
    `oldest_active` is when the oldest active key was created; users without one come last."""

    user: ManagedUser
    progress: Progress | None = None
    past: list[Progress] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    failures: list[DigestLine] = field(default_factory=list)
    throttled: Exception | None = None
    oldest_active: datetime = _NEVER

    @property
    def attempts(self) -> list[Progress]:
        return [*self.past, self.progress] if self.progress else self.past

    @property
    def user_now(self) -> ManagedUser:
        """The user as last seen."""
        return self.attempts[-1].user if self.attempts else self.user

    @property
    def said(self) -> list[Row]:
        """All rows about the user."""
        return [*(row for attempt in self.attempts for row in attempt.rows), *self.rows]

    @property
    def is_unprotected(self) -> bool:
        """Whether it was said already that the secret cannot be protected."""
        return any(row.reason == Reason.SECRET_NOT_PROTECTED.value for row in self.said)

    def defer(self, reason: str, detail: str) -> None:
        self.rows.append(Row(self.user.ref.name, "defer", reason, None, detail))

    def try_again(self) -> None:
        """The attempt is over, and another one follows."""
        self.throttled = None
        if self.progress is not None:
            self.past.append(self.progress)
            self.progress = None


class UserRuns:
    """Decides on the users and serves them; a dry run only plans.

    `max_workers` users are worked on at a time.
    """

    def __init__(
        self,
        world: World,
        settings: Settings,
        payload: Payload,
        request_id: str,
        executor: Executor,
        max_workers: int,
        dry_run: bool,
    ) -> None:
        self._world = world
        self._settings = settings
        self._payload = payload
        self._request_id = request_id
        self._executor = executor
        self._max_workers = max_workers
        self._dry_run = dry_run
        self._readers = Readers(world.directory, settings)
        self._rotated: set[str] = set()
        self._postponed = 0
        self._counting = Lock()
        self.digest_sent = False

    @staticmethod
    def of(users: Iterable[ManagedUser]) -> list[UserRun]:
        """The run of each of them, which has not begun."""
        return [UserRun(user) for user in users]

    def serve(self, runs: Sequence[UserRun]) -> None:
        """Every user, the oldest key first; throttled ones more than once. Raises SettingsError or
        PayloadError."""
        self._serve(runs)
        if self._payload.rotate is None:
            return
        for run in runs:
            if run.progress is not None:
                run.rows += why_not(run.user.ref.name, run.said, run.progress.decision)

    def _serve(self, runs: Sequence[UserRun]) -> None:
        waiting = runs
        for attempt in range(MAX_ATTEMPTS):
            if attempt > 0:
                self._world.clock.sleep(PAUSE_SECONDS)
                for run in waiting:
                    run.try_again()
            self._serve_once(waiting)
            waiting = [run for run in waiting if run.throttled]
            if not waiting:
                return
        for run in waiting:
            assert run.throttled is not None
            self._put_off(run, "throttled", "takes it up", describe(run.throttled))

    def withhold(self, runs: Sequence[UserRun], names: Collection[str]) -> None:
        """Leaves what waits for the digest, and its line there, to the next run, for these users:
        their secrets were looked at again, and it is not known that their owners can read them."""
        for run in runs:
            if run.progress is not None and run.user.ref.name in names:
                run.progress.to_pass_on = None

    def resume(self, runs: Sequence[UserRun]) -> None:
        """Does what waited for the operators' digest, now that it is sent."""
        self.digest_sent = True
        postponed = [run for run in runs if run.progress is not None and run.progress.postponed]
        map_concurrent(self._resume, postponed, self._max_workers)

    def _serve_once(self, runs: Sequence[UserRun]) -> None:
        """Where nothing is to be counted, a user is decided upon and served in one go, so that
        its keys need not be listed again. A limit is for the oldest keys of all, so it waits."""
        in_parallel = partial(map_concurrent, max_workers=self._max_workers)
        if self._dry_run or self._settings.max_rotations_per_run:
            in_parallel(self._decide, runs)
            runs = self._within_limit(sorted(runs, key=lambda run: run.oldest_active))
            in_parallel(self._plan if self._dry_run else self._apply, runs)
        else:
            in_parallel(self._decide_and_apply, runs)

    def _plan(self, run: UserRun) -> None:
        """The rows that the real run would write."""
        name = run.user.ref.name
        run.rows += [
            Row(
                *(name, action.verb.value, action.reason.value, action.access_key_id),
                self._planned(progress.user, action),
            )
            for progress in run.attempts
            for action in progress.decision.actions
        ]

    def _planned(self, user: ManagedUser, action: Action) -> str:
        """The detail: of a superseded key what was seen of its owner, if the decision read it."""
        state = state_of(user, self._settings, self._world.clock.now())
        if not isinstance(state, HandOver) or user.last_used is None:
            return "dry run"
        older = min(user.keys, key=lambda key: (key.created, key.id)).id
        if action.access_key_id != older:
            return "dry run"
        return f"dry run: {state.replace('_', ' ')}, {last_use(user.last_used[older])}"

    def _decide_and_apply(self, run: UserRun) -> None:
        self._decide(run)
        self._apply(run)

    def _decide(self, run: UserRun) -> None:
        if not self._has_time(run):
            return
        with self._isolated(run):
            for progress in run.past:
                self._executor.flush_records(progress)
            run.progress = self._begin(run.user)
            created = [key.created for key in run.progress.user.keys if key.is_active]
            run.oldest_active = min([*created, run.oldest_active])
            decision = run.progress.decision
            if decision.actions or decision.reason not in _NOTHING_TO_SAY:
                verbs = [action.verb.value for action in decision.actions]
                found = {"user": run.user.ref.name, "reason": decision.reason.value}
                log.info("decision", extra=found | {"actions": verbs})
            if not decision.actions and (run.past or self._was_cut_off(run.progress)):
                reason = "throttled" if run.past else decision.reason.value
                self._put_off(run, reason, "goes on", decision.reason.value)

    def _begin(self, user: ManagedUser) -> Progress:
        return begin(self._world, self._settings, user, self._payload)

    def _was_cut_off(self, progress: Progress) -> bool:
        """Whether an earlier attempt at this very request died at work on the user."""
        if self._payload.rotate is None or progress.decision.reason is not Reason.IN_PROGRESS:
            return False
        intent = progress.secret.intent
        return intent is not None and intent.request_id == self._request_id

    def _made_before(self, progress: Progress | None) -> bool:
        """Whether an earlier attempt at this very request has made a key and stored it: what is
        left, a later run does unasked."""
        if progress is None or progress.user.secret is None:
            return False
        intent, secret = progress.secret.intent, progress.secret
        if intent is None or intent.request_id != self._request_id:
            return False
        new = [key for key in progress.user.keys if key.id not in intent.key_ids]
        return any(key.is_active and secret.currently_holds(key) for key in new)

    def _put_off(self, run: UserRun, reason: str, then: str, why: str | None = None) -> None:
        """The next run takes up who is due, and goes on with a rotation. Of a request it knows
        nothing: that must not look as if it were done. The run fails, so Lambda tries it again."""
        because = f": {why}" if why else ""
        made = is_rotated(run.said) or self._made_before(run.progress)
        if self._payload.rotate is None or made:
            run.defer(reason, f"the next run {then}{because}")
            return
        name, detail = run.user.ref.name, f"not rotated, ask again{because}"
        log.error("failed", extra={"user": name, "reason": reason, "detail": detail})
        run.rows.append(Row(name, "fail", reason, None, detail))

    def _apply(self, run: UserRun) -> None:
        progress = run.progress
        if progress is None or not progress.decision.actions:
            return
        self._readers.check(progress.user.ref.account_id)
        if not self._has_time(run):
            return
        with self._isolated(run):
            if self._world.clock.now() - progress.listed_at > REREAD_AFTER:
                fresh = self._begin(_unread(progress.user))
                progress.user, progress.decision = fresh.user, fresh.decision
                progress.listed_at = fresh.listed_at
            self._executor.apply(progress)
        if progress.postponed:
            with self._counting:
                self._postponed += 1

    def _resume(self, run: UserRun) -> None:
        assert run.progress is not None
        with self._isolated(run):
            self._executor.resume(run.progress)
        if run.throttled:
            run.defer("throttled", f"the next run goes on: {describe(run.throttled)}")
            with self._isolated(run):  # what the operators were told is not told again
                self._executor.flush_records(run.progress)

    def _within_limit(self, runs: Sequence[UserRun]) -> list[UserRun]:
        """Those that `max_rotations_per_run` admits, oldest key first."""
        limit = self._settings.max_rotations_per_run
        admitted = []
        for run in runs:
            actions = run.progress.decision.actions if run.progress else ()
            if any(action.verb is Verb.ROTATE for action in actions):
                rotated = self._rotated | {run.user.ref.name}
                if 0 < limit < len(rotated) and self._payload.emergency is None:
                    again = "" if self._payload.rotate is None else ": ask again for this user"
                    run.defer("rotation_limit", f"max_rotations_per_run is {limit}{again}")
                    continue
                self._rotated = rotated
            admitted.append(run)
        return admitted

    @contextmanager
    def _isolated(self, run: UserRun) -> Iterator[None]:
        """A failure in here is this user's alone; it is raised at the end of the run. A throttle
        is none: the user gets another attempt."""
        try:
            yield
        except (SettingsError, PayloadError):
            raise
        except Exception as error:
            if explained := self._readers.explain(error, run.user.ref.name):
                raise explained from error
            if self._world.is_throttle(error) and self._payload.emergency is None:
                run.throttled = error
                log.warning("throttled", extra={"user": run.user.ref.name})
                return
            run.rows.append(failure(run.user.ref.name, "error", error))
            if run.progress is not None and not self.digest_sent:
                _add_to_digest(self._world, run, run.progress.user, error)

    def _has_time(self, run: UserRun) -> bool:
        """Whether another user may be started. Time is kept for those that wait for the digest:
        its readers read that their old keys are off, so they must be by the end."""
        per_second = self._settings.max_iam_writes_per_second
        kept = timedelta(seconds=1.25 * self._postponed / per_second)
        if self._world.clock.remaining() >= STOP_BEFORE_END + kept:
            return True
        self._put_off(run, "out_of_time", "takes it up")
        return False


def _add_to_digest(world: World, run: UserRun, user: ManagedUser, error: Exception) -> None:
    """A line in the digest, at most every 7 days; one that cannot be put on record is left to the
    alarm, which sees the run end in an error."""
    name, secret, now = user.ref.name, user.secret, world.clock.now()
    if secret is None or not secret.exists or not user.keys:
        return
    key_id = user.keys[0].id
    if not notice_is_due(secret, Event.FAILED, key_id, now):
        return
    try:
        world.secrets.record(secret, notice=(Event.FAILED, Stamp(key_id, now)))
    except Exception as unrecorded:
        log.error("notice not recorded", extra={"user": name, "detail": describe(unrecorded)})
        return
    text = f"{name}: {unlinked(describe(error))}"
    run.failures.append(DigestLine(Event.FAILED, name, text, key_id, "error", secret.arn))


def _unread(user: ManagedUser) -> ManagedUser:
    """The user without the facts that may have changed since they were read."""
    return replace(user, secret=None, last_used=None, has_password=None, audience=None)
