"""Sabotages of what settings, tags and limits hold back."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

_OVERLAP = "domain/overlap.py"
_OVERRIDES = "domain/overrides.py"

OF_SETTINGS = (
    Sabotage(
        "a user with any value of the tag is managed",
        "aws/directory.py",
        "            if value == self._tag.value and not barrier:\n",
        "            if value is not None and not barrier:\n",
        Promise.UNTAGGED,
        "faults",
        "due, beside an exempt user",
    ),
    Sabotage(
        "a dry run does it all",
        "run/run.py",
        "        self._dry_run = settings.dry_run or payload.dry_run\n",
        "        self._dry_run = payload.dry_run\n",
        Promise.HELD_BACK,
        "faults",
        "due, a dry run",
    ),
    Sabotage(
        "the limit of rotations limits nothing",
        "run/user_runs.py",
        "                if 0 < limit < len(rotated) and self._payload.emergency is None:\n",
        "                if limit < 0 and self._payload.emergency is None:\n",
        Promise.HELD_BACK,
        "faults",
        "due, two users, one rotation a run",
    ),
    Sabotage(
        "writes to IAM come as fast as they can",
        "aws/rate_limiter.py",
        "            self._next = slot + self._between\n",
        "            self._next = slot\n",
        Promise.HELD_BACK,
        "faults",
        "due, two users, little time",
    ),
    Sabotage(
        "users are read in bulk, whatever the setting says",
        "aws/directory.py",
        "        if not self._bulk:\n",
        "        if not self._tag:\n",
        Promise.HELD_BACK,
        "faults",
        "due again, no bulk discovery",
    ),
    Sabotage(
        "the tag for a grace is ignored",
        _OVERRIDES,
        "    grace_days = days(GRACE_DAYS, settings.grace_days, 0, most_grace)\n",
        "    grace_days = settings.grace_days if most_grace else 0\n",
        Promise.HELD_BACK,
        "faults",
        "due, a grace by tag",
    ),
    Sabotage(
        "there is no grace but for who has no password",
        _OVERLAP,
        "    return least if situation.only_a_key_can_fetch else grace\n",
        "    return least if situation.only_a_key_can_fetch else 0\n",
        Promise.HELD_BACK,
        "faults",
        "due, a grace of a day",
    ),
    Sabotage(
        "nobody gets more time for want of a password",
        _OVERLAP,
        "    return least if situation.only_a_key_can_fetch else grace\n",
        "    return grace\n",
        Promise.NOT_CUT_OFF,
        "faults",
        "due, a service with two weeks to fetch",
    ),
    Sabotage(
        "the tag that holds a key is ignored",
        _OVERLAP,
        "    return ends is not None and situation.now < ends\n",
        "    return ends is not None and situation.now < situation.active[0].created\n",
        Promise.HELD_BACK,
        "faults",
        "superseded, held by tag",
    ),
    Sabotage(
        "the use of an old key holds nothing",
        _OVERLAP,
        "    return Reason.STILL_IN_USE if is_held_by_use(",
        "    return None if is_held_by_use(",
        Promise.HELD_BACK,
        "faults",
        "superseded, still in use",
    ),
    Sabotage(
        "the tag that keeps an unused key is ignored",
        _OVERRIDES,
        "        or_zero=True,\n    )\n",
        "        or_zero=True,\n    )\n    unused_days = settings.disable_unused_after_days\n",
        Promise.UNUSED,
        "faults",
        "unused, kept by tag",
    ),
    Sabotage(
        "a key is made although nobody hears of it",
        "domain/situation.py",
        "        return self.settings.require_confirmed_subscription and self.is_heard_by_nobody\n",
        "        return self.is_heard_by_nobody and False\n",
        Promise.NOTIFIED_FIRST,
        "faults",
        "due, nobody subscribes",
    ),
)
