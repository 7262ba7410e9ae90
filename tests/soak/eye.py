"""The ledger of a whole history: users come, go and are renamed, and people's acts are excused.

Each excuse names the fact that it rests on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from tests.crash.exposure import readers
from tests.crash.ledger import Ledger

# A record names the second in which a key became inactive, and not what part of it had passed.
_GRAIN = timedelta(seconds=1)


@dataclass
class Eye(Ledger):
    """`subscribed` are the users who get their own messages."""

    subscribed: set[str] = field(default_factory=set)

    def delete_after(self) -> timedelta:
        return super().delete_after() - _GRAIN

    def holds(self, key_id: str) -> bool:
        """The secret may still name a key that somebody deleted."""
        return key_id in self.facts and super().holds(key_id)

    def is_gone(self, name: str) -> None:
        """Somebody deleted the user: nothing is promised to who is not there."""
        self._leaves(name)
        for key_id in [key_id for key_id, facts in self.facts.items() if facts.user == name]:
            del self.facts[key_id]

    def is_new(self, name: str) -> None:
        """Somebody created a user of this name."""
        self._arrives(name)
        self.look("person")
        self._had_a_key.discard(name)
        if self._is_predecessors(name):
            self._predecessors |= self.staged(name)

    def is_renamed(self, name: str, new_name: str) -> None:
        """The keys are the same ones; the secret of the old name is not that of the new one."""
        for facts in self.facts.values():
            if facts.user == name:
                facts.user = new_name
        self._leaves(name)
        self._arrives(new_name)
        self._works[new_name] = self._can_work(new_name)

    def lost_record(self, name: str, tag: str) -> None:
        """Somebody removed a record of the secret: what it said may be said again."""
        self._notified_again.add(name)

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
