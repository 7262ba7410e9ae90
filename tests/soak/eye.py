"""The ledger of a whole history: users come, go and are renamed, and people's acts are excused.

Each excuse names the fact that it rests on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

from key_rotation.run.weekly import WEEKDAY
from tests.aws.account import ACCOUNT_ID, REGION, Account
from tests.crash.exposure import readers
from tests.crash.hand_over import HandOvers, said
from tests.crash.ledger import Ledger
from tests.crash.promises import Promise
from tests.crash.settings_read import parameter
from tests.soak.reported import note_switched_on

# A record names the second in which a key became inactive, and not what part of it had passed.
_GRAIN = timedelta(seconds=1)
_REMINDED = "access-key-rotation:notice-reminded"
_WORKS_UNTIL = "access-key-rotation:works-until"
_USER_ID = "access-key-rotation:user-id"


class HandOversOfUsers(HandOvers):
    """Of users who take each other's names."""

    def __init__(self, account: Account, secret: Callable[[str], Any]) -> None:
        super().__init__(account, secret)
        self._successors: dict[str, set[str]] = {}
        self.is_overlapped = False
        self._forgotten: Counter[str] = Counter()

    def recorded_ends(self, name: str) -> Iterator[tuple[str, datetime]]:
        """A record in the secret of this name may be of the key of a user who had it before."""
        own = {key.access_key_id for key in iam_backends[ACCOUNT_ID]["aws"].users[name].access_keys}
        return (found for found in super().recorded_ends(name) if found[0] in own)

    def heard(self, data: dict[str, Any], body: str, is_new: bool) -> None:
        super().heard(data, body, is_new)
        lines = data["lines"] if data["event"] == "digest" else [data]
        for line, one in zip(lines, said(data, body), strict=True):
            if one.event == "rotated" and one.key_id is not None:
                self._successors.setdefault(one.key_id, set()).add(line["access_key_id"])

    def shortened(self, name: str) -> Iterator[str]:
        """Of two runs at once, each records what it saw: ADR 8 gives that up. What the message
        named must hold all the same."""
        found = list(super().shortened(name))
        return iter(() if self.is_overlapped else found)

    def repeated(self, most: int) -> Iterator[str]:
        """A reminder is one for each key and successor, and an emergency may take a successor."""
        for key_id, times in self._reminders.items():
            others = len(self._successors.get(key_id, {None})) - 1
            if times > most + others + self._forgotten[key_id]:
                yield f"{key_id} was reminded of {times} times"

    def is_without_reminder(self, key_ids: set[str]) -> None:
        """Somebody removed the record of it."""
        self._forgotten.update(key_ids)

    def is_without_end(self, key_ids: set[str]) -> None:
        """Somebody removed the record of it."""
        for known in (self._named_ends, self._recorded_ends):
            for key_id in key_ids:
                known.pop(key_id, None)
        self._has_grace -= key_ids  # it may have been up to that end alone

    def is_without_records(self, key_ids: set[str]) -> None:
        """The secret that says what was said of these keys is not their user's any more."""
        self.is_without_end(key_ids)
        for known in (self._announced, self._last_notices):
            for key_id in key_ids:
                known.pop(key_id, None)


@dataclass
class Eye(Ledger):
    """`subscribed` are the users who get their own messages. `at_first` are the settings of the
    first day. `may_cut_off`: an operator has said so in the payload of the present emergency."""

    HAND_OVERS: ClassVar = HandOversOfUsers
    _hand_overs: HandOversOfUsers = field(init=False)

    subscribed: set[str] = field(default_factory=set)
    at_first: dict[str, str] = field(default_factory=dict)
    may_cut_off: bool = False
    _given_away: set[str] = field(default_factory=set)
    _moved: set[str] = field(default_factory=set)  # since the last run began
    _untagged: set[str] = field(default_factory=set)  # since the last run began
    _renamed: set[str] = field(default_factory=set)  # since a Monday's run looked who reads
    _again: Counter[str] = field(default_factory=Counter)
    _readable: set[str] = field(default_factory=set)
    _inactive: set[str] = field(default_factory=set)

    def begin_run(self) -> None:
        super().begin_run()
        self._hand_overs.is_overlapped = self._open_runs > 1 or self._hand_overs.is_overlapped
        self._moved.clear()
        self._untagged.clear()

    def end_run(self, is_disturbed: bool = False) -> None:
        super().end_run(is_disturbed)
        self._hand_overs.is_overlapped &= self._open_runs > 0

    def look(self, call: str) -> None:
        super().look(call)
        if call in ("setting up", "person") or call.startswith("secretsmanager:"):
            self._look_who_reads(call)
        keys = {key_id: key for name in self.names for key_id, key in self.keys(name).items()}
        inactive = {key_id for key_id, key in keys.items() if key.status == "Inactive"}
        for key_id in self._inactive & keys.keys() - inactive:
            note_switched_on(keys[key_id], self.account.clock.now())
        self._inactive = inactive

    def _look_who_reads(self, call: str) -> None:
        readable = {name for name in self.names if self._may_read(name)}
        lost = self._readable - readable
        if call == "person":
            self._again.update(lost)
        elif call == "secretsmanager:PutResourcePolicy":
            # It is for the ARN that the run has read: moto takes it, AWS would not. The run held
            # the owner for one who cannot read, and the next one finds that they cannot.
            self._again.update([*(lost & self._moved)] * 2)
        self._readable = readable
        for name in readable:
            if (key_id := self.in_secret(name)) in self._predecessors:
                self._violated(Promise.PREDECESSOR, f"{name} can read {key_id} after {call}")

    def delete_after(self) -> timedelta:
        return super().delete_after() - _GRAIN

    def holds(self, key_id: str) -> bool:
        """The secret may still name a key that somebody deleted."""
        return key_id in self.facts and super().holds(key_id)

    def check_readers(self, denied: str | None) -> None:
        if self.account.clock.now().weekday() == WEEKDAY:
            self._renamed.clear()
        super().check_readers(denied)

    def _waits_for_monday(self, name: str) -> bool:
        """AWS dates a change of settings, and none of a name: with another one somebody has other
        readers of their own, and the day's run does not know of it."""
        return name in self._renamed

    # -- what users do -----------------------------------------------------------------------------

    def is_gone(self, name: str) -> None:
        """Somebody deleted the user: nothing is promised to who is not there."""
        self._leaves(name)
        for key_id in self._keys_of(name):
            del self.facts[key_id]

    def is_new(self, name: str) -> None:
        """Somebody created a user of this name."""
        self._arrives(name)
        self.look("person")
        self._had_a_key.discard(name)
        self._predecessors |= self.staged(name)  # whatever the secret's tag says
        self._given_away |= self.staged(name) & self.facts.keys()

    def is_renamed(self, name: str, new_name: str) -> None:
        """The keys are the same ones; the secret of the old name, and what it records, is not that
        of the new one: docs/operations.md says to rename nobody in a hand-over."""
        self._renamed.add(new_name)
        own = self._keys_of(name)
        for key_id in own:
            self.facts[key_id].user = new_name
        self._hand_overs.is_without_records(own)
        self._leaves(name)
        self._arrives(new_name)
        self._works[new_name] = self._can_work(new_name)

    def is_moved(self, name: str) -> None:
        """Somebody gave the user another path, and so another ARN, maybe in the middle of a run."""
        self._moved.add(name)

    def is_untagged(self, name: str) -> None:
        """Somebody took the tag from a managed user, maybe in the middle of a run."""
        self._untagged.add(name)

    def lost_record(self, name: str, tag: str) -> None:
        """Somebody removed a record of the secret: what it said may be said again, once."""
        self._again[name] += 1
        if tag == _REMINDED:
            self._hand_overs.is_without_reminder(self._keys_of(name))
        if tag == _WORKS_UNTIL:
            self._hand_overs.is_without_end(self._keys_of(name))

    def _keys_of(self, name: str) -> set[str]:
        return {key_id for key_id, facts in self.facts.items() if facts.user == name}

    def _leaves(self, name: str) -> None:
        self.names = tuple(one for one in self.names if one != name)
        self._exposures._names = self.names
        for known in (self._works, self._lost):
            known.pop(name, None)

    def _arrives(self, name: str) -> None:
        self.names = (*self.names, name)
        self._exposures._names = self.names
        for read in self._exposures._read.values:
            read.setdefault(name, readers(name))

    # -- excuses -----------------------------------------------------------------------------------

    def _could_not_be_known(self, name: str, call: str) -> bool:
        """AWS refuses a policy for the ARN that a user had when the run read it; moto takes it."""
        is_of_former_arn = call == "secretsmanager:PutResourcePolicy" and name in self._moved
        return is_of_former_arn or super()._could_not_be_known(name, call)

    def _may_change_keys_of(self, name: str) -> bool:
        """The role may change keys of who has the tag, says its policy, which `make policies`
        tries: AWS refuses what a run does after the tag went; moto takes it."""
        return name in self._untagged or super()._may_change_keys_of(name)

    def _check_emergency(self, name: str) -> None:
        if not self.may_cut_off:
            super()._check_emergency(name)

    def _is_price_of_an_emergency(self, name: str) -> bool:
        key_id = self.emergency_key
        is_off = key_id in self._keys_of(name) and not self.is_active(name, str(key_id))
        return (self.may_cut_off and is_off) or super()._is_price_of_an_emergency(name)

    def _times_again(self, name: str) -> int:
        """For each time that somebody kept the owner from reading the secret, or took a record."""
        return self._again[name]

    def _stored_elsewhere(self, name: str) -> set[str]:
        """In the secret of a name that this user had before: an administrator can still read it. If
        somebody has given the name to another user, as docs/operations.md says not to do, it was
        emptied for that user."""
        user_id = iam_backends[ACCOUNT_ID]["aws"].users[name].id
        return self._given_away | {
            key_id
            for secret in secrets()
            if {"Key": _USER_ID, "Value": user_id} in (secret.tags or [])
            for key_id in _staged(secret)
        }

    @property
    def _is_put_right(self) -> bool:
        """Nor does a run that cannot read its settings."""
        return super()._is_put_right and parameter("max_key_age_days").isdigit()

    def _left_by_predecessor(self, name: str) -> set[str]:
        """Until the first key is stored for this user, the predecessor's secret is as it was, and
        they cannot read it: it is deleted, or its policy denies all but the predecessor."""
        secret, left = self.secret(name), super()._left_by_predecessor(name)
        user_id = iam_backends[ACCOUNT_ID]["aws"].users[name].id
        is_as_it_was = self.staged(name) <= self._predecessors
        return set() if left and is_as_it_was and _is_withheld(secret, user_id) else left


def secrets() -> list[Any]:
    """All of moto's, each once."""
    store: Any = secretsmanager_backends[ACCOUNT_ID][REGION].secrets
    return list({id(secret): secret for secret in store.values()}.values())


def _staged(secret: Any) -> set[str]:
    versions = (v for v in secret.versions.values() if v["version_stages"])
    values = [json.loads(version["secret_string"]) for version in versions]
    return {value["AccessKeyId"] for value in values if "AccessKeyId" in value}


def _is_withheld(secret: Any, user_id: str) -> bool:
    if secret.is_deleted():
        return True
    statements = json.loads(secret.policy)["Statement"] if secret.policy else []
    return any(s["Effect"] == "Deny" and user_id not in json.dumps(s) for s in statements)
