"""A history of an account: people, runs and time, and the truth that no run can see.

`History` knows which secret access keys their owners have, since when a key has been seen inactive,
and what was said to whom. Its `look` follows every call of a run and holds the promises of
docs/architecture.md against the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from key_rotation.domain.action import Reason, Verb
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
from key_rotation.domain.orphans import ORPHAN_DELETED_AFTER
from key_rotation.domain.settings import Settings
from key_rotation.domain.situation import IN_PROGRESS_FOR, RECENT, REMIND_EVERY
from key_rotation.notify.message import Message
from key_rotation.notify.response import Report, RotationFailedError, Row
from key_rotation.ports import RefusedError, Scan, World
from key_rotation.run.payload import Emergency, Payload
from key_rotation.run.run import Rotation
from tests.unit.builders import ACCOUNT, NAME, SECRET_ARN
from tests.unit.fakes import FakeAccount
from tests.unit.hand_over_promises import HandOvers

CALL_TAKES = timedelta(milliseconds=100)
OTHER_CALLS = frozenset(
    {
        "audience",
        "describe",
        "has_password",
        "keys",
        "last_used",
        "missing",
        "request",
        "access",
        "as_now",
        "all",
        "put",
        "read",
        "scan",
        "works",
    }
)
# What these do is a change, or a message.
CHANGES = frozenset(
    {
        "create",
        "delete",
        "disable",
        "enable",
        "forget_inactive",
        "prepare",
        "record",
        "record_intent",
        "secure",
        "store",
        "notify",
        "notify_operators",
        "withdraw_intent",
    }
)


class Mishap(StrEnum):
    """What happens to one call of a run."""

    DIES = "the process dies before it"
    FAILS = "it fails, and has no effect"
    REFUSED = "it is definitely refused"  # a create or a store; any other call fails
    LOSES_ANSWER = "it has its effect, and fails"


@dataclass(frozen=True)
class Fault:
    """The mishap of one call of a run: of the first of this method, or of a later one."""

    mishap: Mishap
    method: str
    earlier: int = 0


class DiedError(BaseException):
    """The process of a run is gone; nothing of it runs any more."""


class TroubleError(Exception):
    """A service did not answer as it should."""


class BrokenPromiseError(AssertionError):
    """A promise does not hold."""


@dataclass
class Truth:
    """What is so with one user, whatever a run can see.

    `held`: the owner has the secret of these keys; `made`: by a run; `delivered`: they were what
    the secret held, at one time; `seen_inactive`: since when every run saw the key inactive;
    `announced`: when the owner was first notified of it; `hand_overs`: what was said of old keys,
    and what the owner uses; `unreadable`: how many times a person kept
    the owner from reading the secret, after which a run announces the key in it again.
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
        self.users[name] = ManagedUser(
            ref, (), {"access-key-rotation": "enabled"}, None, {}, password, audience
        )
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

    def fetch(self, name: str) -> None:
        """The owner reads the secret, if that is possible, and keeps what is in it: a key, or a
        placeholder."""
        state = self._readable(name)
        if state is None or not state.versions or not self._can_read(name):
            return
        self.secrets[name] = replace(state, last_read=self.clock.time.date())
        self._sign(name)
        key_id = self.delivered(name)
        if key_id is not None:
            self.truths[name].held.add(key_id)

    def _sign(self, name: str) -> None:
        """Without a password, and if nobody else may read, the oldest key signs the read."""
        user, truth = self.users[name], self.truths[name]
        if user.has_password or self.settings.secret_reader_arns:
            return
        key = min(
            (k for k in user.keys if k.is_active and k.id in truth.held), key=lambda k: k.created
        )
        used = {**(user.last_used or {}), key.id: LastUse(self.clock.time, "secretsmanager")}
        self.users[name] = replace(user, last_used=used)
        truth.hand_overs.fetched[key.id] = self.clock.time

    def change_user(self, name: str, **changes: Any) -> None:
        self.users[name] = replace(self.users[name], **changes)

    def change_secret(self, name: str, **changes: Any) -> None:
        """Somebody changes the secret's state by hand, if there is one."""
        if name in self.secrets:
            self.truths[name].unreadable += bool(changes.get("pending_deletion"))
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

    def _can_read(self, name: str) -> bool:
        user, held = self.users[name], self.truths[name].held
        signs = any(key.is_active and key.id in held for key in user.keys)
        return signs or bool(user.has_password) or bool(self.settings.secret_reader_arns)

    def scan(self, only: Collection[str] | None = None) -> Scan:
        scan = super().scan(only)
        managed = tuple(user for user in scan.managed if user.ref.name not in self.unmanaged)
        return replace(scan, managed=managed)

    # -- what runs do ------------------------------------------------------------------------------

    def run(
        self, fault: Fault | None = None, emergency: Emergency | None = None, dry: bool = False
    ) -> Run:
        """One run; `fault` happens to it."""
        run = Run(self, fault, emergency)
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
                yield Said(line["user"], Event(line["event"]), line["access_key_id"], False, line)
        self._read_digests = len(self.digests)


class Run:
    """One run, watched: every call of it is followed by a look at the promises."""

    def __init__(
        self, history: History, fault: Fault | None, emergency: Emergency | None = None
    ) -> None:
        self.calls: list[str] = []
        self.rows: list[Row] = []
        self.failed = False
        self.died = False
        self._history = history
        self._fault = fault
        self._emergency = emergency
        self._created: set[str] = set()
        self._could_work: dict[str, bool] = {}
        self._broken: list[str] = []

    @property
    def changes(self) -> list[str]:
        return [call for call in self.calls if call in CHANGES]

    def go(self, dry: bool) -> None:
        history = self._history
        ports = cast(Any, self)
        world = World(
            directory=ports,
            credential_reports=ports,
            keys=ports,
            secrets=ports,
            owned_secrets=ports,
            notifier=ports,
            metrics=ports,
            bus=ports,
            clock=history.clock,
            is_throttle=lambda _error: False,
        )
        payload = Payload(dry_run=dry, emergency=self._emergency)
        request_id = f"run at {history.clock.time}"
        self._could_work = {
            name: history.can_work(name, fetched=self._emergency is not None)
            for name in history.users
        }
        try:
            report: Report = Rotation(world, history.settings, payload, request_id).run()
            self.rows = list(report.rows)
        except DiedError:
            self.died = True
        except TroubleError:  # in what concerns all users
            self.failed = True
        except RotationFailedError as error:
            self.failed = True
            self.rows = list(error.report.rows)
        finally:
            # Raised inside the run it would be one user's failure.
            if self._broken:
                raise BrokenPromiseError("; ".join(self._broken))

    # -- the ports ---------------------------------------------------------------------------------

    def __getattr__(self, method: str) -> Callable[..., Any]:
        port = getattr(self._history, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            mishap = self._mishap(method)
            if self.died or mishap is Mishap.DIES:
                self.died = True
                raise DiedError
            self.calls.append(method)
            if mishap is Mishap.REFUSED and method in ("create", "store"):
                raise RefusedError
            if mishap in (Mishap.FAILS, Mishap.REFUSED):
                raise TroubleError(method)
            before = self._before(method, args)
            answer = port(*args, **kwargs)
            self._history.clock.time += CALL_TAKES
            self._look(method, args, answer, before)
            if mishap is Mishap.LOSES_ANSWER:
                raise TroubleError(method)
            return answer

        return call

    def _mishap(self, method: str) -> Mishap | None:
        """What happens to the next call of this method."""
        fault = self._fault
        if fault is None or (fault.method, fault.earlier) != (method, self.calls.count(method)):
            return None
        return fault.mishap

    # -- the promises, at every call ---------------------------------------------------------------

    def _before(self, method: str, args: tuple[Any, ...]) -> AccessKey | None:
        """Checks what must be so before a call, and returns the key that it is about."""
        if method == "create":
            self._hold(len(self._history.users[args[0].name].keys) < 2, "a third key was asked for")
        if method not in ("disable", "delete"):
            return None
        user, key_id = self._history.users[args[0].name], args[1]
        [key] = [key for key in user.keys if key.id == key_id]
        return key

    def _look(
        self, method: str, args: tuple[Any, ...], answer: Any, before: AccessKey | None
    ) -> None:
        history = self._history
        self._read_messages()
        match method:
            case "keys":
                self._note_seen(args[0].name, answer)
            case "create":
                self._created.add(answer.access_key.id)
                history.truths[args[0].name].made.add(answer.access_key.id)
            case "store":
                history.truths[args[0].name].delivered.add(args[2].access_key.id)
            case "disable":
                assert before is not None
                self._check_disable(args[0].name, before)
            case "delete":
                assert before is not None
                self._check_delete(args[0].name, before)
        for name, could in self._could_work.items():
            can = history.can_work(name, fetched=self._emergency is not None)
            self._hold(can or not could, f"{name} has no key that they can use after {method}")
            self._could_work[name] = can

    def _note_seen(self, name: str, keys: tuple[AccessKey, ...]) -> None:
        seen = self._history.truths[name].seen_inactive
        for key in keys:
            if key.status is KeyStatus.ACTIVE:
                seen.pop(key.id, None)
            else:
                seen.setdefault(key.id, self._history.clock.time)

    def _check_disable(self, name: str, key: AccessKey) -> None:
        history, truth = self._history, self._history.truths[name]
        truth.seen_inactive.setdefault(key.id, history.clock.time)
        if self._emergency is not None and key.id == self._emergency.access_key_id:
            return
        if key.id in history.secrets[name].leaked:
            return  # active again after an emergency: another key works, which is looked at anyway
        if key.id not in truth.held | truth.delivered:
            self._hold(key.id in truth.made, f"{key.id} is a person's key, not an orphan")
            return
        delivered = history.delivered(name)
        notified = key.id in truth.notified_disabled or delivered in truth.announced
        self._hold(notified, f"{key.id} was disabled before anybody was notified")
        unverified = delivered in self._created and history.refused_by_sts > 0
        self._hold(not unverified, f"{key.id} was disabled before STS accepted {delivered}")
        self._check_can_fetch(name, key)
        self._check_hand_over(name, key)

    def _check_can_fetch(self, name: str, key: AccessKey) -> None:
        """Who signs the call that fetches the new key with the old one had days to do so."""
        history, truth = self._history, self._history.truths[name]
        delivered = history.delivered(name)
        if history._can_read(name) or key.id not in truth.held or delivered is None:
            return
        days = timedelta(days=history.settings.min_grace_days_without_console)
        notified = truth.announced.get(delivered, history.clock.time)
        self._hold(
            history.clock.time - notified >= days,
            f"{key.id} was disabled before {delivered} could be fetched with it",
        )

    def _check_hand_over(self, name: str, key: AccessKey) -> None:
        """An old key goes when its owner has moved, or as the messages said."""
        history, truth = self._history, self._history.truths[name]
        delivered = history.delivered(name)
        if delivered is None or truth.records_lost or key.id not in truth.held:
            return
        newer = history.key(delivered, name)
        if newer.created < key.created:
            return  # not the successor: the key is one that lay idle
        user, settings = history.users[name], history.settings
        has_it = delivered in truth.held or bool(user.has_password or settings.secret_reader_arns)
        now = history.clock.time
        for broken in truth.hand_overs.broken_by_end(key, newer, has_it, settings, now):
            self._hold(False, broken)

    def _check_delete(self, name: str, key: AccessKey) -> None:
        history, truth = self._history, self._history.truths[name]
        if key.id in self._created and key.id not in truth.delivered:
            return  # its store was refused: taken back by the run that made it
        self._hold(
            key.status is KeyStatus.INACTIVE, f"{key.id} was deleted while {key.status.value}"
        )
        orphan = key.id in truth.made and key.id not in truth.delivered
        least = timedelta(days=history.settings.delete_after_days)
        least = ORPHAN_DELETED_AFTER if orphan else least
        seen = history.clock.time - truth.seen_inactive.get(key.id, history.clock.time)
        self._hold(seen >= least, f"{key.id} was deleted, though seen inactive for {seen} only")

    def _read_messages(self) -> None:
        history = self._history
        for said in history.listen():
            if said.user not in history.users:
                continue
            name, event, key_id, to_owner = said.user, said.event, said.key_id, said.to_owner
            truth, user = history.truths[name], history.users[name]
            reached = user.audience is (Audience.USER if to_owner else Audience.OPERATOR)
            reached = reached or not history.settings.require_confirmed_subscription
            self._note_hand_over(said)
            if to_owner:
                truth.said[event, key_id] += 1
                self._check_notice(name, event, key_id)
            if self._emergency is None and not reached:
                continue
            if event is Event.ROTATED and key_id is not None:
                truth.announced.setdefault(key_id, history.clock.time)
            if event is Event.DISABLED and key_id is not None:
                truth.notified_disabled.add(key_id)

    def _note_hand_over(self, said: Said) -> None:
        """What a run said that nothing happened to is on record, too."""
        history, hand_overs = self._history, self._history.truths[said.user].hand_overs
        now, key_id = history.clock.time, said.key_id
        if key_id is None:
            return
        old = said.data.get("superseded_access_key_id") or key_id
        if said.event is Event.ROTATED:
            if key_id not in hand_overs.announced:
                hand_overs.forget_notices(key.id for key in history.users[said.user].keys)
            hand_overs.announced[key_id] = now
        if said.event in (Event.REMINDED, Event.HELD, Event.ENDING):
            hand_overs.heard.setdefault(old, now)
        if said.event is Event.ENDING:
            hand_overs.ending.setdefault(key_id, now)
        if said.event in (Event.REMINDED, Event.ENDING) and not said.to_owner:
            hand_overs.lines[said.event, key_id] += 1
            again = hand_overs.lines[said.event, key_id] > 1 + history.mishaps
            self._hold(not again, f"the operators were told again of {said.event.value} {key_id}")
        if self._fault is not None:
            return
        until, due = said.time("superseded_key_until"), said.time("rotation_due")
        # That of a key that is left on while it is used is the latest.
        is_latest = said.event is Event.HELD or history.settings.hold_while_used_days > 0
        if until is not None and (said.event is Event.REMINDED or not is_latest):
            hand_overs.name_end(old, until)
        if due is not None:
            hand_overs.due[key_id] = due

    def _check_notice(self, name: str, event: Event, key_id: str | None) -> None:
        history, truth = self._history, self._history.truths[name]
        assert key_id is not None
        last_key, last = truth.last_notice.get(event, (None, history.clock.time))
        since = history.clock.time - last
        if event is Event.HELD and key_id in truth.hand_overs.ending:
            truth.hand_overs.last_notices[key_id] += 1
            again = truth.hand_overs.last_notices[key_id] > 1 + history.mishaps
            self._hold(not again, f"{name} got another last notice of {key_id}")
        elif event in (Event.HELD, Event.BLOCKED):
            again = key_id == last_key and since < REMIND_EVERY
            self._hold(
                not again, f"{name} was notified again of {event.value} {key_id} after {since}"
            )
        if event in (Event.ROTATED, Event.WARNED, Event.REMINDED) and not truth.records_lost:
            times = truth.said[event, key_id]
            most = 1 + history.mishaps + (truth.unreadable if event is not Event.REMINDED else 0)
            again = times > most and key_id == last_key
            self._hold(not again, f"{name} was notified {times} times of {event.value} {key_id}")
        truth.last_notice[event] = (key_id, history.clock.time)

    def _hold(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self._broken.append(otherwise)


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
        if len(user.keys) == 1 and now - user.keys[0].created >= RECENT:
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
    (Verb.ANNOUNCE.value, Reason.EMERGENCY.value),
    (Verb.ANNOUNCE.value, Reason.LEAKED.value),
}


def _key(message: Message) -> str | None:
    key_id: str | None = message.data["access_key_id"]
    return key_id


def _hold(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BrokenPromiseError(otherwise)
