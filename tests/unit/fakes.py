"""An account in memory behind the ports: IAM keys, secrets' metadata, messages, a clock.

Every call is written down in `calls`; `fail` and `lose_answer` make the next calls of a method
raise, before or after their effect; `before` runs somebody else's work just before a call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from key_rotation.domain.coverage import NotManaged, OtherUser
from key_rotation.domain.credential_report import CredentialReport, Row, Slot
from key_rotation.domain.left_behind import is_predecessors
from key_rotation.domain.model import (
    Access,
    AccessKey,
    Audience,
    Event,
    Grant,
    Intent,
    KeyStatus,
    LastUse,
    ManagedUser,
    NewAccessKey,
    OwnedSecret,
    SecretState,
    Stamp,
    UserRef,
    placeholder_id,
    version_id,
)
from key_rotation.notify.events import Transition
from key_rotation.notify.message import Message
from key_rotation.notify.response import Measure
from key_rotation.ports import Scan, SlotTakenError, ThrottledError, UnreachedOperator, World
from tests.unit.builders import (
    ACCOUNT,
    NAME,
    NO_SECRET,
    NOW,
    OWN_KEY,
    SECRET_ARN,
    credential_report_of,
)


class TooManyRequestsError(Exception):
    """AWS asks to be asked less often."""


class FakeClock:
    """Stands still, but for sleeping; `left` is what the Lambda's clock shows."""

    def __init__(self) -> None:
        self.time = NOW
        self.left = timedelta(minutes=15)
        self.slept = 0.0

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.time += timedelta(seconds=seconds)

    def remaining(self) -> timedelta:
        return self.left


class FakeAccount:
    """All ports of a run, for as many users as are added."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.users: dict[str, ManagedUser] = {}
        self.unexpected: dict[str, str] = {}
        self.out_of_reach: dict[str, str] = {}
        self.secrets: dict[str, SecretState] = {}
        self.values: dict[str, str] = {}
        self.notified: list[tuple[str, Event, Message]] = []
        self.digests: list[Message] = []
        self.unreached: list[UnreachedOperator] = []
        self.calls: list[str] = []
        self.refused_by_sts = 0
        self.dead_principals: list[str] = []
        self.unseen = ("", 0)  # a key, and how many lists do not show it yet
        self.foreign_policies: set[str] = set()
        self.without_policy: set[str] = set()
        self.policies_read_otherwise = False
        self.grants: dict[str, Grant] = {}  # of policies for other readers, or another owner
        self.closed: list[str] = []  # secrets whose policy was put without an owner
        self.measures: dict[str, float] = {}
        self.events: list[Transition] = []
        self.unmanaged_ids: frozenset[str] = frozenset()
        self.listed_secrets: list[OwnedSecret] = []
        self.owned: dict[str, OwnedSecret] = {}
        self.retired: list[str] = []
        self.credential_report: CredentialReport | None = None
        self.others: dict[str, OtherUser] = {}
        self.keys_of_others: dict[str, Row] = {}  # as the credential report has them
        self.unread: dict[str, Exception] = {}
        self.one_by_one: str | None = None
        self.made = 0
        self._failures: dict[str, list[Exception | None]] = defaultdict(list)
        self._lost: dict[str, list[Exception | None]] = defaultdict(list)
        self._before: dict[str, list[Callable[[], Any]]] = defaultdict(list)

    def world(self) -> World:
        return World(
            directory=self,
            credential_reports=self,
            keys=self,
            secrets=self,
            owned_secrets=self,
            notifier=self,
            metrics=self,
            bus=self,
            clock=self.clock,
            is_throttle=lambda error: isinstance(error, TooManyRequestsError | ThrottledError),
        )

    def add(self, user: ManagedUser, name: str | None = None) -> ManagedUser:
        """A user with every fact as built; its secret's state is the account's from now on."""
        if name is not None:
            arn = user.ref.arn.replace("alice", name)
            user = replace(user, ref=UserRef(name, f"AIDA{name.upper()}", arn))
        self.users[user.ref.name] = user
        if user.secret is not None and user.secret.exists:
            self.secrets[user.ref.name] = user.secret
        return user

    def add_other(self, name: str, *slots: Slot, days: float = 1000, **facts: Any) -> None:
        """A user who is not managed, made so many days ago, with these keys."""
        created = self.clock.time - timedelta(days=days)
        self.others[name] = OtherUser(name, created, facts.pop("why", NotManaged.NO_TAG), **facts)
        first, second = (*slots, Slot(), Slot())[:2]
        self.keys_of_others[name] = Row(created, (first, second))

    def fail(self, method: str, *errors: Exception | None) -> None:
        """The next calls of `method` raise these before they have an effect; None lets one pass."""
        self._failures[method].extend(errors)

    def lose_answer(self, method: str, *errors: Exception | None) -> None:
        """The next calls of `method` raise these, after they had their effect."""
        self._lost[method].extend(errors)

    def before(self, method: str, *works: Callable[[], Any]) -> None:
        """Somebody else does this just before the next call of `method`."""
        self._before[method].extend(works)

    def key(self, key_id: str, name: str = "alice") -> AccessKey:
        [key] = [key for key in self.users[name].keys if key.id == key_id]
        return key

    def set_status(self, key_id: str, status: KeyStatus, name: str = "alice") -> None:
        user = self.users[name]
        keys = [replace(k, status=status) if k.id == key_id else k for k in user.keys]
        self.users[name] = replace(user, keys=tuple(keys))

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """More tags, as `TagUser` sets them."""
        user = self.users[name]
        self.users[name] = replace(user, tags={**user.tags, **tags})

    def add_key(self, key: AccessKey, name: str = "alice") -> None:
        user = self.users[name]
        self.users[name] = replace(user, keys=(*user.keys, key))

    def statuses(self, name: str = "alice") -> dict[str, str]:
        return {key.id: key.status.value for key in self.users[name].keys}

    # -- the ports ---------------------------------------------------------------------------------

    def scan(self, only: Collection[str] | None = None) -> Scan:
        self._called("scan")
        unread = [
            replace(user, keys=(), secret=None, last_used=None, has_password=None, audience=None)
            for user in self.users.values()
        ]
        managed = tuple(user for user in unread if user.ref.name not in self.unread)
        everyone = {user.ref.id: user.ref for user in self.users.values()}
        everyone |= {id_: self.unmanaged_user(id_) for id_ in self.unmanaged_ids}
        everyone |= {id_: self.unmanaged_user(id_) for id_ in map(_id, self.others)}
        scanned = len(unread) + len(self.unexpected) + len(self.others)
        return Scan(
            managed,
            self.unexpected,
            scanned,
            everyone,
            self.unread,
            self.one_by_one,
            self.out_of_reach,
            tuple(self.others.values()) if only is None else (),
        )

    @staticmethod
    def unmanaged_user(id_: str) -> UserRef:
        """A user who is not managed is called as the unique id says."""
        name = id_.removeprefix("AIDA").lower()
        return UserRef(name, id_, f"arn:aws:iam::{ACCOUNT}:user/{name}")

    def request(self) -> None:
        self._called("request")

    def read(self) -> CredentialReport:
        """As of now, unless it is frozen; the newer key is in the first slot."""
        self._called("read")
        if self.credential_report is not None:
            return self.credential_report
        report = credential_report_of(self.users.values(), self.clock.time)
        return replace(report, rows={**report.rows, **self.keys_of_others})

    def keys(self, user: UserRef) -> tuple[AccessKey, ...]:
        self._called("keys")
        unseen, lists = self.unseen
        keys = self.users[user.name].keys
        if lists == 0 or unseen not in {key.id for key in keys}:
            return keys
        self.unseen = (unseen, lists - 1)
        return tuple(key for key in keys if key.id != unseen)

    def tags(self, user: UserRef) -> Mapping[str, str]:
        self._called("tags")
        return self.users[user.name].tags

    def last_used(self, key: AccessKey) -> LastUse | None:
        self._called("last_used")
        [owner] = [user for user in list(self.users.values()) if key in user.keys]
        assert owner.last_used is not None
        return owner.last_used.get(key.id)

    def owner(self, access_key_id: str) -> str | None:
        self._called("owner")
        owners = [
            user.ref.name
            for user in self.users.values()
            if access_key_id in {key.id for key in user.keys}
        ]
        return owners[0] if owners else None

    def has_password(self, user: UserRef) -> bool:
        self._called("has_password")
        return bool(self.users[user.name].has_password)

    def missing(self, account_id: str, principal_arns: Sequence[str]) -> list[str]:
        self._called("missing")
        return [arn for arn in principal_arns if arn in self.dead_principals]

    def create(self, user: UserRef, by: datetime) -> NewAccessKey:
        self._called("create")
        if self.clock.time > by:
            raise ThrottledError
        if len(self.users[user.name].keys) == 2:
            raise SlotTakenError
        self.made += 1
        created = self.clock.time.replace(microsecond=0)  # as IAM dates them
        key = AccessKey(f"NEW{self.made}", KeyStatus.ACTIVE, created)
        self.add_key(key, user.name)
        self._answered("create")
        return NewAccessKey(key, f"secret of {key.id}")

    def disable(self, user: UserRef, access_key_id: str) -> None:
        self._called("disable")
        self.set_status(access_key_id, KeyStatus.INACTIVE, user.name)
        self._answered("disable")

    def enable(self, user: UserRef, access_key_id: str) -> None:
        self._called("enable")
        self.set_status(access_key_id, KeyStatus.ACTIVE, user.name)

    def delete(self, user: UserRef, access_key_id: str) -> None:
        self._called("delete")
        left = tuple(key for key in self.users[user.name].keys if key.id != access_key_id)
        self.users[user.name] = replace(self.users[user.name], keys=left)

    def works(self, user: UserRef, key: NewAccessKey) -> bool:
        self._called("works")
        self.refused_by_sts -= 1
        if self.refused_by_sts >= 0:
            return False
        owner = self.users[user.name]
        used = {**(owner.last_used or {}), key.access_key.id: LastUse(self.clock.time, "sts")}
        self.users[user.name] = replace(owner, last_used=used)
        return True

    def describe(self, user: UserRef) -> SecretState:
        self._called("describe")
        return self.secrets.get(user.name, replace(NO_SECRET, name=f"iam-access-key/{user.name}"))

    def prepare(
        self,
        user: UserRef,
        state: SecretState,
        keys: Collection[AccessKey],
        placeholder: bool = False,
    ) -> SecretState:
        self._called("prepare")
        is_known = state.policy_for == f"{user.id} ours" and state.user_id == user.id
        found = partial(self.access, user, state)
        empties = not is_known and is_predecessors(state, user.id, keys, found)
        state = replace(
            state,
            arn=SECRET_ARN.replace("alice", user.name),
            kms_key_id=state.kms_key_id if state.exists else OWN_KEY,
            pending_deletion=False,
            managed_by=NAME,
            user_id=user.id,
        )
        if not is_known:
            state = replace(state, policy_for=f"{user.id} ours")
            if not self.policies_read_otherwise:
                self.foreign_policies.discard(user.name)
                self.without_policy.discard(user.name)
                self.grants.pop(user.name, None)
        if placeholder and not state.versions:
            state = replace(state, versions=_held_by_placeholder(user))
        if empties:
            state = replace(state, versions=_held_by_placeholder(user), intent=None)
        self.secrets[user.name] = state
        return state

    def empty(self, user: UserRef, state: SecretState) -> SecretState:
        self._called("empty")
        state = replace(state, versions=_held_by_placeholder(user), intent=None)
        self.secrets[user.name] = state
        return state

    def name(self, user: UserRef) -> str:
        return f"iam-access-key/{user.name}"

    def as_now(self, state: SecretState) -> SecretState:
        self._called("as_now")
        now = next((s for s in self.secrets.values() if s.name == state.name), state)
        return replace(state, kms_key_id=now.kms_key_id, replica_regions=now.replica_regions)

    def access(self, owner: UserRef | None, state: SecretState) -> Access:
        self._called("access")
        name = self._name_of(state)
        if name in self.foreign_policies:
            return Access(as_wanted=False, owner_reads=False)
        if name in self.without_policy:
            return Access(as_wanted=False, owner_reads=False, exists=False)
        grant = self.grants.get(name)
        if grant is None:  # as the settings want it, for whoever the owner is
            closed = Grant(None, None, frozenset()) if owner is None else None
            return Access(as_wanted=True, owner_reads=owner is not None, grant=closed)
        reads = owner is not None and grant.owner_id == owner.id
        return Access(as_wanted=False, owner_reads=reads, grant=grant)

    def secure(self, owner: UserRef | None, state: SecretState, found: Access) -> SecretState:
        self._called("secure")
        name = self._name_of(state)
        if not self.policies_read_otherwise:
            self.foreign_policies.discard(name)
            self.without_policy.discard(name)
            self.grants.pop(name, None)
        self._update(state, kms_key_id=OWN_KEY, replica_regions=())
        if owner is None:
            self.closed.append(name)
            return state
        if not owner.name:
            return state
        self._update(state, policy_for=f"{owner.id} ours")
        return replace(state, policy_for=f"{owner.id} ours")

    @staticmethod
    def _name_of(state: SecretState) -> str:
        return state.name.removeprefix("iam-access-key/")

    def record_intent(self, state: SecretState, intent: Intent) -> None:
        self._called("record_intent")
        self._update(state, intent=intent)

    def withdraw_intent(self, state: SecretState) -> None:
        self._called("withdraw_intent")
        self._update(state, intent=state.intent)

    def store(self, user: UserRef, state: SecretState, key: NewAccessKey) -> None:
        self._called("store")
        staged = self.secrets[user.name].versions
        current = {id_ for id_, stages in staged.items() if "AWSCURRENT" in stages}
        versions = {id_: frozenset({"AWSPREVIOUS"}) for id_ in current}
        versions[version_id(key.access_key.id)] = frozenset({"AWSCURRENT"})
        self._update(state, versions=versions)
        self.values[user.name] = key.secret_access_key
        self._answered("store")

    def record(
        self,
        state: SecretState,
        *,
        announced: Stamp | None = None,
        warned: Stamp | None = None,
        warned_unused: Stamp | None = None,
        inactive_since: Stamp | None = None,
        works_until: Stamp | None = None,
        leaked: frozenset[str] | None = None,
        notice: tuple[Event, Stamp] | None = None,
    ) -> None:
        self._called("record")
        self._refuse_if_pending_deletion(state)
        records = {
            "announced": announced,
            "warned": warned,
            "warned_unused": warned_unused,
            "inactive_since": inactive_since,
            "works_until": works_until,
            "leaked": leaked,
        }
        self._update(state, **{name: value for name, value in records.items() if value is not None})
        if notice is not None:
            [current] = [s for s in list(self.secrets.values()) if s.name == state.name]
            self._update(state, notices={**current.notices, notice[0]: notice[1]})

    def forget_inactive(self, state: SecretState) -> None:
        self._called("forget_inactive")
        self._refuse_if_pending_deletion(state)
        self._update(state, inactive_since=None)

    def forget_unused_warning(self, state: SecretState) -> None:
        self._called("forget_unused_warning")
        self._refuse_if_pending_deletion(state)
        self._update(state, warned_unused=None)

    def forget_announced(self, state: SecretState) -> None:
        self._called("forget_announced")
        self._refuse_if_pending_deletion(state)
        self._update(state, announced=None, intent=None)

    def _refuse_if_pending_deletion(self, state: SecretState) -> None:
        """As Secrets Manager does with every tag."""
        if any(s.name == state.name and s.pending_deletion for s in list(self.secrets.values())):
            raise RuntimeError("InvalidRequestException: the secret was marked for deletion")

    def all(self) -> Iterator[OwnedSecret]:
        self._called("all")
        yield from self.listed_secrets or list(self.owned.values())

    def confirmed(self, secret: OwnedSecret) -> OwnedSecret | None:
        self._called("confirmed")
        return self.owned.get(secret.name)

    def record_gone(self, secret: OwnedSecret, since: datetime) -> None:
        self._called("record_gone")
        self.owned[secret.name] = replace(secret, gone_since=since)

    def forget_gone(self, secret: OwnedSecret) -> None:
        self._called("forget_gone")
        self.owned[secret.name] = replace(secret, gone_since=None)

    def record_blocked(self, secret: OwnedSecret, since: datetime) -> None:
        self._called("record_blocked")
        self.owned[secret.name] = replace(secret, blocked=since)

    def retire(self, secret: OwnedSecret, days: int) -> None:
        self._called("retire")
        self.retired.append(secret.name)
        self.owned[secret.name] = replace(self.owned[secret.name], pending_deletion=True)

    def restore(self, secret: OwnedSecret) -> None:
        self._called("restore")
        self.owned[secret.name] = replace(secret, pending_deletion=False)

    def audience(self, user: UserRef, event: Event) -> Audience:
        self._called("audience")
        return self.users[user.name].audience or Audience.NOBODY

    def unreached_operators(self) -> list[UnreachedOperator]:
        self._called("unreached_operators")
        return self.unreached

    def notify(self, user: UserRef, event: Event, message: Message) -> None:
        self._called("notify")
        self.notified.append((user.name, event, message))

    def notify_operators(self, message: Message) -> None:
        self._called("notify_operators")
        self.digests.append(message)

    def put(self, measures: Sequence[Measure]) -> None:
        self._called("put")
        self.measures = {measure.name: measure.value for measure in measures}

    def send(self, transitions: Sequence[Transition]) -> None:
        self._called("send")
        assert len(transitions) <= 10
        self.events.extend(transitions)

    def _update(self, state: SecretState, **changes: Any) -> None:
        [name] = [n for n, s in list(self.secrets.items()) if s.name == state.name]
        self.secrets[name] = replace(self.secrets[name], **changes)

    def _called(self, method: str) -> None:
        if self._before[method]:
            self._before[method].pop(0)()
        self.calls.append(method)
        self._raise_next(self._failures[method])

    def _answered(self, method: str) -> None:
        self._raise_next(self._lost[method])

    @staticmethod
    def _raise_next(errors: list[Exception | None]) -> None:
        error = errors.pop(0) if errors else None
        if error is not None:
            raise error


def _held_by_placeholder(user: UserRef) -> dict[str, frozenset[str]]:
    return {placeholder_id(user.id, 1): frozenset({"AWSCURRENT"})}


def _id(name: str) -> str:
    """As `unmanaged_user` reads it."""
    return f"AIDA{name.upper()}"
