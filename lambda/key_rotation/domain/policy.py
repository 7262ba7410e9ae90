"""What to do for one user: pure, over frozen data, standard library only.

The table in docs/architecture.md is the specification; tests/unit/test_policy.py is that table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from itertools import takewhile

from .model import (
    AccessKey,
    Action,
    Audience,
    Decision,
    Event,
    Fact,
    KeyStatus,
    Limits,
    ManagedUser,
    Needs,
    Reason,
    SecretState,
    Stamp,
    Verb,
)
from .overrides import limits_for
from .settings import Settings

# A run may be at work on a user for this long: no Lambda lives longer than 15 minutes.
IN_PROGRESS_FOR = timedelta(minutes=20)
# A key made by a run is created this soon after that run listed the keys, or it is not the run's.
CREATED_WITHIN = timedelta(seconds=60)
# IAM dates keys in whole seconds, so a key may seem a moment older than the listing before it.
CLOCK_GRAIN = timedelta(seconds=1)
# An orphan that was never used is deleted this long after it was made inactive.
ORPHAN_DELETED_AFTER = timedelta(hours=6)
# A key that this run did not create counts as verified at this age: IAM has settled by then.
VERIFIED_AFTER = timedelta(hours=1)
# A single key this young may be what a run that died left behind, so its secret is looked at.
RECENT = timedelta(days=3)
# Notices that repeat do so at most this often per key.
REMIND_EVERY = timedelta(days=7)
_NOTIFIED_FIRST = (Verb.PREPARE, Verb.WARN, Verb.ROTATE)


def decide(user: ManagedUser, settings: Settings, now: datetime) -> Decision | Needs:
    """What to do for `user` at `now` (aware, UTC), or which fact must be read first.

    With every fact of `user` read it always returns a Decision.
    """
    try:
        return _Case(user, settings, now).decide()
    except _UnreadError as unread:
        return Needs(unread.fact)


def decide_emergency(
    user: ManagedUser, access_key_id: str, settings: Settings, now: datetime
) -> Decision | Needs:
    """What to do to replace and disable the named key at once; no other key is disabled.

    The named key must be one of `user.keys`.
    """
    try:
        return _Case(user, settings, now).decide_emergency(access_key_id)
    except _UnreadError as unread:
        return Needs(unread.fact)


def notice_is_due(secret: SecretState, event: Event, access_key_id: str, now: datetime) -> bool:
    """Whether a notice that repeats may go out again for this key."""
    last = secret.notices.get(event)
    return last is None or last.access_key_id != access_key_id or now - last.time >= REMIND_EVERY


class _UnreadError(Exception):
    def __init__(self, fact: Fact) -> None:
        self.fact = fact


@dataclass(frozen=True)
class _Case:
    """One user at one moment; each method is a row, or a term, of the table."""

    user: ManagedUser
    settings: Settings
    now: datetime

    # -- the table ---------------------------------------------------------------------------------

    def decide(self) -> Decision:
        quiet = self._quiet()
        if quiet is not None:
            return Decision((), quiet)
        if self._is_unmanaged():
            return self._foreign()
        if self._busy():
            return Decision((), Reason.IN_PROGRESS)
        return self._forgetting(self._row())

    def _row(self) -> Decision:
        if self.secret.pending_deletion and self._is_owners():
            return self._restored()
        for key in self.keys:
            if self._is_orphan(key):
                return self._orphan(key)
        if self._is_announced_late():
            return self._announce_late()
        changed = self._changed_by_hand()
        if changed is not None:
            return self._blocked(changed, Reason.SECRET_CHANGED)
        if len(self.keys) == 2:
            return self._two(*self.keys)
        return self._one(self.keys[0]) if self.keys else Decision((), Reason.NO_KEY)

    def decide_emergency(self, access_key_id: str) -> Decision:
        [key] = [key for key in self.keys if key.id == access_key_id]
        others = [other for other in self.keys if other is not key]
        if not key.is_active:
            if self._is_announced_late():
                return self._announce_late()
            return Decision((), Reason.ALREADY_INACTIVE)
        if self._is_unmanaged():
            return self._blocked(key, Reason.UNMANAGED_SECRET)
        make_room: tuple[Action, ...] = ()
        for other in others:
            if other.is_active and not self._may_be_an_orphan(other):
                announce = (
                    (Action(Verb.ANNOUNCE, Reason.NOT_ANNOUNCED, other.id),)
                    if self._is_delivered(other) and not self._is_announced(other)
                    else ()
                )
                disable = Action(Verb.DISABLE, Reason.EMERGENCY, key.id)
                prepare = self._prepare_to_be_sure(other)
                return Decision((*prepare, disable, *announce), Reason.EMERGENCY)
            if not self._may_make_room(other):
                return self._blocked(key, Reason.SLOT_TAKEN, self._record(other))
            make_room = (Action(Verb.DELETE, Reason.SLOT_TAKEN, other.id),)
        actions = (
            *make_room,
            Action(Verb.ROTATE, Reason.EMERGENCY, key.id),
            Action(Verb.DISABLE, Reason.EMERGENCY, key.id, notify=False),
            Action(Verb.ANNOUNCE, Reason.EMERGENCY),
        )
        return Decision(actions, Reason.EMERGENCY)

    def _prepare_to_be_sure(self, other: AccessKey) -> tuple[Action, ...]:
        """A key this new may be what a run left behind whose secret is only not seen yet; making
        the secret fails then, and the next try sees both. One that is to be deleted is restored."""
        is_there = self.secret.exists and not self.secret.pending_deletion
        if is_there or (self._age(other) >= IN_PROGRESS_FOR and not self.secret.exists):
            return ()
        return (Action(Verb.PREPARE, Reason.EMERGENCY),)

    def _quiet(self) -> Reason | None:
        """Why nothing can be due, told from the keys alone; None when more must be read."""
        if not self.keys:
            return Reason.NO_KEY
        if any(self._age(key) < RECENT for key in self.keys):
            return None
        if not self.active:
            return Reason.NOT_ACTIVE
        if len(self.keys) == 1 and not self._in_warning_window(self.keys[0]):
            return Reason.NOT_DUE
        return None

    def _foreign(self) -> Decision:
        """The secret's name is taken by a secret that is not ours: nothing can be stored."""
        for key in self.active:
            if self._in_warning_window(key):
                return self._blocked(key, Reason.UNMANAGED_SECRET)
        return Decision((), Reason.UNMANAGED_SECRET)

    def _restored(self) -> Decision:
        """A secret that is pending deletion while its owner is still managed is restored first. It
        could not be read until now, so that who is to move to its key is told anew."""
        told = self.secret.announced if len(self.active) < 2 else None
        secret = replace(self.secret, pending_deletion=False, announced=told)
        then = replace(self, user=replace(self.user, secret=secret))._row()
        restore = Action(Verb.PREPARE, Reason.SECRET_PENDING_DELETION)
        return replace(then, actions=(restore, *then.actions))

    def _orphan(self, key: AccessKey) -> Decision:
        """Inactive by the run that finds it, deleted by a later one; then decide again."""
        if key.is_active:
            first = Action(Verb.DISABLE, Reason.ORPHAN, key.id, notify=False)
        elif (since := self._inactive_since(key)) is None:
            first = Action(Verb.RECORD, Reason.ORPHAN, key.id)
        elif self.now - since < ORPHAN_DELETED_AFTER:
            return Decision((), Reason.ORPHAN_PENDING)
        else:
            others = tuple(other for other in self.keys if other is not key)
            case = replace(self, user=replace(self.user, keys=others))
            quiet = case._quiet()
            then = case._row() if quiet is None else Decision((), quiet)
            delete = Action(Verb.DELETE, Reason.ORPHAN, key.id)
            return replace(then, actions=(delete, *then.actions))
        return Decision((first,), Reason.ORPHAN)

    def _announce_late(self) -> Decision:
        """A delivered key that no run got to announce, and then what follows from that, up to what
        needs a word of its own before it: the operators get one digest a run."""
        key = self._delivered_key()
        assert key is not None
        if self._no_confirmed_subscription():
            return self._blocked(key, Reason.NO_CONFIRMED_SUBSCRIPTION)
        secret = replace(self.secret, announced=Stamp(key.id, self.now))
        case = replace(self, user=replace(self.user, secret=secret))
        announce = Action(Verb.ANNOUNCE, Reason.NOT_ANNOUNCED, key.id)
        if len(self.keys) == 2 and self.keys[1] is key:
            then, old = case._pair(*self.keys), self.keys[0]
            until, while_used = case._old_key_until(old) if old.is_active else (None, False)
        else:
            then, until, while_used = Decision((), Reason.NOT_ANNOUNCED), None, False
        told = tuple(
            replace(action, notify=False) if action.verb is Verb.DISABLE else action
            for action in takewhile(lambda action: action.verb not in _NOTIFIED_FIRST, then.actions)
        )
        return Decision((announce, *told), Reason.NOT_ANNOUNCED, until, while_used)

    def _one(self, key: AccessKey) -> Decision:
        if not key.is_active:
            return Decision((), Reason.NOT_ACTIVE)
        if self._is_due(key):
            return self._rotate(key)
        if self._in_warning_window(key):
            return self._warn(key)
        return Decision((), Reason.NOT_DUE)

    def _two(self, older: AccessKey, newer: AccessKey) -> Decision:
        if newer.is_active and self._is_announced(newer):
            return self._pair(older, newer)
        match self.active:
            case [_, _]:
                return self._two_active()
            case [key]:
                return self._one_active(key, older if key is newer else newer)
            case _:
                return Decision((), Reason.NOT_ACTIVE)

    def _pair(self, older: AccessKey, newer: AccessKey) -> Decision:
        """The newer key is delivered, announced and active; the older one is superseded."""
        if not older.is_active:
            return self._one_active(newer, older)
        disable = Action(Verb.DISABLE, Reason.SUPERSEDED, older.id)
        if self.now < self._grace_ends():
            return Decision((), Reason.IN_GRACE)
        on_hold = self._on_hold(older)
        if on_hold is not None and self.now < self._ceiling(newer):
            hold = Action(Verb.HOLD, on_hold, older.id, self._remind(Event.HELD, older))
            until = self._held_until(on_hold, self._ceiling(newer))
            return Decision((hold,), on_hold, until)
        if self._age(newer) < VERIFIED_AFTER:
            return Decision((), Reason.UNVERIFIED)
        if on_hold is not None:
            disable = replace(disable, reason=Reason.OVERLAP_CEILING)
        return Decision((disable,), disable.reason)

    def _one_active(self, key: AccessKey, other: AccessKey) -> Decision:
        """One active key; the other slot holds a key that is inactive or expired."""
        superseded = self._is_announced(key) and other.created <= key.created
        record = self._record(other)
        if self._may_be_deleted(other) and (superseded or self._is_due(key)):
            reason = Reason.SUPERSEDED if superseded else Reason.SLOT_TAKEN
            delete = Action(Verb.DELETE, reason, other.id)
            then = self._one(key)
            if any(action.verb is Verb.BLOCK for action in then.actions):
                return then  # the deletion makes room for a rotation that will not happen
            return replace(
                then,
                actions=(delete, *then.actions),
                reason=then.reason if then.actions else reason,
            )
        if self._is_due(key):
            reason = (
                Reason.SLOT_TAKEN_BY_EXPIRED_KEY
                if other.status is KeyStatus.EXPIRED
                else Reason.SLOT_TAKEN
            )
            return self._blocked(key, reason, record)
        if self._in_warning_window(key):
            then = self._warn(key)
            return replace(then, actions=(*record, *then.actions))
        if record and not superseded and not self._recording_pays(key):
            record = ()
        reason = Reason.WAITING_TO_DELETE if superseded else Reason.NOT_DUE
        return Decision(record, Reason.SEEN_INACTIVE if record else reason)

    def _two_active(self) -> Decision:
        """Two active keys that are not a pair of ours."""
        idle = self._idle_key()
        if idle is not None:
            if self._no_confirmed_subscription():
                return self._blocked(idle, Reason.NO_CONFIRMED_SUBSCRIPTION)
            return Decision((Action(Verb.DISABLE, Reason.IDLE, idle.id),), Reason.IDLE)
        oldest = self.keys[0]
        if self._is_due(oldest):
            return self._blocked(oldest, Reason.TWO_ACTIVE_KEYS_DUE)
        return Decision((), Reason.TWO_ACTIVE)

    def _rotate(self, key: AccessKey) -> Decision:
        if self._no_confirmed_subscription():
            return self._blocked(key, Reason.NO_CONFIRMED_SUBSCRIPTION)
        rotate = Action(Verb.ROTATE, Reason.KEY_TOO_OLD, key.id)
        announce = Action(Verb.ANNOUNCE, Reason.KEY_TOO_OLD)
        actions: tuple[Action, ...] = (rotate, announce)
        until, while_used = self._old_key_until(key)
        if until <= self.now:
            actions = (*actions, Action(Verb.DISABLE, Reason.SUPERSEDED, key.id, notify=False))
        return Decision(actions, Reason.KEY_TOO_OLD, until, while_used)

    def _warn(self, key: AccessKey) -> Decision:
        warned = self.secret.warned
        if warned is not None and warned.access_key_id == key.id and self._is_owners():
            return Decision((), Reason.WARNED_ALREADY)
        if self._no_confirmed_subscription():
            return self._blocked(key, Reason.NO_CONFIRMED_SUBSCRIPTION)
        actions = (
            Action(Verb.PREPARE, Reason.WARNING_WINDOW, key.id),
            Action(Verb.WARN, Reason.WARNING_WINDOW, key.id),
        )
        return Decision(actions, Reason.WARNING_WINDOW)

    def _blocked(self, key: AccessKey, reason: Reason, first: tuple[Action, ...] = ()) -> Decision:
        # Nobody can be told, or nothing can be written down: the response and the metric tell.
        silent = reason in (Reason.NO_CONFIRMED_SUBSCRIPTION, Reason.UNMANAGED_SECRET)
        notify = not silent and self._remind(Event.BLOCKED, key)
        return Decision((*first, Action(Verb.BLOCK, reason, key.id, notify)), reason)

    def _record(self, key: AccessKey) -> tuple[Action, ...]:
        """Write down that a key was first seen inactive; an expired key is never deleted."""
        if key.status is not KeyStatus.INACTIVE or self._inactive_since(key) is not None:
            return ()
        return (Action(Verb.RECORD, Reason.SEEN_INACTIVE, key.id),)

    def _forgetting(self, then: Decision) -> Decision:
        """The decision, after the record of a key that is active again is cleared. Disabling that
        key clears it, too."""
        stamp = self.secret.inactive_since
        if stamp is None or stamp.access_key_id not in {key.id for key in self.active}:
            return then
        forget = Action(Verb.FORGET, Reason.SEEN_ACTIVE, stamp.access_key_id)
        if any(
            action.verb is Verb.DISABLE and action.access_key_id == forget.access_key_id
            for action in then.actions
        ):
            return then
        return replace(then, actions=(forget, *then.actions))

    # -- the terms of the table --------------------------------------------------------------------

    @cached_property
    def keys(self) -> tuple[AccessKey, ...]:
        """Oldest first."""
        return tuple(sorted(self.user.keys, key=lambda key: (key.created, key.id)))

    @property
    def active(self) -> list[AccessKey]:
        return [key for key in self.keys if key.is_active]

    @cached_property
    def limits(self) -> Limits:
        return limits_for(self.user.tags, self.settings)

    @cached_property
    def secret(self) -> SecretState:
        """The secret, without what it tells about a predecessor of the same name."""
        secret = self.user.secret
        if secret is None:
            raise _UnreadError(Fact.SECRET)
        if secret.user_id in (None, self.user.ref.id):
            return secret
        return SecretState(
            name=secret.name,
            arn=secret.arn,
            pending_deletion=secret.pending_deletion,
            managed_by=secret.managed_by,
            user_id=secret.user_id,
        )

    def _age(self, key: AccessKey) -> timedelta:
        return self.now - key.created

    def _is_due(self, key: AccessKey) -> bool:
        return self._age(key) >= timedelta(days=self.limits.max_key_age_days)

    def _in_warning_window(self, key: AccessKey) -> bool:
        """In the warning window, or past it."""
        days = self.limits.max_key_age_days - self.settings.warn_before_days
        return self._age(key) >= timedelta(days=days)

    def _recording_pays(self, key: AccessKey) -> bool:
        """Whether the other, inactive key must be on record by now to be deletable in time."""
        days = (
            self.limits.max_key_age_days
            - self.settings.warn_before_days
            - self.settings.delete_after_days
        )
        return self.secret.exists or self._age(key) >= timedelta(days=days)

    def _is_unmanaged(self) -> bool:
        return self.secret.exists and self.secret.managed_by != self.settings.name

    def _is_owners(self) -> bool:
        return self.secret.exists and self.secret.user_id == self.user.ref.id

    def _is_delivered(self, key: AccessKey) -> bool:
        return (
            self._is_owners()
            and not self.secret.pending_deletion
            and self.secret.currently_holds(key)
        )

    def _delivered_key(self) -> AccessKey | None:
        return next((key for key in self.active if self._is_delivered(key)), None)

    def _is_announced(self, key: AccessKey) -> bool:
        stamp = self.secret.announced
        return self._is_delivered(key) and stamp is not None and stamp.access_key_id == key.id

    def _is_announced_late(self) -> bool:
        key = self._delivered_key()
        return key is not None and not self._is_announced(key)

    def _changed_by_hand(self) -> AccessKey | None:
        """The key that was announced, if a plain read does not return it any more and no rotation
        will mend that: the older of two, or one whose window has not begun."""
        stamp = self.secret.announced
        if stamp is None or not self._is_owners() or self._delivered_key() is not None:
            return None
        key = next((key for key in self.active if key.id == stamp.access_key_id), None)
        if key is None or (len(self.active) == 1 and self._in_warning_window(key)):
            return None
        return key

    def _busy(self) -> bool:
        """Whether another run may be between two of its steps on this user just now."""
        intent = self.secret.intent
        if intent is not None and self.now - intent.time < IN_PROGRESS_FOR:
            key = self._delivered_key()
            if key is None or not self._is_announced(key):
                return True
        return any(
            self._age(key) < IN_PROGRESS_FOR and not self._is_delivered(key) for key in self.active
        )

    def _is_orphan(self, key: AccessKey) -> bool:
        if not self._may_be_an_orphan(key) or self._age(key) < IN_PROGRESS_FOR:
            return False
        return self._last_used(key) is None

    def _may_be_an_orphan(self, key: AccessKey) -> bool:
        intent = self.secret.intent
        if intent is None or key.status is KeyStatus.EXPIRED or self.secret.holds(key):
            return False
        announced = self.secret.announced
        if announced is not None and announced.access_key_id == key.id:
            return False  # its owner was told where it is, and may have fetched it
        since_intent = key.created - intent.time
        return key.id not in intent.key_ids and -CLOCK_GRAIN <= since_intent <= CREATED_WITHIN

    def _last_used(self, key: AccessKey) -> datetime | None:
        if self.user.last_used is None:
            raise _UnreadError(Fact.LAST_USED)
        return self.user.last_used[key.id]

    def _inactive_since(self, key: AccessKey) -> datetime | None:
        """By record. One that is older than the user's other key does not count: in between the
        user may have had this key alone, active, and nobody looked."""
        stamp = self.secret.inactive_since
        if stamp is None or stamp.access_key_id != key.id:
            return None
        others = (other for other in self.keys if other.id != key.id)
        if any(other.created - CLOCK_GRAIN > stamp.time for other in others):
            return None
        return stamp.time

    def _may_be_deleted(self, key: AccessKey) -> bool:
        """Rule 4: seen inactive, by record, for `delete_after_days`."""
        since = self._inactive_since(key)
        return (
            key.status is KeyStatus.INACTIVE
            and since is not None
            and self.now - since >= timedelta(days=self.settings.delete_after_days)
        )

    def _may_make_room(self, key: AccessKey) -> bool:
        since = self._inactive_since(key)
        if since is not None and self._is_orphan(key):
            return not key.is_active and self.now - since >= ORPHAN_DELETED_AFTER
        return self._may_be_deleted(key)

    def _no_confirmed_subscription(self) -> bool:
        if not self.settings.require_confirmed_subscription:
            return False
        if self.user.audience is None:
            raise _UnreadError(Fact.AUDIENCE)
        return self.user.audience is Audience.NOBODY

    def _grace_days(self) -> int:
        """Days in which both keys work: long enough to fetch the new key with the old one,
        for a user who has no other way to fetch it."""
        grace, fetch = self.limits.grace_days, self.settings.min_grace_days_without_console
        if grace >= fetch or self.settings.secret_reader_arns:
            return grace
        if self.user.has_password is None:
            raise _UnreadError(Fact.PASSWORD)
        return grace if self.user.has_password else fetch

    def _grace_ends(self) -> datetime:
        """Grace counts from when the owner was told, which is never before the key was made."""
        announced = self.secret.announced
        assert announced is not None
        return announced.time + timedelta(days=self._grace_days())

    def _ceiling(self, newer: AccessKey) -> datetime:
        return newer.created + timedelta(days=self.settings.max_overlap_days)

    def _hold_ends(self) -> datetime | None:
        """The end of the day that the override tag names."""
        if self.limits.hold_until is None:
            return None
        midnight = datetime.combine(self.limits.hold_until, time.min, UTC)
        try:
            return midnight + timedelta(days=1)
        except OverflowError:
            return midnight

    def _on_hold(self, key: AccessKey) -> Reason | None:
        ends = self._hold_ends()
        if ends is not None and self.now < ends:
            return Reason.HOLD_UNTIL
        days = self.settings.hold_while_used_days
        if days == 0:
            return None
        used = self._last_used(key)
        in_use = used is not None and self.now - used < timedelta(days=days)
        return Reason.STILL_IN_USE if in_use else None

    def _held_until(self, on_hold: Reason, ceiling: datetime) -> datetime:
        """Use may last up to the ceiling; a tag names its day, which may be over by then."""
        ends = self._hold_ends() if on_hold is Reason.HOLD_UNTIL else None
        return min(ends or ceiling, ceiling)

    def _old_key_until(self, key: AccessKey) -> tuple[datetime, bool]:
        """When the key that is superseded now will be disabled at the latest, as far as can be told
        today, and whether it may be so before, since it is left on only while it is used."""
        grace = self.now + timedelta(days=self._grace_days())
        on_hold = self._on_hold(key)
        if on_hold is None:
            return grace, False
        ceiling = self.now + timedelta(days=self.settings.max_overlap_days)
        until = max(grace, self._held_until(on_hold, ceiling))
        return until, on_hold is Reason.STILL_IN_USE and until > grace

    def _idle_key(self) -> AccessKey | None:
        """The one of two active keys that may be disabled for being idle.

        The key that stays must be one that somebody surely has: in use, or delivered.
        """
        limit = timedelta(days=self.settings.idle_after_days)
        if all(self._age(key) < limit for key in self.keys):
            return None

        def last_sign(key: AccessKey) -> datetime:
            return max(key.created, self._last_used(key) or key.created)

        for idle, other in (self.keys, reversed(self.keys)):
            if self.now - last_sign(idle) < limit:
                continue
            # A new key was tried by ourselves, which is no sign that somebody has it.
            used = self._last_used(other)
            other_in_use = (
                used is not None
                and used - other.created >= VERIFIED_AFTER
                and self.now - used < limit
            )
            if other_in_use or self._is_delivered(other):
                return idle
        return None

    def _remind(self, event: Event, key: AccessKey) -> bool:
        return notice_is_due(self.secret, event, key.id, self.now)
