"""The invocation payload: what a caller may ask of one run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from ..notify.text import link_in


class PayloadError(Exception):
    """The payload is not one of those documented; the message names the field."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """Replace and disable this key now; `even_if_nobody_can_fetch` the one that stays.
    `by_aws_health`: AWS reported it, and no person asked."""

    user: str
    access_key_id: str
    reason: str
    even_if_nobody_can_fetch: bool = False
    by_aws_health: bool = False

    @property
    def note(self) -> str:
        """The reason as people read it: whose words these are is part of it."""
        return self.reason if self.by_aws_health else f"{GIVEN}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ExposedKey:
    """An emergency of which only the key is known; whose it is must be found out."""

    access_key_id: str
    reason: str
    even_if_nobody_can_fetch: bool = False
    by_aws_health: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Rotate the keys of these users now, by the ordinary rules and with the ordinary grace."""

    users: tuple[str, ...]
    reason: str

    @property
    def note(self) -> str:
        """The reason as people read it."""
        return f"{GIVEN}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who started a run, as the log of keys has it: `SCHEDULE`, `AWS_HEALTH` with the id of its
    event, or the ARN that the caller stated. None if nobody did."""

    by: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """`users` is None for all managed users. Of `users`, `emergency`, `exposed` and `rotate` all
    but one are None. `requested_by` is as the caller stated it: whoever may invoke the function
    writes the payload. `event_id` is that of an event of AWS Health."""

    dry_run: bool = False
    users: tuple[str, ...] | None = None
    emergency: Emergency | None = None
    exposed: ExposedKey | None = None
    rotate: Request | None = None
    requested_by: str | None = None
    event_id: str | None = None

    @property
    def origin(self) -> Origin:
        """A payload without a word is the schedule's, or of somebody who started the same run."""
        if self.emergency is not None and self.emergency.by_aws_health:
            return Origin(AWS_HEALTH, self.event_id)
        return Origin(self.requested_by or (SCHEDULE if self.named is None else None))

    @property
    def named(self) -> tuple[str, ...] | None:
        """The users that the run is about; None for all managed ones."""
        if self.rotate is not None:
            return self.rotate.users
        return self.users if self.emergency is None else (self.emergency.user,)


# Neither is an ARN, so no caller can state it.
SCHEDULE, AWS_HEALTH = "schedule", "aws.health"

# Each of these says what the run is about.
_SUBJECTS = ("users", "emergency", "rotate")
_FIELDS = ("dry_run", *_SUBJECTS, "requested_by")
_EMERGENCY_TEXTS = ("user", "access_key_id", "reason")
_EMERGENCY_FIELDS = (*_EMERGENCY_TEXTS, "even_if_nobody_can_fetch")
_REQUEST_FIELDS = ("users", "reason")
_USER_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")  # IAM's own alphabet
_KEY_ID = re.compile(r"[A-Za-z0-9_]{16,128}")
_REASON_LIMIT = 500
# As sts:GetCallerIdentity returns it. Of a user with the longest path it has some 620 characters.
_CALLER = re.compile(r"arn:[a-z-]{3,20}:(?:iam|sts)::[0-9]{12}:[!-~]{1,600}")
_EVENT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
GIVEN = "Reason, as given by whoever asked"

# How the rule of exposed_keys.tf hands over an event of AWS Health.
_HEALTH_EVENT, _RULE_TOKEN = "aws_health", "rule_token"
# The events about an access key of an IAM user. AWS publishes no list of its codes for risks; these
# are the ones known from public reports. The rule matches every risk, so that an event under any
# other code is refused here and becomes a dead letter.
EXPOSED_KEY_CODES = (
    "AWS_RISK_CREDENTIALS_COMPROMISED",
    "AWS_RISK_CREDENTIALS_COMPROMISE_SUSPECTED",
    "AWS_RISK_CREDENTIALS_EXPOSED",
    "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED",
    "AWS_RISK_IAM_QUARANTINE",
)
_QUARANTINE = (
    "AWS may have attached a policy AWSCompromisedKeyQuarantine to the user. It restricts the new "
    "key too, until it is detached: follow the support case that AWS opened"
)


def parse_payload(event: object, rule_token: str = "") -> Payload:
    """The payload of an invocation. Raises PayloadError naming the field at fault.

    An event of AWS Health counts only with `rule_token`, which the module's rule adds to it; empty
    if there is no such rule.
    """
    if isinstance(event, Mapping) and (
        _HEALTH_EVENT in event or event.get("source") == "aws.health"
    ):
        health = _from_the_rule(event, rule_token)
        return Payload(exposed=_exposed_key(health), event_id=_event_id(health))
    fields = _object(event, "the payload", _FIELDS)
    dry_run = fields.get("dry_run", False)
    if not isinstance(dry_run, bool):
        raise PayloadError(f"dry_run must be true or false, not {dry_run!r}")
    users = _users(fields["users"]) if "users" in fields else None
    emergency = _emergency(fields["emergency"]) if "emergency" in fields else None
    rotate = _request(fields["rotate"]) if "rotate" in fields else None
    caller = _caller(fields.get("requested_by"))
    given = [name for name in _SUBJECTS if name in fields]
    if len(given) > 1:
        raise PayloadError(f"{' and '.join(given)} cannot be given together")
    if isinstance(emergency, ExposedKey):
        return Payload(dry_run, exposed=emergency, requested_by=caller)
    return Payload(dry_run, users, emergency, rotate=rotate, requested_by=caller)


def _object(value: object, where: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PayloadError(f"{where} must be a JSON object, not {type(value).__name__}")
    for name in value:
        if name not in known:
            raise PayloadError(f"{where} has an unknown field {name!r}; known: {', '.join(known)}")
    return value


def _users(value: object, where: str = "users") -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise PayloadError(f"{where} must be a list of IAM user names, not {value!r}")
    for name in value:
        if not isinstance(name, str) or not _USER_NAME.fullmatch(name):
            raise PayloadError(f"{where} holds {name!r}, which is not an IAM user name")
    return tuple(dict.fromkeys(value))


def _request(value: object) -> Request:
    fields = _object(value, "rotate", _REQUEST_FIELDS)
    users = _users(fields.get("users"), "rotate.users")
    _check_text(fields.get("reason"), "rotate.reason")
    _check_reason(fields["reason"], "rotate.reason")
    return Request(users, fields["reason"])


def _emergency(value: object) -> Emergency | ExposedKey:
    fields = _object(value, "emergency", _EMERGENCY_FIELDS)
    for name in _EMERGENCY_TEXTS if "user" in fields else ("access_key_id", "reason"):
        _check_text(fields.get(name), f"emergency.{name}")
    if "user" in fields and not _USER_NAME.fullmatch(fields["user"]):
        raise PayloadError(f"emergency.user is {fields['user']!r}, which is not an IAM user name")
    if not _KEY_ID.fullmatch(fields["access_key_id"]):
        raise PayloadError(
            f"emergency.access_key_id is {fields['access_key_id']!r}, not an access key id"
        )
    _check_reason(fields["reason"], "emergency.reason")
    at_all_costs = fields.get("even_if_nobody_can_fetch", False)
    if not isinstance(at_all_costs, bool):
        raise PayloadError(
            f"emergency.even_if_nobody_can_fetch must be true or false, not {at_all_costs!r}"
        )
    if "user" not in fields:
        return ExposedKey(fields["access_key_id"], fields["reason"], at_all_costs)
    return Emergency(fields["user"], fields["access_key_id"], fields["reason"], at_all_costs)


def _caller(value: object) -> str | None:
    if value is not None and not (isinstance(value, str) and _CALLER.fullmatch(value)):
        raise PayloadError(
            f"requested_by must be the ARN that sts:GetCallerIdentity returns, not {value!r}"
        )
    return value


def _check_text(value: object, where: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise PayloadError(f"{where} must be a text that is not empty")


def _check_reason(reason: str, where: str) -> None:
    """People get it in a genuine message, so it must not lead them anywhere."""
    if len(reason) > _REASON_LIMIT:
        raise PayloadError(f"{where} must not exceed {_REASON_LIMIT} characters")
    if not reason.isprintable():
        raise PayloadError(f"{where} must be one line without control characters")
    link = link_in(reason)
    if link is not None:
        raise PayloadError(
            f"{where} must not hold a link or an address, and {link!r} looks like one: it is in a "
            "mail. Put a space after a full stop"
        )


def _from_the_rule(event: Mapping[str, Any], rule_token: str) -> Mapping[str, Any]:
    """The event that the module's rule hands over; anybody else who sends one is refused."""
    token = event.get(_RULE_TOKEN)
    if not (
        rule_token
        and isinstance(token, str)
        and compare_digest(token.encode(), rule_token.encode())
    ):
        raise PayloadError(
            "an event of AWS Health is accepted from the module's own rule only "
            "(rotate_exposed_keys): send an emergency instead"
        )
    health = event.get(_HEALTH_EVENT)
    if not isinstance(health, Mapping):
        raise PayloadError(f"{_HEALTH_EVENT} must be a JSON object, not {type(health).__name__}")
    return health


def _event_id(event: Mapping[str, Any]) -> str | None:
    """For the log alone: without it a leaked key is replaced all the same."""
    found = event.get("id")
    return found if isinstance(found, str) and _EVENT_ID.fullmatch(found) else None


def _exposed_key(event: Mapping[str, Any]) -> ExposedKey:
    """The key that an event of AWS Health names. It is the one thing that is needed of it: whose it
    is, AWS may say under `eventMetadata` or not. Its other texts reach nobody."""
    detail = event.get("detail")
    code = detail.get("eventTypeCode") if isinstance(detail, Mapping) else None
    if not isinstance(detail, Mapping) or code not in EXPOSED_KEY_CODES:
        raise PayloadError(
            f"AWS Health reported the eventTypeCode {code!r}, which is not one about an access key "
            f"({', '.join(EXPOSED_KEY_CODES)}): look into the AWS Health Dashboard"
        )
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
    return ExposedKey(key_id, reported_as(code), even_if_nobody_can_fetch=True, by_aws_health=True)


def reported_as(code: str) -> str:
    """The reason of an emergency that AWS Health reported, in words of ours."""
    return f"Reason: AWS Health reported it as {code}. {_QUARANTINE}"
