"""One user at one moment: the terms in which the decision table is written.

A term that needs a fact which is not read yet raises UnreadError; the decision then asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from .action import Fact
from .ages import RECENT, recent
from .model import (
    AccessKey,
    Audience,
    Event,
    KeyStatus,
    LastUse,
    Limits,
    ManagedUser,
    SecretState,
    version_id,
)
from .overrides import limits_for
from .settings import Settings

# A run may be at work on a user for this long: no Lambda lives longer than 15 minutes.
IN_PROGRESS_FOR = timedelta(minutes=20)
# A key made by a run is created this soon after that run listed the keys, or it is not the run's.
CREATED_WITHIN = timedelta(seconds=60)
# IAM dates keys in whole seconds, so a key may seem a moment older than the listing before it.
CLOCK_GRAIN = timedelta(seconds=1)
# A key that this run did not create counts as verified at this age: IAM has settled by then.
VERIFIED_AFTER = timedelta(hours=1)
# No message names an end that is further away than this: such a record is not ours.
LONGEST_PROMISE = timedelta(days=366)
# Notices that repeat do so at most this often per key.
REMIND_EVERY = timedelta(days=7)


class UnreadError(Exception):
    """A term needs this fact, which nobody has read yet."""

    def __init__(self, fact: Fact) -> None:
        self.fact = fact


@dataclass(frozen=True)
class Situation:
    """A user, the settings, and the time (aware, UTC). `requested`: somebody asked for the user's
    rotation, so that no key is too young for it."""

    user: ManagedUser
    settings: Settings
    now: datetime
    requested: bool = False

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
        """The secret, without what it records about a predecessor of the same name."""
        secret = self.user.secret
        if secret is None:
            raise UnreadError(Fact.SECRET)
        if secret.user_id in (None, self.user.ref.id):
            return secret
        return SecretState(
            name=secret.name,
            arn=secret.arn,
            pending_deletion=secret.pending_deletion,
            managed_by=secret.managed_by,
            user_id=secret.user_id,
        )

    # -- age and use -------------------------------------------------------------------------------

    def age(self, key: AccessKey) -> timedelta:
        return self.now - key.created

    def is_recent(self, key: AccessKey) -> bool:
        """So young that its secret is looked at, whatever else is due."""
        is_alone = len(self.keys) == 1
        limit = recent(self.settings, self.user.ref.name) if is_alone else RECENT
        return self.age(key) < limit

    def is_due(self, key: AccessKey) -> bool:
        """Old enough, and not before the day that a warning named. A leaked key at any age, and one
        whose rotation was requested: the named day is kept as the end of the old key."""
        if self.is_leaked(key) or self.requested:
            return True
        old_enough = self.age(key) >= timedelta(days=self.limits.max_key_age_days)
        return old_enough and not self.is_promised(key)

    def in_warning_window(self, key: AccessKey) -> bool:
        """In the warning window, or past it; or its rotation was requested."""
        if self.requested:
            return True
        days = self.limits.max_key_age_days - self.settings.warn_before_days
        return self.age(key) >= timedelta(days=days)

    def last_use(self, key: AccessKey) -> LastUse | None:
        if self.user.last_used is None:
            raise UnreadError(Fact.LAST_USED)
        return self.user.last_used[key.id]

    def last_used(self, key: AccessKey) -> datetime | None:
        use = self.last_use(key)
        return use.time if use else None

    # -- what was said and heard of a key ----------------------------------------------------------

    def promised_end(self, key: AccessKey) -> datetime | None:
        """The end of this key that a message to its owner named. No run but an emergency brings it
        forward, whatever settings and tags say by then."""
        stamp = self.secret.works_until
        if stamp is None or stamp.access_key_id != key.id:
            return None
        return stamp.time if stamp.time - self.now <= LONGEST_PROMISE else None

    def is_promised(self, key: AccessKey) -> bool:
        end = self.promised_end(key)
        return end is not None and self.now < end

    def is_leaked(self, key: AccessKey) -> bool:
        """Reported as leaked, by record."""
        return key.id in self.secret.leaked

    # -- the secret --------------------------------------------------------------------------------

    @property
    def secret_is_unmanaged(self) -> bool:
        """The secret's name is taken by a secret that this installation did not make."""
        return self.secret.exists and self.secret.managed_by != self.settings.name

    @property
    def secret_is_owners(self) -> bool:
        return self.secret.exists and self.secret.user_id == self.user.ref.id

    def is_delivered(self, key: AccessKey) -> bool:
        return (
            self.secret_is_owners
            and not self.secret.pending_deletion
            and self.secret.currently_holds(key)
        )

    @property
    def delivered_key(self) -> AccessKey | None:
        return next((key for key in self.active if self.is_delivered(key)), None)

    def is_announced(self, key: AccessKey) -> bool:
        stamp = self.secret.announced
        return self.is_delivered(key) and stamp is not None and stamp.access_key_id == key.id

    @property
    def is_announced_late(self) -> bool:
        """A run delivered a key and did not get to announce it."""
        key = self.delivered_key
        return key is not None and not self.is_announced(key)

    @property
    def changed_by_hand(self) -> AccessKey | None:
        """The key that was announced, if a plain read does not return it any more and no rotation
        will mend that: the older of two, or one whose window has not begun."""
        stamp = self.secret.announced
        if stamp is None or not self.secret_is_owners or self.delivered_key is not None:
            return None
        key = next((key for key in self.active if key.id == stamp.access_key_id), None)
        if key is None or (len(self.active) == 1 and self.in_warning_window(key)):
            return None
        return key

    # -- a first key ------------------------------------------------------------------------------

    @property
    def wants_first_key(self) -> bool:
        """The settings ask for a key for this user, if there never was one of ours."""
        return self.settings.options_of(self.user.ref.name).first_key

    @property
    def had_a_key(self) -> bool:
        """One of ours, by record, or by the secret: a record can be removed, a value cannot."""
        return self.secret.announced is not None or bool(self._values)

    @property
    def _values(self) -> set[str]:
        """The versions of the secret that are no placeholder."""
        return self.secret.values_for(self.user.ref.id)

    def is_first(self, key: AccessKey) -> bool:
        """A run made it for a user without a key, and nobody was notified yet."""
        alone = self._values == {version_id(key.id)} and self.secret.announced is None
        return alone and self._was_made_beside_none(key)

    def supersedes(self, newer: AccessKey, older: AccessKey) -> bool:
        """The newer key was announced, to be used in place of the older one. A first key is in the
        place of none: one that a person made at the same time is theirs."""
        if not self.is_announced(newer):
            return False
        return self.secret.holds(older) or not self._was_made_beside_none(newer)

    def _was_made_beside_none(self, key: AccessKey) -> bool:
        intent = self.secret.intent
        if intent is None or intent.key_ids:
            return False
        return -CLOCK_GRAIN <= key.created - intent.time <= CREATED_WITHIN

    # -- inactive keys -----------------------------------------------------------------------------

    def inactive_since(self, key: AccessKey) -> datetime | None:
        """By record. A record older than the user's other key does not count: in between the user
        may have had this key alone, active, and no run looked."""
        stamp = self.secret.inactive_since
        if stamp is None or stamp.access_key_id != key.id:
            return None
        others = (other for other in self.keys if other.id != key.id)
        if any(other.created - CLOCK_GRAIN > stamp.time for other in others):
            return None
        return stamp.time

    def may_be_deleted(self, key: AccessKey) -> bool:
        """Promise 4: seen inactive, by record, for `delete_after_days`."""
        since = self.inactive_since(key)
        return (
            key.status is KeyStatus.INACTIVE
            and since is not None
            and self.now - since >= timedelta(days=self.settings.delete_after_days)
        )

    # -- who would be notified, and who could fetch a key ------------------------------------------

    @property
    def only_a_key_can_fetch(self) -> bool:
        """The owner has no console password, and nobody else may read the secret."""
        if self.settings.readers_of(self.user.ref.name):
            return False
        if self.user.has_password is None:
            raise UnreadError(Fact.PASSWORD)
        return not self.user.has_password

    @property
    def has_no_recipient(self) -> bool:
        """The settings ask for a confirmed subscription, and there is none."""
        return self.settings.require_confirmed_subscription and self.is_heard_by_nobody

    @property
    def is_heard_by_nobody(self) -> bool:
        """There is no confirmed subscription, whether or not the settings ask for one."""
        if self.user.audience is None:
            raise UnreadError(Fact.AUDIENCE)
        return self.user.audience is Audience.NOBODY

    def notice_is_due(self, event: Event, key: AccessKey) -> bool:
        return notice_is_due(self.secret, event, key.id, self.now)

    def is_day_of_notice(self, key: AccessKey) -> bool:
        """Where no record can say when the last notice went out, the age of the key does: on the
        first day of its warning window, and every 7 days from there. A run a day sends one."""
        begins = timedelta(days=self.limits.max_key_age_days - self.settings.warn_before_days)
        return (self.age(key) - begins).days % REMIND_EVERY.days == 0


def notice_is_due(secret: SecretState, event: Event, access_key_id: str, now: datetime) -> bool:
    """Whether a notice that repeats may go out again for this key."""
    last = secret.notices.get(event)
    return last is None or last.access_key_id != access_key_id or now - last.time >= REMIND_EVERY
