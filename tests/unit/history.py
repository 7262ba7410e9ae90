"""A history of an account: people, runs and time, and the truth that no run can see.

`History` knows which secret access keys their owners have, since when a key has been seen inactive,
and what was said to whom. `watched_run.py` holds the promises against that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from key_rotation.domain.action import Reason, Verb
from key_rotation.domain.ages import recent
from key_rotation.domain.model import (
    AccessKey,
    Audience,
    Event,
    KeyStatus,
    LastUse,
    ManagedUser,
    SecretState,
    UserRef,
)
from key_rotation.domain.settings import Settings
from key_rotation.domain.situation import IN_PROGRESS_FOR
from key_rotation.notify.message import Message
from key_rotation.notify.response import Row
from key_rotation.ports import Scan
from key_rotation.run.payload import Emergency, Request
from tests.unit.builders import ACCOUNT, MANAGED, NAME, SECRET_ARN, has_reader
from tests.unit.fakes import FakeAccount
from tests.unit.hand_over_promises import HandOvers
from tests.unit.unused_promises import UnusedKeys
from tests.unit.watched_run import BrokenPromiseError, Fault, Run


@dataclass
class Truth:
    """What is so with one user, whatever a run can see.

    `held`: the owner has the secret of these keys; `made`: by a run; `delivered`: they were what
    the secret held, at one time; `seen_inactive`: since when every run saw the key inactive;
    `announced`: when the owner was first notified of it; `hand_overs`: what was said of old keys,
    and what the owner uses; `unused`: what was said of keys that nobody uses; `unreadable`: how
    many times a person kept the owner from reading the secret, after which a run announces the key
    in it again.
    """

    held: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    delivered: set[str] = field(default_factory=set)
    seen_inactive: dict[str, datetime] = field(default_factory=dict)
    announced: dict[str, datetime] = field(default_factory=dict)
    notified_disabled: set[str] = field(default_factory=set)
    said: Counter[tuple[Event, str | None]] = field(default_factory=Counter)
    last_notice: dict[Event, tuple[str, datetime]] = field(default_factory=dict)
    hand_overs: HandOvers = field(default_factory=HandOvers)
    unused: UnusedKeys = field(default_factory=UnusedKeys)
    records_lost: bool = False
    unreadable: int = 0
    written_by_hand: bool = False


@dataclass(frozen=True)
class Said:
    """A message to the owner, or a line of the operators' digest; `data` is what programs get."""

    user: str
    event: Event
    key_id: str | None
    to_owner: bool
    data: Mapping[str, Any]

    def time(self, name: str) -> datetime | None:
        text = self.data.get(name)
        return datetime.fromisoformat(text) if text else None


class History(FakeAccount):
    """An account and the truth about it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.truths: dict[str, Truth] = {}
        self.unmanaged: set[str] = set()
        self.mishaps = 0
        self._ids = 0
        self._read_notices = 0
        self._read_digests = 0

    # -- what people do ----------------------------------------------------------------------------

    def hire(self, name: str, password: bool, audience: Audience) -> None:
        """A user of this name, whoever had it before."""
        self._ids += 1
        ref = UserRef(name, f"AIDA{name.upper()}{self._ids}", f"arn:aws:iam::{ACCOUNT}:user/{name}")
        self.users[name] = ManagedUser(ref, (), MANAGED, None, {}, password, audience)
        self.truths[name] = Truth()
        self.unmanaged.discard(name)

    def make_key(self, name: str) -> None:
        self._ids += 1
        key_id = f"{name[0].upper()}{self._ids}"
        created = self.clock.time.replace(microsecond=0)
        self.add_key(AccessKey(key_id, KeyStatus.ACTIVE, created), name)
        self.truths[name].held.add(key_id)

    def drop_key(self, name: str, key_id: str) -> None:
        left = tuple(key for key in self.users[name].keys if key.id != key_id)
        self.users[name] = replace(self.users[name], keys=left)

    def use_key(self, name: str, key_id: str) -> None:
        user = self.users[name]
        used = {**(user.last_used or {}), key_id: LastUse(self.clock.time, "s3")}
        self.users[name] = replace(user, last_used=used)
        self.truths[name].hand_overs.used[key_id] = self.clock.time

    def used_since_disabled(self) -> bool:
        """Whether a key was used after it was put on record as inactive."""
        return any(
            was_used_since_disabled(self.users[name], secret)
            for name, secret in self.secrets.items()
        )

    def fetch(self, name: str) -> None:
        """The owner reads the secret, if that is possible, and keeps what is in it: a key, or a
        placeholder."""
        state = self._readable(name)
        if state is None or not state.versions or not self.can_read(name):
            return
        self.secrets[name] = replace(state, last_read=self.clock.time.date())
        self._sign(name)
        key_id = self.delivered(name)
        if key_id is not None:
            self.truths[name].held.add(key_id)

    def _sign(self, name: str) -> None:
        """Without a password, and if nobody else may read, the oldest key signs the read."""
        user, truth = self.users[name], self.truths[name]
        if user.has_password or has_reader(self.settings, name):
            return
        key = min(
            (k for k in user.keys if k.is_active and k.id in truth.held), key=lambda k: k.created
        )
        used = {**(user.last_used or {}), key.id: LastUse(self.clock.time, "secretsmanager")}
        self.users[name] = replace(user, last_used=used)
        truth.hand_overs.fetched[key.id] = self.clock.time

    def change_user(self, name: str, **changes: Any) -> None:
        if "tags" in changes:
            self.truths[name].unused.forget_warnings()
        self.users[name] = replace(self.users[name], **changes)

    def change_secret(self, name: str, **changes: Any) -> None:
        """Somebody changes the secret's state by hand, if there is one."""
        if name in self.secrets:
            self.truths[name].unreadable += bool(changes.get("pending_deletion"))
            self.truths[name].unused.forget_warnings()
            self.secrets[name] = replace(self.secrets[name], **changes)

    def change_policy(self, name: str) -> None:
        """Somebody changes the secret's policy, if there is one."""
        if name in self.secrets:
            self.foreign_policies.add(name)
            self.truths[name].unreadable += 1

    def write_secret(self, name: str) -> None:
        """Somebody puts a value of their own into the secret, if there is one.

        Not over a key that was never announced: that would look like one never stored.
        """
        state, key_id = self.secrets.get(name), self.delivered(name)
        if state is None:
            return
        if key_id is not None and (
            state.announced is None or state.announced.access_key_id != key_id
        ):
            return
        self._ids += 1
        current = {id_ for id_, stages in state.versions.items() if "AWSCURRENT" in stages}
        versions = {id_: frozenset({"AWSPREVIOUS"}) for id_ in current}
        versions[f"by hand {self._ids}"] = frozenset({"AWSCURRENT"})
        self.change_secret(name, versions=versions)
        self.truths[name].written_by_hand = True

    def lose_secret(self, name: str) -> None:
        """The secret is gone for good, and all records with it."""
        self.secrets.pop(name, None)
        self.truths[name].records_lost = True
        self.truths[name].last_notice.clear()

    def take_secret_name(self, name: str) -> None:
        """Somebody makes a secret of this name, unless there is one."""
        arn = SECRET_ARN.replace("alice", name)
        foreign = SecretState(f"iam-access-key/{name}", arn, managed_by="somebody")
        self.secrets.setdefault(name, foreign)

    # -- what is so --------------------------------------------------------------------------------

    def delivered(self, name: str) -> str | None:
        """The id of the key that the owner would find in the secret."""
        state, user = self._readable(name), self.users[name]
        if state is None:
            return None
        return next((key.id for key in user.keys if state.currently_holds(key)), None)

    def _readable(self, name: str) -> SecretState | None:
        """The secret, if it lets its owner read it."""
        state, user = self.secrets.get(name), self.users[name]
        if state is None or state.pending_deletion or state.managed_by != NAME:
            return None
        if state.user_id != user.ref.id or name in self.foreign_policies:
            return None
        return state

    def can_work(self, name: str, fetched: bool = False) -> bool:
        """Whether the owner has, or can get, a key that works.

        With `fetched`, it is taken for granted that they have each key that ever was in the secret.
        """
        truth = self.truths[name]
        usable = truth.held | {self.delivered(name)} | (truth.delivered if fetched else set())
        return any(key.id in usable for key in self.users[name].keys if key.is_active)

    def can_read(self, name: str) -> bool:
        user, held = self.users[name], self.truths[name].held
        signs = any(key.is_active and key.id in held for key in user.keys)
        return signs or bool(user.has_password) or has_reader(self.settings, name)

    def scan(self, only: Collection[str] | None = None) -> Scan:
        scan = super().scan(only)
        managed = tuple(user for user in scan.managed if user.ref.name not in self.unmanaged)
        return replace(scan, managed=managed)

    # -- what runs do ------------------------------------------------------------------------------

    def run(
        self,
        fault: Fault | None = None,
        emergency: Emergency | None = None,
        dry: bool = False,
        request: Request | None = None,
    ) -> Run:
        """One run; `fault` happens to it."""
        run = Run(self, fault, emergency, request)
        self.mishaps += fault is not None
        run.go(dry)
        return run

    def listen(self) -> Iterator[Said]:
        """What was said since the last call."""
        for name, event, message in self.notified[self._read_notices :]:
            yield Said(name, event, _key(message), True, message.data)
        self._read_notices = len(self.notified)
        for message in self.digests[self._read_digests :]:
            for line in message.data["lines"]:
                if line["event"] == Event.UNMATCHED or line["reason"] == "coverage_unknown":
                    continue  # each run of a Monday says it: here there is no credential report
                yield Said(line["user"], Event(line["event"]), line["access_key_id"], False, line)
        self._read_digests = len(self.digests)


def check_settled(history: History) -> None:
    """What must be so after a run that nothing happened to.

    Not of users that are out of reach, or whose records were lost, nor while a run may be at work.
    """
    now = history.clock.time
    for name, user in history.users.items():
        truth, state = history.truths[name], history.secrets.get(name)
        if name in history.unmanaged or truth.records_lost or truth.written_by_hand:
            continue
        if state is None or state.managed_by != NAME or _may_be_at_work(state, user, now):
            continue
        if len(user.keys) == 1 and now - user.keys[0].created >= recent(history.settings, name):
            continue  # no run looks at its secret before the warning window
        delivered = history.delivered(name)
        listens = (
            user.audience is not Audience.NOBODY
            or not history.settings.require_confirmed_subscription
        )
        for key in user.keys:
            lost = key.id in truth.made - truth.held - truth.delivered
            _hold(not (key.is_active and lost), f"{key.id} is active, and nobody has its secret")
            unnotified = key.is_active and key.id == delivered and key.id not in truth.announced
            _hold(not (unnotified and listens), f"{key.id} of {name} was never announced")


def _may_be_at_work(state: SecretState, user: ManagedUser, now: datetime) -> bool:
    """At the time of the last run, which was a few minutes ago at most."""
    times = [key.created for key in user.keys] + ([state.intent.time] if state.intent else [])
    return any(now - time < IN_PROGRESS_FOR + timedelta(minutes=5) for time in times)


def was_used_since_disabled(user: ManagedUser, secret: SecretState | None) -> bool:
    """Whether a key was used after it was put on record as inactive."""
    since = secret.inactive_since if secret else None
    use = (user.last_used or {}).get(since.access_key_id) if since else None
    return since is not None and use is not None and use.time > since.time


def plan(rows: list[Row]) -> list[tuple[str, str, str, str | None]]:
    """Rows as a dry run and the real one must agree on; only the real one knows a new key's id."""
    return [
        (
            row.user,
            row.action,
            row.reason,
            None if (row.action, row.reason) in _OF_NEW_KEY else row.access_key_id,
        )
        for row in rows
    ]


_OF_NEW_KEY = {
    (Verb.ANNOUNCE.value, Reason.KEY_TOO_OLD.value),
    (Verb.ANNOUNCE.value, Reason.REQUESTED.value),
    (Verb.ANNOUNCE.value, Reason.EMERGENCY.value),
    (Verb.ANNOUNCE.value, Reason.LEAKED.value),
    (Verb.ANNOUNCE.value, Reason.FIRST_KEY.value),
}


def _key(message: Message) -> str | None:
    key_id: str | None = message.data["access_key_id"]
    return key_id


def _hold(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BrokenPromiseError(otherwise)
