"""One user in the course of a run, and what the steps on them share."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ..domain.action import Action, Decision, Reason, Verb
from ..domain.after import after
from ..domain.model import AccessKey, Audience, Event, ManagedUser, SecretState, Stamp
from ..domain.settings import Settings
from ..notify.digest import DigestLine
from ..notify.events import Transition
from ..notify.mail import Writer
from ..notify.message import Message
from ..notify.outcome import Outcome, digest_line, line_about, row, transition
from ..notify.response import Row
from ..ports import World
from .payload import Origin
from .protection import check_tag, protect

# Keys listed longer ago than this are listed again before a change.
REREAD_AFTER = timedelta(seconds=20)
# What is said of these actions names the last use of the key.
_NAMES_USE = (Verb.WARN, Verb.REMIND, Verb.HOLD, Verb.DISABLE, Verb.BLOCK)

log = logging.getLogger("key_rotation")


class ConcurrentChangeError(Exception):
    """The keys are not what the decision was made of; the next run decides from the start."""


class NoRecipientError(Exception):
    """What must be announced first would reach nobody."""


class PostponedError(Exception):
    """The rest waits until the operators' digest is sent, since they must know `line` first."""

    def __init__(self, line: DigestLine) -> None:
        super().__init__(line.text)
        self.line = line


@dataclass
class Progress:
    """How far a run got with one user.

    `listed_at` is when the keys were read, `note` the reason given for an emergency or a request.
    `rows` and `lines` say what was done, `transitions` are for programs and not sent yet;
    `pending_record` is an announcement that is not on record yet, `pending_notice` a reminder, and
    `pending_end` the end of the old key that either named. `to_pass_on` is the line of the digest
    that the `remaining` actions wait for.
    """

    user: ManagedUser
    decision: Decision
    listed_at: datetime
    note: str | None = None
    is_emergency: bool = False
    rows: list[Row] = field(default_factory=list)
    lines: list[DigestLine] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    remaining: list[Action] = field(default_factory=list)
    to_pass_on: DigestLine | None = None
    operators_notified: bool = False
    new_key: AccessKey | None = None
    pending_record: Stamp | None = None
    pending_end: Stamp | None = None
    pending_notice: tuple[Event, Stamp] | None = None

    @property
    def secret(self) -> SecretState:
        assert self.user.secret is not None
        return self.user.secret

    @property
    def postponed(self) -> bool:
        """Whether the rest may only be done after the operators' digest is sent."""
        return self.to_pass_on is not None

    @property
    def digest_lines(self) -> list[DigestLine]:
        """What the operators read about the user."""
        return [*self.lines, *([self.to_pass_on] if self.to_pass_on else ())]

    def note_on(self, action: Action) -> str | None:
        """The note, if the action was asked for. In a run that was asked to rotate, that is the
        rotation, and what keeps it from being done: the ordinary rules may want more."""
        asked = action.reason is Reason.REQUESTED or action.verb is Verb.BLOCK
        return self.note if self.is_emergency or asked else None

    def key(self, access_key_id: str | None) -> AccessKey:
        [key] = [key for key in self.user.keys if key.id == access_key_id]
        return key

    def is_active(self, access_key_id: str) -> bool:
        return any(key.id == access_key_id and key.is_active for key in self.user.keys)

    def will_disable(self, access_key_id: str) -> bool:
        """Whether a later step of this decision disables the key."""
        return any(
            action.verb is Verb.DISABLE and action.access_key_id == access_key_id
            for action in self.remaining
        )

    def not_done(self, action: Action, why: str) -> None:
        """The action is left to the next run."""
        detail = f"not done: {action.verb.value}: {why}"
        deferred = Row(
            self.user.ref.name, "defer", "concurrent_change", action.access_key_id, detail
        )
        self.rows.append(deferred)
        log.info("not done", extra=asdict(deferred))


def with_last_use(world: World, user: ManagedUser) -> ManagedUser:
    """The user, with the last use of each key read. Raises whatever the reading raises."""
    return replace(user, last_used={key.id: world.directory.last_used(key) for key in user.keys})


@dataclass(frozen=True)
class RunContext:
    """What every step of a run needs; `request_id` names the run in the records, and `origin` says
    who started it."""

    world: World
    settings: Settings
    request_id: str
    origin: Origin

    def now(self) -> datetime:
        return self.world.clock.now()

    def outcome(self, progress: Progress, action: Action, **details: Any) -> Outcome:
        """The action, as it is done now."""
        ref, arn = progress.user.ref, progress.secret.arn
        cut_off = progress.decision.cut_off
        used = progress.user.last_used if action.verb in _NAMES_USE else None
        now, note = self.now(), progress.note_on(action)
        return Outcome(action, ref, arn, now, note=note, cut_off=cut_off, used=used, **details)

    def leave(self, progress: Progress, action: Action) -> None:
        """The user is from now on as the action leaves them, whatever IAM lists for a while."""
        progress.user = after(progress.user, action, self.settings, self.now())

    def happened(self, progress: Progress, outcome: Outcome) -> None:
        """Says it to everybody but the owner: in the response, the digest, the log, an event."""
        done = row(outcome)
        progress.rows.append(done)
        log.info("done", extra=asdict(done) | ({"note": outcome.note} if outcome.note else {}))
        line = digest_line(outcome)
        if line is not None:
            progress.lines.append(line)
        event = transition(outcome, self.settings.name, self.request_id)
        if event is not None:
            progress.transitions.append(event)

    # -- the owner ---------------------------------------------------------------------------------

    def writer(self, progress: Progress) -> Writer:
        user = progress.user
        has_readers = bool(self.settings.readers_of(user.ref.name))
        arn, used = progress.secret.arn, user.last_used or {}
        regions = self.settings.options_of(user.ref.name).smtp_regions
        return Writer(user.ref, arn, user.has_password, has_readers, used, regions)

    def read_last_use(self, progress: Progress) -> None:
        """For a message that names it, where no decision needed it."""
        used = progress.user.last_used
        if used is None or not {key.id for key in progress.user.keys} <= used.keys():
            progress.user = with_last_use(self.world, progress.user)

    def notify(
        self, progress: Progress, event: Event, message: Message, about: Outcome, first: bool
    ) -> None:
        """Notifies the owner; the operators stand in for one without a confirmed subscription.

        With `first` nothing that follows may be done before somebody was notified.
        """
        user, notifier = progress.user.ref, self.world.notifier
        audience = notifier.audience(user, event)
        required = self.settings.require_confirmed_subscription
        if first and audience is Audience.NOBODY and required:
            raise NoRecipientError(f"no confirmed subscription admits the event {event.value!r}")
        if audience is not Audience.OPERATOR:
            notifier.notify(user, event, message)
        elif first and not progress.operators_notified:
            text = f"{about.text}. No confirmed subscription: please pass it on"
            raise PostponedError(line_about(about, event, text))

    # -- the keys ----------------------------------------------------------------------------------

    def relist(self, progress: Progress) -> None:
        listed_at = self.now()
        keys = self.world.directory.keys(progress.user.ref)
        progress.user, progress.listed_at = replace(progress.user, keys=keys), listed_at

    # -- the secret --------------------------------------------------------------------------------

    def ensure_secret(self, progress: Progress, placeholder: bool = False) -> None:
        """Makes or restores the secret, and puts its policy, where that is still to do."""
        user = progress.user
        secrets, keys = self.world.secrets, user.keys
        state = secrets.prepare(user.ref, progress.secret, keys, placeholder)
        progress.user = replace(user, secret=state)

    def ensure_secret_exists(self, progress: Progress) -> None:
        """What was done must be put on record, also for a user who had no secret so far, or whose
        predecessor's is pending deletion: such a secret takes no record."""
        if not progress.secret.exists or progress.secret.pending_deletion:
            self.ensure_secret(progress)

    def mend_secret(self, progress: Progress, action: Action) -> bool:
        """Makes or restores the secret, and puts right who can read it, if that is not what the
        settings say. Returns whether the owner may not have been able to read it until now.

        Raises UnprotectedSecretError.
        """
        secrets, user, secret = self.world.secrets, progress.user.ref, progress.secret
        if not secret.exists or secret.pending_deletion or secret.user_id != user.id:
            check_tag(self.world, user, secret)
            self.ensure_secret(progress)
        if self.now() - progress.listed_at > REREAD_AFTER:
            progress.user = replace(progress.user, secret=secrets.as_now(progress.secret))
        done = protect(self.world, self.settings, user, progress.secret)
        progress.user = replace(progress.user, secret=done.state)
        about = self.outcome(progress, action)
        progress.lines += [line_about(about, event, text) for event, text in done.said]
        return not done.could_read
