"""What must hold when an old key goes, or is said to: by what a decision knew, and by the truth.

Written down apart from `domain/hand_over.py`, so that the two are held against each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from key_rotation.domain.action import Action, Decision, Reason, Verb
from key_rotation.domain.model import (
    AccessKey,
    Audience,
    Event,
    ManagedUser,
    SecretState,
    version_id,
)
from key_rotation.domain.overrides import limits_for
from key_rotation.domain.settings import Settings
from tests.unit.builders import has_reader, time_of

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ENDS = (Reason.SUPERSEDED, Reason.MOVED, Reason.OVERLAP_CEILING)


def notice_of(settings: Settings) -> timedelta:
    """How long the operators know of the end of a hold at the least."""
    return timedelta(days=max(1, settings.remind_before_days))


# -- what a decision knew --------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A superseded key, its successor, and what is seen of their owner at `now`. `announced` is now
    if this decision announces the successor."""

    user: ManagedUser
    settings: Settings
    now: datetime
    older: AccessKey
    newer: AccessKey
    announced: datetime

    @property
    def secret(self) -> SecretState:
        assert self.user.secret is not None
        return self.user.secret

    @property
    def named_end(self) -> datetime | None:
        """By record; one that is years away is not ours."""
        stamp = self.secret.works_until
        if stamp is None or stamp.access_key_id != self.older.id:
            return None
        return stamp.time if stamp.time - self.now <= 366 * DAY else None

    @property
    def fetches_without_a_key(self) -> bool:
        return bool(self.user.has_password or has_reader(self.settings, self.user.ref.name))

    @property
    def days_given(self) -> int:
        """The grace, or up to the end that a message named."""
        grace = limits_for(self.user.tags, self.settings).grace_days
        if not self.fetches_without_a_key:
            grace = max(grace, self.settings.min_grace_days_without_console)
        named = self.named_end
        return max(grace, (named - self.announced + 12 * HOUR).days if named else 0)

    @property
    def uses_new(self) -> bool:
        used = self.used(self.newer)
        return used is not None and used >= self.newer.created + HOUR

    @property
    def has_moved(self) -> bool:
        old, new = self.used(self.older), self.used(self.newer)
        return self.uses_new and (old is None or new is None or old <= new - HOUR)

    @property
    def would_lose_access(self) -> bool:
        """As far as is seen: they use the old key alone, or need it to fetch the new one."""
        read = self.secret.last_read
        day = max(self.announced, self.newer.created).date()
        nothing_else = set(self.secret.versions) == {version_id(self.newer.id)}
        was_read = read is not None and (read > day or (read == day and nothing_else))
        fetched = self.fetches_without_a_key or was_read
        return not self.uses_new and (self.uses_old or not fetched)

    @property
    def uses_old(self) -> bool:
        """To fetch the new key is a use, too, and counts for the days that were given."""
        assert self.user.last_used is not None
        use = self.user.last_used[self.older.id]
        if use is None or use.time <= self.announced:
            return False
        if use.service != "secretsmanager" or use.time.date() != self.secret.last_read:
            return True
        return self.now < use.time + self.days_given * DAY

    @property
    def ceiling(self) -> datetime:
        """The latest end of a hold, but not before the end that a message named."""
        latest = self.newer.created + self.settings.max_overlap_days * DAY
        return max(latest, self.named_end or latest)

    @property
    def last_notice(self) -> timedelta | None:
        """How long ago it was said that the key goes at the ceiling. What was said long before is
        of another day."""
        said, window = self.since(Event.ENDING), notice_of(self.settings) + 36 * HOUR
        return said if said is not None and self.now - said >= self.ceiling - window else None

    def used(self, key: AccessKey) -> datetime | None:
        assert self.user.last_used is not None
        return time_of(self.user.last_used[key.id])

    def since(self, event: Event) -> timedelta | None:
        """How long ago a notice of the old key went out, by record."""
        stamp = self.secret.notices.get(event)
        if stamp is None or stamp.access_key_id != self.older.id:
            return None
        return self.now - stamp.time if self.newer.created <= stamp.time <= self.now else None


def broken_by(
    decision: Decision, user: ManagedUser, settings: Settings, now: datetime
) -> Iterator[str]:
    """What the decision does to a superseded key that it must not do."""
    for number, action in enumerate(decision.actions):
        known = _known(decision.actions[:number], user, settings, now, action)
        if known is None:
            continue
        if action.verb is Verb.DISABLE and action.reason in ENDS:
            yield from _ended_wrongly(known, action)
        if action.verb is Verb.REMIND:
            yield from _reminded_wrongly(known, decision)
        if action.verb is Verb.HOLD:
            yield from _held_wrongly(known, action, decision)


def _known(
    before: tuple[Action, ...], user: ManagedUser, settings: Settings, now: datetime, action: Action
) -> Known | None:
    """None if the action is about no superseded key, or about one that this decision replaces."""
    verbs = {done.verb for done in before}
    assert user.secret is not None
    if Verb.ROTATE in verbs or action.access_key_id is None or len(user.keys) != 2:
        return None
    older, newer = sorted(user.keys, key=lambda key: (key.created, key.id))
    if older.id != action.access_key_id:
        return None
    stamp = user.secret.announced
    if Verb.ANNOUNCE not in verbs and (stamp is None or stamp.access_key_id != newer.id):
        return None
    announced = now if Verb.ANNOUNCE in verbs or stamp is None else stamp.time
    return Known(user, settings, now, older, newer, announced)


def _ended_wrongly(known: Known, action: Action) -> Iterator[str]:
    settings, reminded = known.settings, known.since(Event.REMINDED)
    if known.named_end is not None and known.now < known.named_end:
        yield "it goes before the end that a message named"
    if action.reason is Reason.MOVED and (action.notify or not known.has_moved):
        yield "its owner moved: nothing is sent; or they did not"
    if action.reason is Reason.SUPERSEDED and known.has_moved and action.notify:
        yield "its owner is told, and has moved"
    days = min(settings.remind_before_days, known.days_given - 1)
    if action.reason is Reason.SUPERSEDED and days > 0 and reminded is None:
        yield "nobody was reminded of it"
    if settings.hold_until_moved and known.days_given > 0 and known.would_lose_access:
        if known.now < known.ceiling:
            yield "its owner has not moved, and the ceiling is not reached"
        if (said := known.last_notice) is None or said < notice_of(settings):
            yield "its owner has not moved, and the operators were not told in time"


def _reminded_wrongly(known: Known, decision: Decision) -> Iterator[str]:
    until, named = decision.old_key_until, known.named_end
    if known.since(Event.REMINDED) is not None:
        yield "it is reminded of a second time"
    if known.has_moved:
        yield "its owner is reminded, and has moved"
    if until is None or until <= known.now or (named is not None and until < named):
        yield f"the reminder names an end that is too early: {until}"
    nobody = known.user.audience is Audience.NOBODY
    if nobody and known.settings.require_confirmed_subscription:
        yield "nobody hears the reminder"


def _held_wrongly(known: Known, action: Action, decision: Decision) -> Iterator[str]:
    until = decision.old_key_until
    if until is None or until <= known.now:
        yield f"the hold is over: {until}"
    if action.reason is Reason.NOT_FETCHED and (known.uses_old or not known.would_lose_access):
        yield "it is held for an owner who fetched the new one"
    while_used = known.settings.hold_while_used_days > 0
    if action.reason is Reason.STILL_IN_USE and not (while_used or known.would_lose_access):
        yield "it is held for an owner who has moved"
    if action.notify and known.has_moved and action.reason is not Reason.STILL_IN_USE:
        yield "its owner is told of a hold, and has moved"
    if action.last_notice and known.last_notice is not None:
        yield "there is a second last notice"
    if action.last_notice and until is not None and until - known.now < notice_of(known.settings):
        yield "the last notice comes too late"


# -- the truth -------------------------------------------------------------------------------------


@dataclass
class HandOvers:
    """What was said of a user's keys, and what the owner does with them.

    `announced`: when the owner was last notified of it; `used`: when they last used it, other than
    to fetch the other one; `fetched`: when they last did that with it; `ends`: the
    latest end that a reminder or an announcement named; `due`: that a warning or a last notice
    named; `heard`: when a reminder, or a hold, was first said; `ending`: when the operators were
    last told of the end of a hold; `last_notices` are the owner's of that. `lines` are those of the
    digest about reminders and ends.
    """

    announced: dict[str, datetime] = field(default_factory=dict)
    used: dict[str, datetime] = field(default_factory=dict)
    fetched: dict[str, datetime] = field(default_factory=dict)
    ends: dict[str, datetime] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)
    heard: dict[str, datetime] = field(default_factory=dict)
    ending: dict[str, datetime] = field(default_factory=dict)
    last_notices: Counter[str] = field(default_factory=Counter)
    lines: Counter[tuple[Event, str]] = field(default_factory=Counter)

    def forget_notices(self, key_ids: Iterable[str]) -> None:
        """Another hand-over begins, maybe of a key that has gone through one: a person deleted its
        successor."""
        for key_id in key_ids:
            self.forget_last_notice(key_id)
            self.heard.pop(key_id, None)
            self.ending.pop(key_id, None)
            self.lines.pop((Event.REMINDED, key_id), None)

    def forget_last_notice(self, key_id: str) -> None:
        """It named another end."""
        self.last_notices.pop(key_id, None)
        self.lines.pop((Event.ENDING, key_id), None)

    def name_end(self, key_id: str, until: datetime) -> None:
        """A later end makes a last notice one of another day."""
        if until > self.ends.get(key_id, until):
            self.forget_last_notice(key_id)
        self.ends[key_id] = max(until, self.ends.get(key_id, until))

    def broken_by_end(
        self, key: AccessKey, newer: AccessKey, has_it: bool, settings: Settings, now: datetime
    ) -> Iterator[str]:
        """What is wrong if `key` is disabled now, which `newer` supersedes. `has_it`: the owner has
        the new one, or can fetch it without a key. A key without a grace may go at any time."""
        if now < max(self.due.get(key.id, now), self.ends.get(key.id, now)):
            yield f"{key.id} was disabled before the end that a message named"
        ends, announced = self.ends.get(key.id), self.announced.get(newer.id)
        if ends is None or announced is None:
            return
        if self.used.get(newer.id, newer.created) - newer.created >= HOUR:
            return  # they use it
        if settings.remind_before_days and ends - announced >= 2 * DAY and key.id not in self.heard:
            yield f"{key.id} was disabled, and its owner was not reminded"
        used = self.used.get(key.id, announced)
        fetched = self.fetched.get(key.id, used)
        used_since = used > announced
        if fetched > used and now >= fetched + (ends - announced):
            used_since = False  # and nothing has shown since
        if not settings.hold_until_moved or (has_it and not used_since):
            return
        if now < newer.created + settings.max_overlap_days * DAY:
            yield f"{key.id} was disabled before its owner moved"
        elif now - self.ending.get(key.id, now) < notice_of(settings):
            yield f"{key.id} was disabled, and the operators were not told of it in time"
