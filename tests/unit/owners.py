"""Service owners over time: what each does with a new key, day by day, and what was said to them.

An owner signs in with no password, and no reader hands them a key. The truth about them (which key
their programs use) is theirs alone: a run sees what Secrets Manager and IAM show of it, the latter
hours late.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from key_rotation.domain.action import Verb
from key_rotation.domain.model import (
    AccessKey,
    Audience,
    Event,
    KeyStatus,
    LastUse,
    ManagedUser,
    UserRef,
)
from key_rotation.domain.settings import Settings
from key_rotation.notify.message import Message
from key_rotation.notify.response import Report
from key_rotation.run.payload import Payload
from key_rotation.run.run import Rotation
from tests.unit.builders import MANAGED, NOW
from tests.unit.fakes import FakeAccount

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PASS_IT_ON = "please pass it on"


class Kind(StrEnum):
    """What owners do with a new key."""

    NEVER = "never reacts"
    FETCHES = "fetches it, and does not deploy it"
    MOVES = "moves to it"


@dataclass
class HandOver:
    """One rotation of an owner's key. `reacts` is when they mean to fetch the new key, or to move
    to it, and `fetched` when they did. `first_use` and `last_use` are their programs', of the new
    key and of the old one, None if there was none since the announcement; `seen_moved` is the first
    run that could see that they moved."""

    old: str
    new: str
    announced: datetime
    reacts: datetime | None
    fetched: datetime | None = None
    last_use: datetime | None = None
    first_use: datetime | None = None
    seen_moved: datetime | None = None


@dataclass
class Owner:
    """`uses` is the key in the programs, of which an idle owner has none that runs. They use it at
    `next_use` and about `every` so long from there."""

    name: str
    kind: Kind
    idle: bool
    uses: str
    every: timedelta
    next_use: datetime
    hand_overs: list[HandOver] = field(default_factory=list)


@dataclass(frozen=True)
class Said:
    """Something said in a run. `key_id` is the key that it names, the old one of a rotation;
    `until` the end of that key that it names."""

    time: datetime
    user: str
    event: Event
    key_id: str
    until: datetime | None = None


@dataclass(frozen=True)
class Disabled:
    """A disable, and whether the owner's programs had that key."""

    time: datetime
    user: str
    key_id: str
    was_theirs: bool


class Simulation(FakeAccount):
    """An account of such owners. `to_owners` is what reached them, by mail or by the operators who
    pass it on; `to_operators` are the other lines of the digest, `to_programs` the events."""

    def __init__(self, settings: Settings, seed: str) -> None:
        super().__init__()
        self.settings = settings
        self.random = Random(seed)  # noqa: S311
        self.owners: dict[str, Owner] = {}
        self.keys_made: dict[str, AccessKey] = {}
        self.disables: list[Disabled] = []
        self.reports: list[Report] = []
        self.to_owners: list[Said] = []
        self.to_operators: list[Said] = []
        self.to_programs: list[Said] = []
        self._unseen_uses: list[tuple[datetime, str, str, LastUse]] = []
        self._today = self._last_run = NOW - DAY

    def hire(
        self, name: str, kind: Kind, idle: bool, audience: Audience, key_days: float, every: int = 1
    ) -> None:
        """An owner with one key, that many days old, whose programs use it `every` so many days."""
        key = AccessKey(f"{name.upper()}", KeyStatus.ACTIVE, NOW - timedelta(days=key_days))
        used = {key.id: None if idle else LastUse(NOW - DAY, "s3", "eu-west-1")}
        ref = UserRef(name, f"AIDA{name.upper()}", f"arn:aws:iam::123456789012:user/{name}")
        created = NOW - timedelta(days=1000)
        self.add(ManagedUser(ref, (key,), MANAGED, None, used, False, audience, created))
        starts = NOW - self.random.random() * DAY
        self.owners[name] = Owner(name, kind, idle, key.id, every * DAY, starts)
        self.keys_made[key.id] = key

    def live(self, days: int) -> None:
        """One run a day, not always at the same minute; on one day in forty there is none."""
        for _ in range(days):
            self._today += DAY
            if self.random.random() < 1 / 40:
                continue
            starts = self._today + self.random.uniform(-2, 2) * HOUR
            for owner in self.owners.values():
                self._act(owner, self._last_run, starts)
            self.clock.time = self._last_run = starts
            self._show_uses()
            self.reports.append(Rotation(self.world(), self.settings, Payload(), "a run").run())
            self._listen()

    def have_no_runs(self, days: int) -> None:
        """Owners go on, and the schedule does not fire."""
        self._today += days * DAY

    # -- what owners do ----------------------------------------------------------------------------

    def _act(self, owner: Owner, since: datetime, until: datetime) -> None:
        reacts = owner.hand_overs[-1].reacts if owner.hand_overs else None
        if reacts is not None and since < reacts <= until and self._works(owner):
            self._work(owner, reacts)
            self._fetch(owner, reacts)
            if owner.kind is Kind.MOVES:
                owner.uses = owner.hand_overs[-1].new
                self._use(owner, reacts + HOUR / 12)
        self._work(owner, until)

    def _work(self, owner: Owner, until: datetime) -> None:
        """What their programs do up to then."""
        while owner.next_use <= until:
            self._use(owner, owner.next_use)
            owner.next_use += owner.every + self.random.uniform(-2, 2) * HOUR

    def _works(self, owner: Owner) -> bool:
        keys = self.users[owner.name].keys
        return any(key.id == owner.uses and key.is_active for key in keys)

    def _fetch(self, owner: Owner, now: datetime) -> None:
        """The old key signs the call, so IAM shows a use of it."""
        state = self.secrets[owner.name]
        self.secrets[owner.name] = replace(state, last_read=now.date())
        owner.hand_overs[-1].fetched = now
        self._sign(owner, now, "secretsmanager")

    def _use(self, owner: Owner, now: datetime) -> None:
        """IAM refuses an inactive key, and knows of no use then."""
        if owner.idle or not self._works(owner):
            return
        self._sign(owner, now, "s3")
        for hand_over in owner.hand_overs[-1:]:
            if owner.uses == hand_over.old:
                hand_over.last_use = max(now, hand_over.last_use or now)
            elif hand_over.first_use is None:
                hand_over.first_use = now

    def _sign(self, owner: Owner, now: datetime, service: str) -> None:
        shown = now + self.random.uniform(0.5, 6) * HOUR
        use = LastUse(now, service, "eu-west-1")
        self._unseen_uses.append((shown, owner.name, owner.uses, use))

    # -- what runs see, and say --------------------------------------------------------------------

    def _show_uses(self) -> None:
        now = self.clock.time
        for shown, name, key_id, use in self._unseen_uses:
            if shown > now:
                continue
            user = self.users[name]
            before = (user.last_used or {}).get(key_id)
            if before is None or before.time < use.time:
                uses = {**(user.last_used or {}), key_id: use}
                self.users[name] = replace(user, last_used=uses)
            self._note_move(self.owners[name], key_id, use.time)
        self._unseen_uses = [use for use in self._unseen_uses if use[0] > now]

    def _note_move(self, owner: Owner, key_id: str, used: datetime) -> None:
        """The new key alone is in use, to whoever sees this use of it."""
        for hand_over in owner.hand_overs[-1:]:
            if key_id != hand_over.new or hand_over.seen_moved is not None:
                continue
            earlier = [self.keys_made[key_id].created, hand_over.last_use, hand_over.fetched]
            if all(used >= time + HOUR for time in earlier if time is not None):
                hand_over.seen_moved = self.clock.time

    def disable(self, user: UserRef, access_key_id: str) -> None:
        super().disable(user, access_key_id)
        was_theirs = self.owners[user.name].uses == access_key_id
        self.disables.append(Disabled(self.clock.time, user.name, access_key_id, was_theirs))

    def _listen(self) -> None:
        """Reads what the run said, and lets the owners of new keys make up their minds."""
        now = self.clock.time
        for user in self.users.values():
            self.keys_made |= {key.id: key for key in user.keys}
        self.to_owners += [_said(now, name, message) for name, _, message in self.notified]
        for line in (line for digest in self.digests for line in digest.data["lines"]):
            said = Said(now, line["user"], Event(line["event"]), line["access_key_id"])
            passed_on = PASS_IT_ON in line["text"]
            (self.to_owners if passed_on else self.to_operators).append(said)
        for sent in self.events:
            old = sent.superseded_access_key_id or sent.access_key_id
            event = Event.ROTATED if sent.verb is Verb.ANNOUNCE else _EVENTS[sent.verb]
            until = sent.superseded_key_until
            self.to_programs.append(Said(now, sent.user.name, event, old, until))
            if event is Event.ROTATED:
                owner = self.owners[sent.user.name]
                owner.hand_overs.append(self._hand_over(owner, old, sent.access_key_id))
        self.notified.clear()
        self.digests.clear()
        self.events.clear()

    def _hand_over(self, owner: Owner, old: str, new: str) -> HandOver:
        """An idle owner's read is all that is seen of them, and on the day of the announcement it
        says nothing."""
        now = self.clock.time
        reacts = now + self.random.uniform(24 if owner.idle else 2, 28 * 24) * HOUR
        can_fetch = owner.kind is not Kind.NEVER and self._works(owner)
        return HandOver(old, new, now, reacts if can_fetch else None)


_EVENTS = {
    Verb.WARN: Event.WARNED,
    Verb.REMIND: Event.REMINDED,
    Verb.DISABLE: Event.DISABLED,
    Verb.DELETE: Event.DELETED,
    Verb.HOLD: Event.HELD,
    Verb.BLOCK: Event.BLOCKED,
}


def _said(now: datetime, name: str, message: Message) -> Said:
    data = message.data
    until = data.get("superseded_key_until")
    return Said(
        now,
        name,
        Event(data["event"]),
        data.get("superseded_access_key_id") or data["access_key_id"],
        datetime.fromisoformat(until) if until else None,
    )
