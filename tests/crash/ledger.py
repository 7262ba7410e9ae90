"""What is really so in the account, and whether the promises hold: looked at after every call.

The ledger sees moto's own state, not what the wire shows. It knows which secret access keys people
hold, when each key became inactive, and what was published when.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from moto.iam.models import iam_backends

from tests.aws.account import ACCOUNT_ID
from tests.crash.account_state import AccountState
from tests.crash.exposure import Exposures, readers
from tests.crash.hand_over import HandOvers
from tests.crash.heard import NOBODY_KNOWS, REPORT, Heard
from tests.crash.key_log import KeyLog
from tests.crash.known import KnownStates
from tests.crash.obeyed import Obeyed
from tests.crash.promises import Promise, Violation
from tests.crash.scenario import Owner
from tests.crash.secrecy import Secrecy
from tests.crash.settings_read import is_managed
from tests.crash.unused import UnusedKeys

if TYPE_CHECKING:
    from tests.crash.pulling_host import PullingHost

ORPHAN_AFTER = timedelta(hours=6)
EMERGENCY_WAITS = timedelta(seconds=30)
_LIST = "iam:ListAccessKeys"
_IN_PROGRESS = timedelta(minutes=20)
_BLOCKED_OR_GO_FIRST = ("more_than_two_keys", "orphan", "leaked", "not_announced", "first_key")
# The day of a month on which every managed user is looked at, by the documents.
FULL_LOOK_DAY = 28


@dataclass
class KeyFacts:
    """What the ledger knows of one key. `off_before`: it is on, which no list has shown yet, and
    was inactive since then."""

    user: str
    secret: str
    held_by_person: bool
    usable_from: datetime
    inactive_since: datetime | None = None
    off_before: datetime | None = None


@dataclass
class Ledger(AccountState):
    """The truth about one account. Call `look` after every call of the handler.

    `tolerant` allows a user to be without a key within a run, since IAM has no compare-and-set:
    what a person does between two calls is put right by the run, not foreseen. `reported` are keys
    that an emergency has dealt with. `requested`: somebody asked for a rotation before its day.
    `lists_lag`: the answers of IAM do not show yet what a person has just done. `known` are states
    from which histories went on without a violation; `histories` is how many were played.
    """

    HAND_OVERS: ClassVar = HandOvers

    emergency_key: str | None = None
    reported: set[str] = field(default_factory=set)
    owner: Owner = Owner.FETCHES
    requested: bool = False
    lists_lag: bool = False
    violations: list[Violation] = field(default_factory=list)
    facts: dict[str, KeyFacts] = field(default_factory=dict)
    tolerant: bool = False
    usable_after: timedelta = timedelta(0)
    denied: tuple[str, ...] = ()
    key_log: KeyLog = field(default_factory=KeyLog)
    host: PullingHost | None = None
    known: KnownStates = field(default_factory=KnownStates)
    histories: int = 1
    _works: dict[str, bool] = field(default_factory=dict)
    _lost: dict[str, str] = field(default_factory=dict)
    _taken: dict[str, str] = field(default_factory=dict)
    _by_disable: dict[str, list[Violation]] = field(default_factory=dict)
    _notified_again: set[str] = field(default_factory=set)
    _secrecy: Secrecy = field(default_factory=Secrecy)
    _kept: dict[str, datetime] = field(default_factory=dict)
    _predecessors: set[str] = field(default_factory=set)
    _person_acted: bool = False
    _acted_just_now: bool = False
    _had_a_key: set[str] = field(default_factory=set)
    heard: Heard = field(init=False)
    _exposures: Exposures = field(init=False)
    _open_runs: int = 0
    _left_without: set[str] = field(default_factory=set)
    _deleted_for: set[str] = field(default_factory=set)
    _uses_late: timedelta = timedelta(0)
    _on_unseen: dict[str, datetime] = field(default_factory=dict)
    _hand_overs: HandOvers = field(init=False)
    _unused: UnusedKeys = field(init=False)
    _obeyed: Obeyed = field(init=False)

    def __post_init__(self) -> None:
        self.heard = Heard(self.account.topic_arn)
        self._exposures = Exposures(self.account, self.names, self.secret)
        self._hand_overs = self.HAND_OVERS(self.account, self.secret)
        self._unused = UnusedKeys(self.account)
        self._obeyed = Obeyed(self.account)
        self.look("setting up")
        for name in self.names:
            self._take_over_records(name)
            if self._is_predecessors(name):
                self._predecessors |= self.staged(name)
            if self.secret(name) is not None and not self._may_read(name):
                self._notified_again.add(name)

    def _take_over_records(self, name: str) -> None:
        """Since when keys are inactive that became so before the ledger was opened, as the records
        say; a key that was used since was switched on again."""
        secret = self.secret(name)
        for tag in (secret.tags or []) if secret else []:
            if tag["Key"] == "access-key-rotation:inactive-since":
                key_id, time = tag["Value"].split()
                since = datetime.fromisoformat(time)
                if self.is_active(name, key_id):
                    self._unused.switched_on(key_id, since)
                    self.facts[key_id].off_before = since
                if key_id in self.facts and self.facts[key_id].inactive_since is not None:
                    self.facts[key_id].inactive_since = since
                    used = self._last_used(name, key_id)
                    if used > since:
                        self.was_on(key_id, used)

    def _can_work(self, name: str) -> bool:
        now = self.account.clock.now()
        delivered = self.delivered(name)
        return any(
            key.status == "Active"
            and self.facts[key_id].usable_from <= now
            and (self.facts[key_id].held_by_person or key_id == delivered)
            for key_id, key in self.keys(name).items()
        )

    # -- what IAM shows late -----------------------------------------------------------------------

    def uses_seen_after(self, late: timedelta) -> None:
        """IAM shows each use of a key so much later."""
        self._uses_late = self._obeyed.uses_late = late
        self._hand_overs.uses.late = self._unused.uses.late = late

    def was_on(self, key_id: str, used: datetime) -> None:
        """An inactive key was on between two runs, and was used then."""
        self.facts[key_id].inactive_since = self._on_unseen[key_id] = used

    def _uses_seen_by(self) -> datetime:
        return self.account.clock.now() - self._uses_late

    # -- what people do ----------------------------------------------------------------------------

    def person_holds(self, *key_ids: str) -> None:
        """These keys' secrets are with their owner."""
        for key_id in key_ids:
            self.facts[key_id].held_by_person = True

    def person_lacks(self, key_ids: set[str]) -> None:
        """Nobody has these keys' secrets, as the ledger is opened: they are no key that worked."""
        for key_id in key_ids:
            self.facts[key_id].held_by_person = False
        self._works = {name: self._can_work(name) for name in self.names}

    def holds(self, key_id: str) -> bool:
        """Whether its owner has the key's secret."""
        return self.facts[key_id].held_by_person

    def person_keeps(self, key_id: str, days: float = 1000) -> None:
        """A person made this key, or chose it over another: it must stay active for so long."""
        self._kept[key_id] = self.account.clock.now() + timedelta(days=days)

    def _is_kept(self, key_id: str) -> bool:
        return key_id in self._kept and self.account.clock.now() < self._kept[key_id]

    def fetch(self, name: str = "alice") -> None:
        """The owner reads the secret, or a reader for them, if anything is in it."""
        key_id = self.delivered(name)
        if key_id in self.facts and self._has_a_way(name):
            self.account.read_secret(name)
            self.person_holds(key_id)

    def _has_a_way(self, name: str) -> bool:
        """To the secret: a console password, a reader, or a key that signs the request."""
        user = iam_backends[ACCOUNT_ID]["aws"].users[name]
        now = self.account.clock.now()
        return bool(user.password or readers(name)) or any(
            self.is_active(name, key_id) and facts.held_by_person and facts.usable_from <= now
            for key_id, facts in self.facts.items()
            if facts.user == name
        )

    # -- the promises, after every call ------------------------------------------------------------

    def look(self, call: str) -> None:
        """Checks what must hold at every instant; `call` has just had its effect."""
        before = {key_id: facts.inactive_since for key_id, facts in self.facts.items()}
        if call == "person" or (call == _LIST and not self.lists_lag):
            self._person_acted = call == "person"  # and no list shows it yet
        self._hand_overs.after(call)
        self._unused.after(call)
        keys = [key for name in self.names for key in self.keys(name).values()]
        self.key_log.after(call, {key.access_key_id: key.status for key in keys})
        for message in self.heard.news():
            self._secrecy.heard(*message.texts)
            self._hand_overs.heard(message.data, message.body, is_new=call != "setting up")
            self._unused.heard(message.data, is_new=call != "setting up")
        self._check_exposure(call)
        for promise, what in self._obeyed.after(call, self._may_change_keys_of):
            self._violated(promise, what)
        for name in self.names:
            if self.staged(name) - self._predecessors:
                self._had_a_key.add(name)
            present = self.keys(name)
            for key_id, key in present.items():
                self._note_status(name, key_id, key, before, call)
            for key_id, facts in list(self.facts.items()):
                if facts.user == name and key_id not in present:
                    self._check_deletion(key_id, facts, call)
                    del self.facts[key_id]
            self._check_working_key(name, call)
            if call == "secretsmanager:TagResource":
                for what in self._hand_overs.shortened(name):
                    self._violated(Promise.NAMED_END, what)
        for what in self.host.cut_off(call) if self.host else ():
            self._violated(Promise.PULLS, what)
        self._acted_just_now = call == "person"

    def _may_change_keys_of(self, name: str) -> bool:
        return is_managed(name)

    def _check_exposure(self, call: str) -> None:
        for name, key_id, problem in self._exposures.after(call, self.secret):
            self._violated(Promise.READ_FIRST, f"{key_id} of {name} was stored, but {problem}")
        if call == "person":
            self._notified_again |= {name for name in self.names if not self._may_read(name)}

    def check_readers(self, denied: str | None) -> None:
        """After a run over all users that came to its end. If AWS `denied` it to write the policy,
        no run can put that right: then its digest must say so. A dry run puts nothing right."""
        if self._obeyed.may_be_dry:
            return
        is_refused = denied == "secretsmanager:PutResourcePolicy"
        for name, reader in self._exposures.former_readers(self.secret):
            if is_refused and name in self.heard.unprotected:
                continue
            if self._waits_for_monday(name):
                continue
            self._violated(Promise.READERS, f"{reader} may read the secret of {name}")

    def _waits_for_monday(self, _name: str) -> bool:
        """Whether nothing but the weekday is a reason to look who can read this user's secret."""
        return False

    def _check_working_key(self, name: str, call: str) -> None:
        worked, works = self._works.get(name, False), self._can_work(name)
        self._works[name] = works
        if works:
            self._left_without.discard(name)
        if works or self._is_price_of_an_emergency(name) or name in self._left_without:
            self._lost.pop(name, None)
        elif worked and call != "person" and not self._could_not_be_known(name, call):
            self._lost[name] = f"{name} has none after {call}"
            if not self.tolerant:
                self._judge()

    @property
    def _is_unseen(self) -> bool:
        """No list of this run has shown what somebody did right before it."""
        return self.lists_lag and self._person_acted

    def _could_not_be_known(self, name: str, call: str) -> bool:
        """IAM has no compare-and-set, and a deletion cannot be undone. Nor has Secrets Manager: who
        can read the secret may have changed since the run looked."""
        if call == "iam:DeleteAccessKey" and self._acted_just_now:
            return True
        if self._is_unseen:
            return True
        current = self.in_secret(name)
        works = current is not None and self.is_active(name, current)
        return works and not self._may_read(name) and self._exposures.may_have_changed

    def _is_price_of_an_emergency(self, name: str) -> bool:
        """A leaked key is not left on for longer than half a minute if IAM does not take the new
        one yet, nor is it switched on again if a person takes the other one away right then."""
        if self.emergency_key is None or self.is_active(name, self.emergency_key):
            return False
        delivered = self.delivered(name)
        if delivered is None or not self.is_active(name, delivered):
            return self._person_acted or self._exposures.may_have_changed
        made_at = self.facts[delivered].usable_from - self.usable_after
        return self.account.clock.now() - made_at >= EMERGENCY_WAITS or self._person_acted

    def begin_run(self) -> None:
        """What somebody did before it, a run can see: IAM shows it late, if `lists_lag`. A run may
        begin within another one, which has looked before."""
        if not self.lists_lag and not self._open_runs:
            self._person_acted = self._acted_just_now = False
            self._exposures.begin_run()
        self._open_runs += 1
        self.heard.begin_run()
        self._unused.begin_run()
        self._obeyed.begin_run()

    def end_run(self, is_disturbed: bool = False) -> None:
        """What a run has broken it must have put right by its end."""
        self._judge()
        self._by_disable.clear()
        self._open_runs -= 1
        self.key_log.end_run(is_disturbed, is_last=not self._open_runs)
        self._obeyed.end_run()
        if not self._open_runs:
            self._hand_overs.uses.forget()

    def _judge(self) -> None:
        for what in self._lost.values():
            self._violated(Promise.WORKING_KEY, what)
        for key_id, name in self._taken.items():
            if not self.is_active(name, key_id):
                self._violated(Promise.PERSONS_KEY, f"{key_id} of {name} was disabled")
        self._lost.clear()
        self._taken.clear()

    def after_a_whole_run(self, said: str, listed: Set[str] | None = None) -> None:
        """Checks what a run that was not disturbed must have reached: it answered this, and
        `listed` the keys of these users; None: of all. The credential report has columns for two
        keys, so only a run that lists the keys of a user knows of a third, and that of the 28th
        must. What goes first for this user by the lifecycle table it does and says first; a key of
        just now may be another run's."""
        if REPORT in self.denied and NOBODY_KNOWS not in said:
            self._violated(Promise.UNKNOWN_IS_NO_ANSWER, "no report counts as no unmanaged key")
        is_full_look = self.account.clock.now().day == FULL_LOOK_DAY
        rows = ast.literal_eval(said)["users"] if said.startswith("{") else []
        for name in self.names:
            active = [key_id for key_id in self.keys(name) if self.is_active(name, key_id)]
            leaked = self.reported | self.leaked_of(name)
            may_stay = len(active) < 2 or self._obeyed.may_be_dry or not is_managed(name)
            if leaked & set(active) and not may_stay:
                self._violated(Promise.LEAKED, f"{leaked & set(active)} of {name} are active")
            is_known = listed is None or name in listed or is_full_look
            said_of = {row["reason"] for row in rows if row["user"] == name}
            says = not said_of.isdisjoint(_BLOCKED_OR_GO_FIRST)
            if len(self.keys(name)) > 2 and is_known and not self._has_a_new_key(name) and not says:
                self._violated(Promise.REPORTED, f"{name} has more than two keys")

    def _has_a_new_key(self, name: str) -> bool:
        made = [key.create_date.replace(tzinfo=UTC) for key in self.keys(name).values()]
        return bool(made) and self.account.clock.now() - max(made) < _IN_PROGRESS

    def _note_status(
        self, name: str, key_id: str, key: Any, before: dict[str, Any], call: str
    ) -> None:
        now = self.account.clock.now()
        if key_id not in self.facts:
            by_person = call in ("setting up", "person")
            usable_from = now if by_person else now + self.usable_after
            self.facts[key_id] = KeyFacts(name, key.secret_access_key, by_person, usable_from)
            self._secrecy.secrets[key_id] = key.secret_access_key
            if self.requested and not by_person:
                self._check_made(name, key_id)
            if call == "iam:CreateAccessKey":
                self._check_first_key(name, key_id)
        facts = self.facts[key_id]
        if key.status == "Active":
            if facts.inactive_since is not None:
                if call == "iam:UpdateAccessKey":  # the run has undone it
                    for violation in self._by_disable.pop(key_id, ()):
                        self.violations.remove(violation)
                else:
                    self._unused.switched_on(key_id, now)
                facts.off_before = facts.inactive_since if call == "person" else None
            facts.inactive_since = None
            if call == _LIST and not self.lists_lag:
                facts.off_before = None
        elif facts.inactive_since is None:
            facts.inactive_since = now
            if call == "person" and facts.off_before is not None:
                facts.inactive_since = max(facts.off_before, self._last_used(name, key_id))
            if before.get(key_id, now) is None and call == "iam:UpdateAccessKey":
                found = len(self.violations)
                self._check_disable(name, key_id)
                self._by_disable[key_id] = self.violations[found:]

    def _check_made(self, name: str, made: str) -> None:
        """Right after the handler made a key that somebody asked for."""
        a_day_ago = self.account.clock.now() - timedelta(days=1)
        for key_id, key in self.keys(name).items():
            if self._is_unseen and self.facts[key_id].held_by_person:
                continue  # somebody may have made it right before the run
            if key_id != made and key.create_date.replace(tzinfo=UTC) > a_day_ago:
                self._violated(Promise.ONCE_A_DAY, f"{made} of {name} was made after {key_id}")

    def _check_first_key(self, name: str, key_id: str) -> None:
        """The handler made a key just now: beside another one to replace it, or for who never had
        one of its keys. What a person has just made it cannot know of."""
        others = [key for other, key in self.keys(name).items() if other != key_id]
        wanted = self._obeyed.wants_a_first_key(name)
        is_another = True not in wanted or name in self._had_a_key
        # That there is none to replace.
        is_unseen = self._person_acted and name in self._deleted_for
        if not others and is_another and not is_unseen:
            self._violated(Promise.FIRST_KEY, f"{key_id} of {name} is not the first")
        now, young = self.account.clock.now(), timedelta(hours=1)
        made = [key.create_date.replace(tzinfo=UTC) for key in others]
        is_beside = False not in wanted and any(now - time < young for time in made)
        if is_beside and not self._person_acted:
            self._violated(Promise.FIRST_KEY, f"{key_id} of {name} was made beside another")

    def _check_disable(self, name: str, key_id: str) -> None:
        """Right after the handler disabled a key."""
        if key_id == self.emergency_key:
            self._check_emergency(name)
            return
        if self._is_kept(key_id):
            self._taken[key_id] = name
            if not self.tolerant:
                self._judge()
        if not any(self.is_active(name, other) for other in self.keys(name)):
            self._check_unused(name, key_id)
        if not self.facts[key_id].held_by_person:
            return  # an orphan: nobody has its secret
        delivered = self.in_secret(name)
        if key_id not in self.leaked | self.reported:
            for promise, what in self._hand_overs.broken(name, key_id, delivered):
                self._violated(promise, what)
            keys = self.keys(name)
            if delivered not in (None, key_id) and self.is_active(name, delivered or ""):
                for promise, what in self._obeyed.too_early(name, keys[key_id], keys[delivered]):
                    self._violated(promise, what)
        notified = key_id in self.heard.disabled or (
            delivered is not None and delivered in self.heard.announced
        )
        if not notified and key_id not in self.leaked | self.reported:
            self._violated(Promise.NOTIFIED_FIRST, f"{key_id} of {name} was disabled before a word")

    def _check_emergency(self, name: str) -> None:
        """A leaked key was disabled just now: no payload of ours lets that cut its owner off."""
        if not self._person_acted and not self._has_a_way(name):
            self._violated(Promise.WORKING_KEY, f"nobody can fetch what {name} has now")

    def _check_unused(self, name: str, key_id: str) -> None:
        """It was the last active key, so nobody may be in need of it: unless a person took the
        other one away, and the handler will see that, or nobody has its secret."""
        if not self._works.get(name):
            return
        broken = list(self._unused.broken(name, key_id, self.keys(name)[key_id]))
        self._left_without |= set() if broken else {name}
        for what in () if self._person_acted else broken:
            self._violated(Promise.UNUSED, what)

    def _check_deletion(self, key_id: str, facts: KeyFacts, call: str) -> None:
        if call == "person":
            self._deleted_for.add(facts.user)
        if call == "person" or self._acted_just_now:
            return  # somebody enabled it between the list and the deletion right after it
        if self._is_unseen:
            return  # somebody enabled it right before the run
        if key_id in self._on_unseen and self._on_unseen[key_id] > self._uses_seen_by():
            return  # it was on in between, and IAM does not show the use by which that is known
        if self._is_kept(key_id):
            self._violated(Promise.PERSONS_KEY, f"{key_id} was deleted")
        now = self.account.clock.now()
        if facts.inactive_since is None:
            # A key whose store was refused is taken back by the run that made it.
            if facts.held_by_person or self.delivered(facts.user) == key_id:
                self._violated(Promise.NOT_DELETED_EARLY, f"{key_id} was deleted while active")
            return
        least = self.delete_after() if facts.held_by_person else ORPHAN_AFTER
        if now - facts.inactive_since < least:
            inactive_for = now - facts.inactive_since
            self._violated(Promise.NOT_DELETED_EARLY, f"{key_id} was inactive for {inactive_for}")

    def delete_after(self) -> timedelta:
        """For how long a key must have been inactive before it is deleted."""
        return self._obeyed.delete_after

    # -- the promises, at the end ------------------------------------------------------------------

    def settle(self, repeats: int) -> None:
        """Checks what must hold once nothing changes any more.

        A process that dies after a publish, or loses its answer, cannot know of it: the rotation
        may be announced, and its owner be reminded, so many times more. A key whose secret could
        not be read may be announced again.
        """
        for what in self.key_log.missing():
            self._violated(Promise.KEY_LOG, f"{what} has no line")
        for what in self._hand_overs.repeated(1 + repeats):
            self._violated(Promise.REMINDED, what)
        for name in self.names:
            delivered = self.delivered(name)
            staged = self.staged(name)
            for key_id in self._left_by_predecessor(name):
                self._violated(Promise.PREDECESSOR, f"the secret of {name} holds {key_id}")
            for key_id, key in self.keys(name).items():
                facts = self.facts[key_id]
                stored = key_id in staged or key_id in self._stored_elsewhere(name)
                is_lost = key.status == "Active" and not facts.held_by_person and not stored
                if is_lost and self._is_put_right:
                    self._violated(Promise.LOST_SECRET, f"{key_id} of {name} is active")
                if key.status != "Active" and self._is_kept(key_id):
                    self._violated(Promise.PERSONS_KEY, f"{key_id} of {name} is not active")
            if delivered is not None and self.is_active(name, delivered):
                times = self.heard.announced[delivered]
                least = int(self._is_put_right)
                if not least <= times <= 1 + self._times_again(name) + repeats:
                    what = f"{delivered} of {name} was announced {times} times"
                    self._violated(Promise.NOTIFIED_FIRST, what)

    @property
    def _is_put_right(self) -> bool:
        """Whether the last runs put right what a fault had left: a dry run does not."""
        return not self._obeyed.may_be_dry

    def _left_by_predecessor(self, name: str) -> set[str]:
        """The keys that this user can read, and that are a user's who had the name before."""
        return self.staged(name) & self._predecessors if self._may_read(name) else set()

    def _stored_elsewhere(self, _name: str) -> set[str]:
        """The keys of this user that are in another secret of theirs."""
        return set()

    def _times_again(self, name: str) -> int:
        """How often the key in this user's secret had to be announced again."""
        return int(name in self._notified_again)

    def search(self, *texts: str) -> None:
        """Looks for every secret access key that there ever was, also of keys that are gone, in
        what was said, written down, measured and answered."""
        for key_id in self._secrecy.found_in(*texts):
            self._violated(Promise.SECRECY, f"the secret of {key_id} was found outside")

    @property
    def secrets_ever(self) -> dict[str, str]:
        """Every secret access key that there ever was, by key id, the oldest first."""
        return self._secrecy.secrets

    def told(self) -> Counter[tuple[str, str]]:
        """How often each key was announced (`announced`), or its end reminded of
        (`notice-reminded`): by the record that says so."""
        announced = {("announced", key_id): n for key_id, n in self.heard.announced.items()}
        return Counter(announced) + self._hand_overs.reminded()

    def _violated(self, promise: Promise, what: str) -> None:
        self.violations.append(Violation(promise, what))
