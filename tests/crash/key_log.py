"""What the handler did to keys, as moto has it, beside the lines of its log about that."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from key_rotation.run.key_changes import MESSAGE

_VERBS = {"Active": "enable", "Inactive": "disable"}
_CHANGES = ("create", "delete", *_VERBS.values())
_LOGGER = logging.getLogger("key_rotation")


class KeyLog(logging.Handler):
    """Call `after` after every call, with the status of each key, and `end_run` after each run. One
    that died, or did not learn what became of its call, may lack one line."""

    def __init__(self) -> None:
        super().__init__()
        self._disturbed = 0
        self._statuses: Mapping[str, str] = {}
        self._unlogged: Counter[tuple[str, str]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        line = vars(record)
        if record.getMessage() == MESSAGE and line["action"] in _CHANGES:
            self._count(Counter({(line["access_key_id"], line["action"]): -1}))

    def after(self, call: str, statuses: Mapping[str, str]) -> None:
        if call.startswith("iam:"):
            self._count(Counter(_changes(self._statuses, statuses)))
        self._statuses = statuses

    def _count(self, changes: Counter[tuple[str, str]]) -> None:
        self._unlogged.update(changes)
        for change in changes:
            if not self._unlogged[change]:
                del self._unlogged[change]

    def end_run(self, is_disturbed: bool, is_last: bool) -> None:
        """`is_last` of those that were there at once."""
        self._disturbed += is_disturbed
        if is_last:
            self._unlogged = +self._unlogged
            for change in sorted(self._unlogged.elements())[: self._disturbed]:
                self._count(Counter({change: -1}))
            self._disturbed = 0

    def missing(self) -> list[str]:
        """The changes without a line."""
        return sorted(map(str, self._unlogged))


@contextmanager
def keeping(log: KeyLog) -> Iterator[None]:
    """The log hears what the product says, also when one of two runs has ended."""
    level = _LOGGER.level
    _LOGGER.addHandler(log)
    _LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        _LOGGER.removeHandler(log)
        _LOGGER.setLevel(level)


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from ((key_id, "create") for key_id in now.keys() - before.keys())
    yield from ((key_id, "delete") for key_id in before.keys() - now.keys())
    for key_id in now.keys() & before.keys():
        if now[key_id] != before[key_id]:
            yield key_id, _VERBS[now[key_id]]
