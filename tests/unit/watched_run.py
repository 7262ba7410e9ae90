"""One run in a history, of which every call is followed by a look at the promises of
docs/architecture.md, held against the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from key_rotation.domain.action import Reason
from key_rotation.domain.model import AccessKey, Audience, Event, KeyStatus
from key_rotation.domain.orphans import ORPHAN_DELETED_AFTER
from key_rotation.domain.situation import REMIND_EVERY
from key_rotation.notify.response import Report, RotationFailedError, Row
from key_rotation.ports import RefusedError, World
from key_rotation.run.payload import Emergency, Payload, Request
from key_rotation.run.run import Rotation
from tests.unit.builders import has_reader

if TYPE_CHECKING:
    from tests.unit.history import History, Said

CALL_TAKES = timedelta(milliseconds=100)
# A request makes no key for a user one of whose keys is younger.
_ONCE_IN = timedelta(days=1)
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
        "forget_unused_warning",
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


class Run:
    """One run, watched: every call of it is followed by a look at the promises."""

    def __init__(
        self,
        history: History,
        fault: Fault | None,
        emergency: Emergency | None = None,
        request: Request | None = None,
    ) -> None:
        self.calls: list[str] = []
        self.rows: list[Row] = []
        self.failed = False
        self.died = False
        self._history = history
        self._fault = fault
        self._emergency = emergency
        self._request = request
        self._created: set[str] = set()
        self._fetched: set[str] = set()
        self._could_work: dict[str, bool] = {}
        self._broken: list[str] = []
        self._is_unused = False

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
        payload = Payload(dry, emergency=self._emergency, rotate=self._request)
        request_id = f"run at {history.clock.time}"
        self._fetched = {name for name in history.users if self._counts_as_fetched(name)}
        self._could_work = {
            name: history.can_work(name, fetched=name in self._fetched) for name in history.users
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
            self._check_create(args[0].name)
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
            if method == "disable" and self._is_unused:
                self._could_work[name] = could = history.can_work(name, name in self._fetched)
            can = history.can_work(name, fetched=name in self._fetched)
            self._hold(can or not could, f"{name} has no key that they can use after {method}")
            self._could_work[name] = can

    def _check_create(self, name: str) -> None:
        history, truth = self._history, self._history.truths[name]
        keys, leaked = history.users[name].keys, history.secrets[name].leaked
        self._hold(len(keys) < 2, "a third key was asked for")
        oldest_young = history.clock.time - _ONCE_IN
        young = {key.id for key in keys if key.created > oldest_young} - leaked
        self._hold(not (self._request and young), f"{young} of {name} is less than a day old")
        if not keys:
            wanted = history.settings.options_of(name).first_key
            self._hold(wanted, f"{name} has no key, and is to have none")
            had = truth.delivered and not truth.records_lost
            self._hold(not had, f"{name} had {truth.delivered}, and gets a first key again")

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
        self._is_unused = not any(other.is_active for other in history.users[name].keys)
        if self._is_unused and key.id not in truth.made - truth.held - truth.delivered:
            user, settings, now = history.users[name], history.settings, history.clock.time
            for broken in truth.unused.broken_by_end(user, key, settings, now):
                self._hold(False, broken)
            notified = key.id in truth.notified_disabled
            self._hold(notified, f"{key.id} was disabled before anybody was notified")
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
        if history.can_read(name) or key.id not in truth.held or delivered is None:
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
        has_it = delivered in truth.held or bool(user.has_password or has_reader(settings, name))
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
            if event is Event.WARNED and said.data.get("reason") == Reason.UNUSED and key_id:
                truth.said[event, key_id] += to_owner
                if reached:
                    self._note_unused(said, key_id)
                continue
            if to_owner:
                truth.said[event, key_id] += 1
                self._check_notice(name, event, key_id)
            if self._emergency is None and not reached:
                continue
            if event is Event.ROTATED and key_id is not None:
                truth.announced.setdefault(key_id, history.clock.time)
            if event is Event.DISABLED and key_id is not None:
                truth.notified_disabled.add(key_id)

    def _note_unused(self, said: Said, key_id: str) -> None:
        """Nobody is warned twice of the same end, and nobody of a key that is used."""
        history, truth = self._history, self._history.truths[said.user]
        user, now = history.users[said.user], history.clock.time
        for broken in truth.unused.broken_by_warning(user, key_id, history.settings, now):
            self._hold(history.mishaps > 0 or truth.records_lost, broken)
        truth.unused.warned[key_id] = now

    def _note_hand_over(self, said: Said) -> None:
        """What a run said that nothing happened to is on record, too."""
        history, hand_overs = self._history, self._history.truths[said.user].hand_overs
        now, key_id = history.clock.time, said.key_id
        if key_id is None:
            return
        old = said.data.get("superseded_access_key_id") or key_id
        if said.event is Event.ROTATED:
            keys = [key.id for key in history.users[said.user].keys]
            if key_id not in hand_overs.announced:
                hand_overs.forget_notices(keys)
            for each in keys:  # announced again, old keys have other ends
                hand_overs.forget_last_notice(each)
            hand_overs.announced[key_id] = now
        if said.event in (Event.REMINDED, Event.HELD, Event.ENDING):
            hand_overs.heard.setdefault(old, now)
        if said.event is Event.ENDING:
            hand_overs.ending[key_id] = now
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
        if said.event is Event.HELD and said.to_owner and key_id in hand_overs.ending:
            due = until
        if due is not None:
            hand_overs.due[key_id] = due

    def _counts_as_fetched(self, name: str) -> bool:
        """Whether the owner is taken to have each key that ever was in the secret: a leaked key
        goes while another key works, in its emergency and by record (promise 10)."""
        history = self._history
        secret = history.secrets.get(name)
        leaked = secret.leaked if secret else frozenset()
        by_record = any(key.is_active and key.id in leaked for key in history.users[name].keys)
        return self._emergency is not None or by_record

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
