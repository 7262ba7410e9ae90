"""The status of an account for programs: as JSON, and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import hand_over, mismatches, unmanaged
from .account import AccountStatus, UserStatus
from .administrators import Administrators, Power
from .forecast import Due
from .hand_over import iso
from .rotation_limit import put_off
from .selection import EVERYBODY, Selection

COLUMNS = (
    *("user", "state", "reason", "from_report", "access_key_id", "status", "created", "age_days"),
    *("max_key_age_days", "over_limit", "next", "next_at", "administrator", *hand_over.COLUMNS),
)


def as_document(
    found: AccountStatus, administrators: Administrators, selection: Selection = EVERYBODY
) -> dict[str, Any]:
    """The account as JSON, with the users who are selected; docs/cli.md shows one."""
    return {
        "installation": found.settings.name,
        "account_id": found.account_id,
        "region": found.region,
        "at": iso(found.at),
        "iam_users": found.scanned,
        "dry_run": found.settings.dry_run,
        "schedule": found.schedule.state.value,
        "put_off_by_rotation_limit": [status.name for status in put_off(found)],
        "users": [
            _user(status, administrators.of(status.name), found)
            for status in found.statuses
            if selection.admits(status)
        ],
        "unexpected_tag_values": found.unexpected,
        "out_of_reach": dict(found.out_of_reach),
        **mismatches.as_document(found),
        "unmanaged": unmanaged.as_document(found),
        "unread": [{"user": unread.name, "error": unread.error} for unread in found.unread],
    }


def csv_rows(
    found: AccountStatus, administrators: Administrators, selection: Selection = EVERYBODY
) -> Iterator[list[Any]]:
    """A line for each key, one for a user without any; the columns are those of the JSON."""
    for status in filter(selection.admits, found.statuses):
        user = _user(status, administrators.of(status.name), found)
        for key in user["keys"] or [{}]:
            row = dict.fromkeys(COLUMNS) | user | key | _flat(key.get("next")) | hand_over.flat(key)
            for name in ("from_report", "over_limit"):
                if row[name] is not None:
                    row[name] = str(row[name]).lower()  # as JSON has it
            yield [row[column] for column in COLUMNS]


def _flat(step: Any) -> dict[str, Any]:
    return {"next": None, "next_at": None} | (
        {"next": step["action"], "next_at": step["at"]} if step else {}
    )


def _user(status: UserStatus, power: Power, found: AccountStatus) -> dict[str, Any]:
    now, coming = found.at, status.forecast.coming()
    options = found.settings.options_of(status.name)
    return {
        "user": status.name,
        "state": status.state,
        "reason": status.reason,
        "from_report": status.from_report,
        "max_key_age_days": status.limits.max_key_age_days,
        "hold_until": status.limits.hold_until and status.limits.hold_until.isoformat(),
        "held_key": status.limits.held_key,
        "ignored_overrides": list(status.limits.malformed),
        "administrator": power.is_administrator,
        "administrator_by": list(power.by),
        "options": {name: getattr(options, name) for name in options.names},
        "next": _step(coming[0] if coming else None),
        "keys": [
            {
                "access_key_id": key.id or None,
                "status": key.status.value,
                "created": iso(key.created),
                "age_days": (now - key.created).days,
                "over_limit": status.is_over_limit(key, now),
                "next": _step(status.forecast.next_about(key.id)),
                **hand_over.known(status, key),
            }
            for key in status.keys
        ],
    }


def _step(step: Due | None) -> dict[str, str] | None:
    return None if step is None else {"action": step.verb.value, "at": iso(step.at)}
