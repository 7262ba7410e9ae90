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
    """Replace and disable this key now; `even_if_nobody_can_fetch` the one that stays."""

    user: str
    access_key_id: str
    reason: str
    even_if_nobody_can_fetch: bool = False


@dataclass(frozen=True, slots=True)
class ExposedKey:
    """An emergency of which only the key is known; whose it is must be found out."""

    access_key_id: str
    reason: str
    even_if_nobody_can_fetch: bool = False


@dataclass(frozen=True, slots=True)
class Payload:
    """`users` is None for all managed users. Either of `emergency` and `exposed` is None."""

    dry_run: bool = False
    users: tuple[str, ...] | None = None
    emergency: Emergency | None = None
    exposed: ExposedKey | None = None


_FIELDS = ("dry_run", "users", "emergency")
_EMERGENCY_TEXTS = ("user", "access_key_id", "reason")
_EMERGENCY_FIELDS = (*_EMERGENCY_TEXTS, "even_if_nobody_can_fetch")
_USER_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")  # IAM's own alphabet
_KEY_ID = re.compile(r"[A-Za-z0-9_]{16,128}")
_REASON_LIMIT = 500
EXPOSED = "AWS_RISK_CREDENTIALS_EXPOSED"


def parse_payload(event: object) -> Payload:
    """The payload of an invocation. Raises PayloadError naming the field at fault."""
    if isinstance(event, Mapping) and event.get("source") == "aws.health":
        return Payload(exposed=_exposed_key(event))
    fields = _object(event, "the payload", _FIELDS)
    dry_run = fields.get("dry_run", False)
    if not isinstance(dry_run, bool):
        raise PayloadError(f"dry_run must be true or false, not {dry_run!r}")
    users = _users(fields["users"]) if "users" in fields else None
    emergency = _emergency(fields["emergency"]) if "emergency" in fields else None
    if users is not None and emergency is not None:
        raise PayloadError("users and emergency cannot be given together")
    if isinstance(emergency, ExposedKey):
        return Payload(dry_run, exposed=emergency)
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


def _emergency(value: object) -> Emergency | ExposedKey:
    fields = _object(value, "emergency", _EMERGENCY_FIELDS)
    for name in _EMERGENCY_TEXTS if "user" in fields else ("access_key_id", "reason"):
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise PayloadError(f"emergency.{name} must be a text that is not empty")
    if "user" in fields and not _USER_NAME.fullmatch(fields["user"]):
        raise PayloadError(f"emergency.user is {fields['user']!r}, which is not an IAM user name")
    if not _KEY_ID.fullmatch(fields["access_key_id"]):
        raise PayloadError(
            f"emergency.access_key_id is {fields['access_key_id']!r}, not an access key id"
        )
    if len(fields["reason"]) > _REASON_LIMIT:
        raise PayloadError(f"emergency.reason must not exceed {_REASON_LIMIT} characters")
    at_all_costs = fields.get("even_if_nobody_can_fetch", False)
    if not isinstance(at_all_costs, bool):
        raise PayloadError(
            f"emergency.even_if_nobody_can_fetch must be true or false, not {at_all_costs!r}"
        )
    if "user" not in fields:
        return ExposedKey(fields["access_key_id"], fields["reason"], at_all_costs)
    return Emergency(fields["user"], fields["access_key_id"], fields["reason"], at_all_costs)


def _exposed_key(event: Mapping[str, Any]) -> ExposedKey:
    """The key that an event of AWS Health names. It is the one thing that is needed of it: whose it
    is, AWS may say under `eventMetadata` or not."""
    detail = event.get("detail")
    if not isinstance(detail, Mapping) or detail.get("eventTypeCode") != EXPOSED:
        raise PayloadError(f"an event of AWS Health must have the eventTypeCode {EXPOSED}")
    entities = detail.get("affectedEntities")
    found = [
        entity.get("entityValue") if isinstance(entity, Mapping) else None
        for entity in (entities if isinstance(entities, list) else [])
    ]
    if len(found) != 1:
        raise PayloadError(
            f"detail.affectedEntities names {len(found)} access keys, not one: "
            "send an emergency for each of them by hand"
        )
    [key_id] = found
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise PayloadError(
            f"detail.affectedEntities[0].entityValue is {key_id!r}, not an access key id"
        )
    # There the leak weighs more than an owner who is cut off, and nobody is asked.
    return ExposedKey(key_id, _found_by_health(detail), even_if_nobody_can_fetch=True)


def _found_by_health(detail: Mapping[str, Any]) -> str:
    """The reason of the emergency: what AWS found, and where, as far as it says."""
    metadata = detail.get("eventMetadata")
    where = metadata.get("exposedUrl") if isinstance(metadata, Mapping) else None
    reason = "AWS Health found it exposed" + (f" at {where}" if isinstance(where, str) else "")
    return reason[:_REASON_LIMIT]
