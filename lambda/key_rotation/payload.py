"""The invocation payload: what a caller may ask of one run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class PayloadError(Exception):
    """The payload is not one of those documented; the message names the field."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """Replace and disable this key now."""

    user: str
    access_key_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Payload:
    """`users` is None for all marked users."""

    dry_run: bool = False
    users: tuple[str, ...] | None = None
    emergency: Emergency | None = None


_FIELDS = ("dry_run", "users", "emergency")
_EMERGENCY_FIELDS = ("user", "access_key_id", "reason")
_USER_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")  # IAM's own alphabet
_KEY_ID = re.compile(r"[A-Za-z0-9_]{16,128}")
_REASON_LIMIT = 500


def parse_payload(event: object) -> Payload:
    """The payload of an invocation. Raises PayloadError naming the field at fault."""
    fields = _object(event, "the payload", _FIELDS)
    dry_run = fields.get("dry_run", False)
    if not isinstance(dry_run, bool):
        raise PayloadError(f"dry_run must be true or false, not {dry_run!r}")
    users = _users(fields["users"]) if "users" in fields else None
    emergency = _emergency(fields["emergency"]) if "emergency" in fields else None
    if users is not None and emergency is not None:
        raise PayloadError("users and emergency cannot be given together")
    return Payload(dry_run, users, emergency)


def _object(value: object, where: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PayloadError(f"{where} must be a JSON object, not {type(value).__name__}")
    for name in value:
        if name not in known:
            raise PayloadError(f"{where} has an unknown field {name!r}; known: {', '.join(known)}")
    return value


def _users(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise PayloadError(f"users must be a list of IAM user names, not {value!r}")
    for name in value:
        if not isinstance(name, str) or not _USER_NAME.fullmatch(name):
            raise PayloadError(f"users holds {name!r}, which is not an IAM user name")
    return tuple(dict.fromkeys(value))


def _emergency(value: object) -> Emergency:
    fields = _object(value, "emergency", _EMERGENCY_FIELDS)
    for name in _EMERGENCY_FIELDS:
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise PayloadError(f"emergency.{name} must be a text that is not empty")
    if not _USER_NAME.fullmatch(fields["user"]):
        raise PayloadError(f"emergency.user is {fields['user']!r}, which is not an IAM user name")
    if not _KEY_ID.fullmatch(fields["access_key_id"]):
        raise PayloadError(
            f"emergency.access_key_id is {fields['access_key_id']!r}, not an access key id"
        )
    if len(fields["reason"]) > _REASON_LIMIT:
        raise PayloadError(f"emergency.reason must not exceed {_REASON_LIMIT} characters")
    return Emergency(fields["user"], fields["access_key_id"], fields["reason"])
