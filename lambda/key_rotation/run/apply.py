"""Carries out one user's decision, step by step, so that dying between any two steps is safe.

The order is create, store, verify, notify, disable. Each method is one verb; what it leaves behind
when it dies half-way is what the next run's decision starts from.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from ..domain.model import (
    AccessKey,
    Action,
    Audience,
    Decision,
    Event,
    Intent,
    KeyStatus,
    ManagedUser,
    NewAccessKey,
    Reason,
    SecretState,
    Stamp,
    UserRef,
    Verb,
)
from ..domain.overrides import limits_for
from ..domain.settings import Settings
from ..notify.events import Transition
from ..notify.mail import (
    REASON_TEXT,
    SUPERSEDED,
    DigestLine,
    InSecret,
    Message,
    Writer,
    blocked_text,
)
from ..notify.response import Row
from ..ports import RefusedError, SlotTakenError, World
from .event_buffer import EventBuffer

# Keys listed longer ago than this are listed again before a change.
REREAD_AFTER = timedelta(seconds=20)
# A key is asked for this soon after the listing that its intent names, or not at all: the answer
# may take some 15 seconds, and a key made more than 60 seconds after it counts as a person's.
CREATE_WITHIN = timedelta(seconds=40)
# IAM is eventually consistent: a new key may be refused for its first seconds.
VERIFY_FOR = timedelta(seconds=30)
VERIFY_EVERY_SECONDS = 2.0

log = logging.getLogger("key_rotation")


class ConcurrentChangeError(Exception):
    """The keys are not what the decision was made of; the next run decides anew."""


class UndoneError(Exception):
    """A disable was taken back, since the key that was to stay is no longer active."""


class NoRecipientError(Exception):
    """What must be told first would reach nobody."""


class EmergencyBlockedError(Exception):
    """An emergency could not be carried out; a person must make room first."""


class _PostponedError(Exception):
    """The rest waits until the operators' digest is sent: they are told on the owner's behalf."""


@dataclass
class Progress:
    """One user in the course of a run.

    `listed_at` is when the keys were read, `note` the reason given for an emergency. `rows` and
    `lines` tell people what was done, `transitions` programs that have not been told yet;
    `pending_record` is an announcement not yet on record.
    """

    user: ManagedUser
    decision: Decision
    listed_at: datetime
    note: str | None = None
    rows: list[Row] = field(default_factory=list)
    lines: list[DigestLine] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    remaining: list[Action] = field(default_factory=list)
    postponed: bool = False
    operators_notified: bool = False
    new_key: AccessKey | None = None
    pending_record: Stamp | None = None

    @property
    def secret(self) -> SecretState:
        assert self.user.secret is not None
        return self.user.secret

    def key(self, access_key_id: str | None) -> AccessKey:
        [key] = [key for key in self.user.keys if key.id == access_key_id]
        return key

    def is_active(self, access_key_id: str) -> bool:
        return any(key.id == access_key_id and key.is_active for key in self.user.keys)

    def is_now_inactive(self, key: AccessKey) -> None:
        """IAM may list it as active for a while."""
        keys = (
            replace(other, status=KeyStatus.INACTIVE) if other.id == key.id else other
            for other in self.user.keys
        )
        self.user = replace(self.user, keys=tuple(keys))

    def is_to_be_disabled(self, access_key_id: str) -> bool:
        return any(
            action.verb is Verb.DISABLE and action.access_key_id == access_key_id
            for action in self.remaining
        )

    def done(self, action: Action, detail: str | None = None) -> None:
        key_id = action.access_key_id
        row = Row(self.user.ref.name, action.verb.value, action.reason.value, key_id, detail)
        self.rows.append(row)
        log.info("done", extra=asdict(row) | ({"note": self.note} if self.note else {}))

    def concurrent_change(self, action: Action, why: str) -> None:
        """The action is left to the next run, which decides anew."""
        detail = f"not done: {action.verb.value}: {why}"
        row = Row(self.user.ref.name, "defer", "concurrent_change", action.access_key_id, detail)
        self.rows.append(row)
        log.info("not done", extra=asdict(row))

    def line(self, event: Event, action: Action, text: str) -> None:
        name = self.user.ref.name
        text = f"{name}: {text}"
        self.lines.append(
            DigestLine(
                event, name, text, action.access_key_id, action.reason.value, self.secret.arn
            )
        )


class Executor:
    """Carries out decisions on the ports of one run; transitions are left in the outbox."""

    def __init__(
        self, world: World, settings: Settings, request_id: str, outbox: EventBuffer
    ) -> None:
        self._directory = world.directory
        self._keys = world.keys
        self._secrets = world.secrets
        self._notifier = world.notifier
        self._clock = world.clock
        self._settings = settings
        self._request_id = request_id
        self._outbox = outbox
        self._verbs: dict[Verb, Callable[[Progress, Action], None]] = {
            Verb.PREPARE: self._prepare,
            Verb.WARN: self._warn,
            Verb.ROTATE: self._rotate,
            Verb.ANNOUNCE: self._announce,
            Verb.DISABLE: self._disable,
            Verb.DELETE: self._delete,
            Verb.RECORD: self._record,
            Verb.FORGET: self._forget,
            Verb.HOLD: self._hold,
            Verb.BLOCK: self._block,
        }

    def apply(self, work: Progress) -> None:
        """Does the actions of the decision in order, up to the first that fails.

        Sets `work.postponed` when the rest may only be done after the operators' digest is sent.
        """
        work.remaining = list(work.decision.actions)
        self._go_on(work)

    def resume(self, work: Progress) -> None:
        """Does what was postponed, now that the operators were told."""
        work.postponed, work.operators_notified = False, True
        self._go_on(work)

    def _go_on(self, work: Progress) -> None:
        try:
            while work.remaining:
                self._verbs[work.remaining[0].verb](work, work.remaining[0])
                del work.remaining[:1]
        except _PostponedError:
            work.postponed = True
        except ConcurrentChangeError as interruption:
            work.concurrent_change(work.remaining[0], str(interruption))
            if work.note is not None:
                raise  # an emergency that is not over must not look like one that is
        finally:
            try:
                self.flush_records(work)
            finally:
                self._outbox.add(work.transitions)
                work.transitions = []

    def flush_records(self, work: Progress) -> None:
        """Puts an announcement on record that is not yet."""
        if work.pending_record is not None:
            self._secrets.record(work.secret, announced=work.pending_record)
            work.pending_record = None

    # -- one method per verb -----------------------------------------------------------------------

    def _prepare(self, work: Progress, action: Action) -> None:
        before = work.secret
        self._ensure_secret(work, placeholder=True)
        if before.pending_deletion:
            if before.announced is not None and sum(key.is_active for key in work.user.keys) == 2:
                self._secrets.forget_announced(work.secret)  # should this run not get to tell anew
            work.line(Event.REPAIRED, action, "the secret was to be deleted, and is restored")
        if before.policy_for is not None:
            self._mend_policy(work, action)
        work.done(action)

    def _warn(self, work: Progress, action: Action) -> None:
        key = work.key(action.access_key_id)
        max_age = limits_for(work.user.tags, self._settings).max_key_age_days
        due = key.created + timedelta(days=max_age)
        message = self._writer(work).warned(key.id, due, _what_is_in(work.secret, key))
        text = f"key {key.id} will be replaced on {due:%Y-%m-%d}"
        self._notify(work, Event.WARNED, message, action, text, first=True)
        work.line(Event.WARNED, action, text)
        self._secrets.record(work.secret, warned=Stamp(key.id, self._clock.now()))
        work.done(action, text)
        self._transition(work, action)

    def _rotate(self, work: Progress, action: Action) -> None:
        user = work.user.ref
        warned = work.secret.warned
        if warned is not None and warned.access_key_id == action.access_key_id:
            self._ensure_secret(work)
        else:
            self._mend_policy(work, action)  # the warning has not looked at it
        self._confirm_unchanged(work)
        present = frozenset(key.id for key in work.user.keys)
        intent = Intent(work.listed_at, self._request_id, present)
        self._secrets.record_intent(work.secret, intent)
        new = self._create(work, intent.time + CREATE_WITHIN)
        try:
            self._secrets.store(user, work.secret, new)
        except RefusedError:
            self._keys.delete(user, new.access_key.id)
            self._secrets.withdraw_intent(work.secret)  # or a retry would wait for another run
            raise
        work.new_key = new.access_key
        work.user = replace(work.user, keys=(*work.user.keys, new.access_key))
        work.done(action, f"new key {new.access_key.id}")
        # IAM will take the new key sooner or later; a leaked one is not left on for longer.
        if not self._verified(user, new) and action.reason is not Reason.EMERGENCY:
            raise ConcurrentChangeError(f"STS does not accept {new.access_key.id} yet")

    def _announce(self, work: Progress, action: Action) -> None:
        key_id = work.new_key.id if work.new_key else action.access_key_id
        assert key_id is not None
        action = replace(action, access_key_id=key_id)
        old = next((key for key in work.user.keys if key.id != key_id), None)
        until = work.decision.old_key_until
        if old is not None and (not old.is_active or work.is_to_be_disabled(old.id)):
            until = None
        while_used = work.decision.while_used
        message = self._writer(work).rotated(
            key_id, old.id if old else None, until, work.note, while_used
        )
        text = f"new key {key_id} is in the secret"
        if old is not None:
            text += f"; the old key {old.id} " + (
                f"works until {until:%Y-%m-%d %H:%M} UTC" if until else "is disabled"
            )
        if until and while_used:
            text += " at the latest, while it is used"
        text += f": {REASON_TEXT[Reason.EMERGENCY]} ({work.note})" if work.note else ""
        self._notify(work, Event.ROTATED, message, action, text, first=True)
        work.line(Event.ROTATED, action, text)
        work.pending_record = Stamp(key_id, self._clock.now())
        work.done(
            action, text + ("; the operators are to pass it on" if work.operators_notified else "")
        )
        self._transition(work, action, old.id if old else None, until)

    def _disable(self, work: Progress, action: Action) -> None:
        key = work.key(action.access_key_id)
        at_once = action.reason is Reason.EMERGENCY
        # Nobody has an orphan's secret, so nobody depends on another key in its place.
        guarded = action.reason is not Reason.ORPHAN
        stays = next(other.id for other in work.user.keys if other is not key) if guarded else None
        self._relist(work)
        if at_once:
            self._wait_until_seen(work, stays)
        if not work.is_active(key.id):
            raise ConcurrentChangeError(f"{key.id} is not active any more")
        if stays is not None and not work.is_active(stays):
            raise ConcurrentChangeError(f"{stays} is not seen active, so {key.id} stays")
        if self._may_be_unreadable(work, action, stays) and self._mend_policy(work, action):
            if action.reason in SUPERSEDED:  # its owner is told anew, and waited for
                self._secrets.forget_announced(work.secret)
            raise ConcurrentChangeError(
                f"the secret could not be read until now, so {key.id} stays"
            )
        why = REASON_TEXT[action.reason]
        if work.new_key is not None and action.reason is Reason.SUPERSEDED:
            why = "it was replaced, and its owner can fetch the new one without it"
        text = f"key {key.id} is disabled: {why}"
        text += f" ({work.note})" if work.note else ""
        in_secret = stays is not None and work.secret.currently_holds(work.key(stays))
        message = self._writer(work).disabled(key.id, action.reason, work.note, in_secret)
        if not at_once:
            self._ensure_secret_exists(work)
        if action.notify and not at_once:
            first = action.reason is Reason.IDLE
            self._notify(work, Event.DISABLED, message, action, text, first)
        self._forget_earlier(work, key)
        self._keys.disable(work.user.ref, key.id)
        if stays is not None and not at_once:  # a leaked key is never switched on again
            self._undo_unless_active(work, key.id, stays)
        work.is_now_inactive(key)
        self._ensure_secret_exists(work)
        inactive_since = Stamp(key.id, self._clock.now())
        self._secrets.record(
            work.secret, announced=work.pending_record, inactive_since=inactive_since
        )
        work.pending_record = None
        work.done(action, text)
        self._transition(work, action)
        if action.notify and at_once:
            self._notify(work, Event.DISABLED, message, action, text)
        if action.notify or action.reason is Reason.ORPHAN:
            work.line(Event.DISABLED, action, text)

    def _delete(self, work: Progress, action: Action) -> None:
        key = work.key(action.access_key_id)
        self._relist(work)
        if key.id not in {present.id for present in work.user.keys}:
            raise ConcurrentChangeError(f"{key.id} is gone already")
        if work.key(key.id).status is not KeyStatus.INACTIVE:
            raise ConcurrentChangeError(f"{key.id} is not inactive any more")
        # Right after the listing: a key that somebody enables in between would be gone for good.
        self._keys.delete(work.user.ref, key.id)
        remaining = tuple(other for other in work.user.keys if other.id != key.id)
        work.user = replace(work.user, keys=remaining)
        text = f"inactive key {key.id} is deleted: {REASON_TEXT[action.reason]}"
        work.done(action, text)
        self._transition(work, action)
        work.line(Event.DELETED, action, text)
        if action.reason is not Reason.ORPHAN:
            message = self._writer(work).deleted(key.id, action.reason)
            self._notify(work, Event.DELETED, message, action, text)

    def _record(self, work: Progress, action: Action) -> None:
        assert action.access_key_id is not None
        self._ensure_secret(work)
        self._secrets.record(
            work.secret, inactive_since=Stamp(action.access_key_id, self._clock.now())
        )
        work.done(action)

    def _forget(self, work: Progress, action: Action) -> None:
        self._secrets.forget_inactive(work.secret)
        work.done(action)

    def _hold(self, work: Progress, action: Action) -> None:
        until = work.decision.old_key_until
        assert until is not None
        assert action.access_key_id is not None
        text = f"key {action.access_key_id} is left on until {until:%Y-%m-%d} at the latest: "
        text += REASON_TEXT[action.reason]
        if action.notify:
            self._record_notice(work, Event.HELD, action.access_key_id)
            message = self._writer(work).held(action.access_key_id, action.reason, until)
            self._notify(work, Event.HELD, message, action, text)
            work.line(Event.HELD, action, text)
            self._transition(work, action, until=until)
        work.done(action, text)

    def _block(self, work: Progress, action: Action) -> None:
        assert action.access_key_id is not None
        text = blocked_text(action.access_key_id, action.reason)
        if action.notify:
            self._record_notice(work, Event.BLOCKED, action.access_key_id)
            message = self._writer(work).blocked(action.access_key_id, action.reason)
            self._notify(work, Event.BLOCKED, message, action, text)
            work.line(Event.BLOCKED, action, text)
            self._transition(work, action)
        work.done(action, text)
        if work.note is not None:
            raise EmergencyBlockedError(text)

    # -- the parts of the verbs --------------------------------------------------------------------

    def _ensure_secret(self, work: Progress, placeholder: bool = False) -> None:
        state = self._secrets.prepare(work.user.ref, work.secret, placeholder)
        work.user = replace(work.user, secret=state)

    def _mend_policy(self, work: Progress, action: Action) -> bool:
        """Makes or repairs the secret, and puts its policy back if somebody changed it; tells
        whether the owner may not have been able to read it until now: for that, or because the
        policy was for the owner by another path.

        If it still reads otherwise then, AWS writes it down in a way that is not known here.
        """
        user, on_record = work.user.ref, work.secret.policy_for
        could_read = (
            on_record is None
            or self._secrets.policy_is_on_record(user, work.secret)
            or self._secrets.may_read(user, work.secret)
        )
        self._ensure_secret(work)
        if work.secret.policy_for != on_record:
            return not could_read
        if self._secrets.policy_is_ours(user, work.secret):
            return False
        work.user = replace(work.user, secret=replace(work.secret, policy_for=None))
        self._ensure_secret(work)
        if not self._secrets.policy_is_ours(user, work.secret):
            return False
        text = "the secret's policy had been changed, and is put back: who may read it is decided "
        work.line(Event.REPAIRED, action, text + "by the rotation's settings")
        return True

    def _may_be_unreadable(self, work: Progress, action: Action, stays: str | None) -> bool:
        """Whether the key that stays may have to be read, under a policy not looked at yet."""
        if work.new_key is not None or stays is None:
            return False
        idle = action.reason is Reason.IDLE and work.secret.currently_holds(work.key(stays))
        return idle or action.reason in SUPERSEDED

    def _ensure_secret_exists(self, work: Progress) -> None:
        """What was done must be put on record, also for a user who had no secret so far."""
        if not work.secret.exists:
            self._ensure_secret(work)

    def _confirm_unchanged(self, work: Progress) -> None:
        """The intent must not be much older than the key that is created under it."""
        if self._clock.now() - work.listed_at <= REREAD_AFTER:
            return
        before = work.user.keys
        self._relist(work)
        if set(work.user.keys) != set(before):
            raise ConcurrentChangeError("the keys have changed in the meantime")

    def _relist(self, work: Progress) -> None:
        listed_at = self._clock.now()
        work.user = replace(work.user, keys=self._directory.keys(work.user.ref))
        work.listed_at = listed_at

    def _forget_earlier(self, work: Progress, key: AccessKey) -> None:
        """A record of when the key was inactive before somebody enabled it must not count, should
        the new one never be written."""
        earlier = work.secret.inactive_since
        if earlier is not None and earlier.access_key_id == key.id:
            self._secrets.forget_inactive(work.secret)

    def _wait_until_seen(self, work: Progress, key_id: str | None) -> None:
        """IAM may not list a key yet that it has just made."""
        give_up_at = self._clock.now() + VERIFY_FOR
        while key_id not in {key.id for key in work.user.keys} and self._clock.now() < give_up_at:
            self._clock.sleep(VERIFY_EVERY_SECONDS)
            self._relist(work)

    def _create(self, work: Progress, by: datetime) -> NewAccessKey:
        try:
            return self._keys.create(work.user.ref, by)
        except SlotTakenError:
            # A person's key must not be taken for one made under our intent; if another run has
            # written its own intent since, that one stands.
            state = self._secrets.describe(work.user.ref)
            if state.intent is not None and state.intent.request_id == self._request_id:
                self._secrets.withdraw_intent(work.secret)
            raise ConcurrentChangeError("another run, or a person, has just made a key") from None
        except RefusedError:
            self._secrets.withdraw_intent(work.secret)
            raise

    def _verified(self, user: UserRef, new: NewAccessKey) -> bool:
        give_up_at = self._clock.now() + VERIFY_FOR
        while not self._keys.works(user, new):
            if self._clock.now() >= give_up_at:
                return False
            self._clock.sleep(VERIFY_EVERY_SECONDS)
        return True

    def _undo_unless_active(self, work: Progress, disabled: str, stays: str) -> None:
        """IAM has no compare-and-set: if the other key went away meanwhile, ours is undone."""
        try:
            self._relist(work)
            problem = None if work.is_active(stays) else f"{stays} is not active any more"
        except Exception as error:
            problem = f"the keys could not be listed afterwards ({type(error).__name__})"
        if problem is not None:
            self._enable_again(work, disabled)
            raise UndoneError(f"{disabled} was enabled again: {problem}")

    def _enable_again(self, work: Progress, key_id: str) -> None:
        """Not left to another run, which could not tell who has disabled it."""
        give_up_at = self._clock.now() + VERIFY_FOR
        while True:
            try:
                self._keys.enable(work.user.ref, key_id)
            except Exception as error:
                if self._clock.now() >= give_up_at:
                    raise UndoneError(
                        f"{key_id} was disabled just now and cannot be enabled again: enable it by "
                        f"hand ({type(error).__name__}: {error})"
                    ) from None
                self._clock.sleep(VERIFY_EVERY_SECONDS)
            else:
                return

    def _record_notice(self, work: Progress, event: Event, key_id: str) -> None:
        """Before the notice itself: one that cannot be recorded must not repeat daily."""
        self._ensure_secret(work)
        self._secrets.record(work.secret, notice=(event, Stamp(key_id, self._clock.now())))

    def _transition(
        self,
        work: Progress,
        action: Action,
        superseded: str | None = None,
        until: datetime | None = None,
    ) -> None:
        assert action.access_key_id is not None
        work.transitions.append(
            Transition(
                action.verb,
                self._clock.now(),
                work.user.ref,
                action.access_key_id,
                action.reason.value,
                work.secret.arn,
                self._settings.name,
                self._request_id,
                superseded,
                until,
                work.note,
            )
        )

    def _writer(self, work: Progress) -> Writer:
        return Writer(work.user.ref, work.secret.arn)

    def _notify(
        self,
        work: Progress,
        event: Event,
        message: Message,
        action: Action,
        text: str,
        first: bool = False,
    ) -> None:
        """Tells the user; a user with no confirmed subscription is told through the operators.

        With `first` nothing that follows may be done before somebody was told.
        """
        audience = self._notifier.audience(work.user.ref, event)
        if first and audience is Audience.NOBODY and self._settings.require_confirmed_subscription:
            raise NoRecipientError(f"no confirmed subscription admits the event {event.value!r}")
        if audience is not Audience.OPERATOR:
            self._notifier.notify(work.user.ref, event, message)
        elif first and not work.operators_notified:
            work.line(event, action, f"{text}. No confirmed subscription: please pass it on")
            raise _PostponedError


def _what_is_in(secret: SecretState, key: AccessKey) -> InSecret:
    """What a plain read returns while `key` is the one to be replaced."""
    if secret.currently_holds(key):
        return InSecret.PRESENT_KEY
    announced = secret.announced
    if announced is not None and secret.is_current(announced.access_key_id):
        return InSecret.EARLIER_KEY
    return InSecret.PLACEHOLDER
