"""Sabotages of a repair: no single fault notices them, since it leaves the repair alone."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

OF_PAIRS = (
    Sabotage(
        "the retry of an emergency records the announcement before it is sent",
        "run/notices.py",
        "    run.notify(progress, Event.ROTATED, message, outcome, first=True)\n",
        "    if progress.is_emergency and progress.new_key is None:\n"
        "        stamp = Stamp(key_id, run.now())\n"
        "        run.world.secrets.record(progress.secret, announced=stamp)\n"
        "    run.notify(progress, Event.ROTATED, message, outcome, first=True)\n",
        Promise.NOTIFIED_FIRST,
        "pairs",
        "emergency, the only key",
    ),
)
