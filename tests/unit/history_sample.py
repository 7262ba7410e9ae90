"""A history of keys as docs/cli.md shows it; the account is made up."""

from __future__ import annotations

from datetime import datetime, timedelta

from key_rotation_cli.history.changes import KeyChange
from key_rotation_cli.history.log_group import History, LogGroup
from key_rotation_cli.report.past import Past
from tests.unit.builders import ACCOUNT, NAME, NOW, ago

_OLD, _NEW = "AKIADFFE85964EXAMPLE", "AKIAD76354D84EXAMPLE"
_LEAKED, _NEXT = "AKIA4C6D27B98EXAMPLE", "AKIA0892A10ECEXAMPLE"
_CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/operators/alice"
_NOTE = "Reason, as given by whoever asked: pushed to a public repo"


def history_sample() -> History:
    """A key that came to its age, one that leaked, and one that somebody switched on by hand."""
    run, emergency = "2b1d7c80-1111-4222-8333-0123456789ab", "8f2f1c0a-1111-4222-8333-0123456789ab"
    asked = {"by": _CALLER, "note": _NOTE}
    by_schedule = {"by": "schedule"}
    changes = (
        _change(21, "legacy-import", _NEW, "create", "key_too_old", run, _OLD, **by_schedule),
        _change(14, "legacy-import", _OLD, "disable", "moved", run, **by_schedule),
        _change(8.2, "ana", _NEXT, "create", "emergency", emergency, _LEAKED, **asked),
        _change(8.2, "ana", _LEAKED, "disable", "emergency", emergency, **asked),
        _change(3, "legacy-import", _OLD, "found_active", "seen_active", run),
    )
    runs: list[datetime] = [ago(days) for days in range(40, 0, -1) if days not in (30, 31)]
    group = LogGroup(f"/aws/lambda/{NAME}", ACCOUNT, ago(400), 365)
    return History(group, ago(41), NOW, changes, (*runs, NOW - timedelta(hours=1)))


def past_sample() -> Past:
    """A year of a few users, of which the log knows eleven months."""
    group = LogGroup(f"/aws/lambda/{NAME}", ACCOUNT, ago(330), 365)
    run = "2b1d7c80-1111-4222-8333-0123456789ab"
    changes = [
        _change(
            days,
            user,
            f"AKIA{index:02}{turn}D76354D8EXAMPLE",
            "create",
            "key_too_old",
            run,
            f"AKIA{index:02}{turn + 1}D76354D8EXAMPLE",
            by="schedule",
        )
        for index, user in enumerate(("ana", "ben", "ci-runner", "edge-sync", "hugo", "robot"))
        for turn, days in enumerate(range(5 + 11 * index, 325, 90))
    ]
    changes += [one for one in history_sample().changes if one.reason == "emergency"]
    changes.sort(key=lambda one: one.at)
    runs = tuple(ago(days) for days in range(330, 0, -1))
    return Past(History(group, ago(330), NOW, tuple(changes), runs))


def _change(
    days: float,
    user: str,
    key: str,
    action: str,
    reason: str,
    run: str,
    replaces: str | None = None,
    **by: str,
) -> KeyChange:
    user_id = f"AIDA{user.upper().replace('-', '')}EXAMPLE"
    return KeyChange(ago(days), user, user_id, key, action, reason, run, replaces, **by)
