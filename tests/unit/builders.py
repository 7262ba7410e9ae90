"""Short ways to write down users, keys and secrets; NOW is every case's present."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from key_rotation.domain.action import Decision
from key_rotation.domain.credential_report import CredentialReport, Row, Slot
from key_rotation.domain.model import (
    AccessKey,
    Audience,
    Event,
    Intent,
    KeyStatus,
    LastUse,
    ManagedUser,
    SecretState,
    Stamp,
    UserRef,
    version_id,
)
from key_rotation.domain.settings import Settings, parse_settings
from tests.defaults import default_parameters

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
ACCOUNT = "123456789012"
NAME = "key-rotation"
ALICE = UserRef("alice", "AIDAALICE", f"arn:aws:iam::{ACCOUNT}:user/alice")
SECRET_ARN = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:iam-access-key/alice-AbCdEf"

SETTINGS = parse_settings(default_parameters(name=NAME), f"/{NAME}/config")
MANAGED = {SETTINGS.user_tag.key: SETTINGS.user_tag.value}

OWN_KEY = SETTINGS.kms_key_arn


def ago(days: float = 0, **units: float) -> datetime:
    """A moment before NOW."""
    return NOW - timedelta(days=days, **units)


def key(
    key_id: str, days: float = 0, status: KeyStatus = KeyStatus.ACTIVE, **units: float
) -> AccessKey:
    """A key created so long before NOW."""
    return AccessKey(key_id, status, ago(days, **units))


def inactive(key_id: str, days: float = 0, **units: float) -> AccessKey:
    return key(key_id, days, KeyStatus.INACTIVE, **units)


def expired(key_id: str, days: float = 0) -> AccessKey:
    return key(key_id, days, KeyStatus.EXPIRED)


def stamp(key_id: str, days: float = 0, **units: float) -> Stamp:
    return Stamp(key_id, ago(days, **units))


def intent(days: float = 0, *present: str, request_id: str = "earlier", **units: float) -> Intent:
    """The record of a run that listed these keys so long before NOW."""
    return Intent(ago(days, **units), request_id, frozenset(present))


NO_SECRET = SecretState("iam-access-key/alice")


def secret(
    current: str | None = None,
    previous: str | None = None,
    *,
    pending_deletion: bool = False,
    managed_by: str | None = NAME,
    user_id: str | None = ALICE.id,
    policy_for: str | None = None,
    intent: Intent | None = None,
    announced: Stamp | None = None,
    warned: Stamp | None = None,
    warned_unused: Stamp | None = None,
    inactive_since: Stamp | None = None,
    works_until: Stamp | None = None,
    leaked: Iterable[str] = (),
    notices: dict[Event, Stamp] | None = None,
    last_read: date | None = None,
) -> SecretState:
    """A secret of ours whose AWSCURRENT holds the key `current`, and AWSPREVIOUS `previous`."""
    versions = {}
    if previous is not None:
        versions[version_id(previous)] = frozenset({"AWSPREVIOUS"})
    if current is not None:
        versions[version_id(current)] = frozenset({"AWSCURRENT"})
    return SecretState(
        name=NO_SECRET.name,
        arn=SECRET_ARN,
        kms_key_id=OWN_KEY,
        pending_deletion=pending_deletion,
        managed_by=managed_by,
        user_id=user_id,
        policy_for=policy_for,
        versions=versions,
        intent=intent,
        announced=announced,
        warned=warned,
        warned_unused=warned_unused,
        inactive_since=inactive_since,
        works_until=works_until,
        leaked=frozenset(leaked),
        notices=notices or {},
        last_read=last_read,
    )


def user(
    *keys: AccessKey,
    secret: SecretState = NO_SECRET,
    used: dict[str, datetime | None] | None = None,
    password: bool = True,
    audience: Audience = Audience.USER,
    tags: dict[str, str] | None = None,
) -> ManagedUser:
    """A managed user with every fact read. Active keys not named in `used` were used an hour ago,
    others never."""
    last_used = {key.id: ago(hours=1) if key.is_active else None for key in keys} | (used or {})
    return ManagedUser(
        ALICE,
        keys,
        MANAGED | {f"access-key-rotation:{name}": value for name, value in (tags or {}).items()},
        secret,
        uses(last_used),
        password,
        audience,
        created=ago(1000),
    )


def uses(times: Mapping[str, datetime | None]) -> dict[str, LastUse | None]:
    """The last uses at these times, by S3."""
    return {
        key_id: LastUse(time, "s3", "eu-west-1") if time else None for key_id, time in times.items()
    }


def time_of(use: LastUse | None) -> datetime | None:
    return use.time if use else None


def slot_of(access_key: AccessKey, used: datetime | None = None) -> Slot:
    """A key as the credential report shows it."""
    return Slot(access_key.is_active, access_key.created, used)


def credential_report_of(users: Iterable[ManagedUser], generated: datetime) -> CredentialReport:
    """The credential report about these users; the newer key is in the first slot."""
    rows = {}
    for managed in users:
        keys = sorted(managed.keys, key=lambda access_key: access_key.created, reverse=True)
        used = managed.last_used or {}
        slots = [slot_of(access_key, time_of(used.get(access_key.id))) for access_key in keys]
        first, second = (*slots, Slot(), Slot())[:2]
        assert managed.created is not None
        rows[managed.ref.name] = Row(managed.created, (first, second))
    return CredentialReport(generated, rows)


def settings(**changes: object) -> Settings:
    return replace(SETTINGS, **changes)  # type: ignore[arg-type]


def said(decision: Decision) -> str:
    """The actions of a decision as a table shows them: "rotate A, announce, disable A"."""
    return ", ".join(
        " ".join(filter(None, (action.verb.value, action.access_key_id)))
        + ("" if action.notify or action.verb.value not in ("hold", "block") else " silently")
        + (" for the last time" if action.last_notice else "")
        for action in decision.actions
    )


def has_reader(chosen: Settings, name: str) -> bool:
    """Whether somebody else may read this user's secret."""
    own = chosen.user_options.get(name)
    return bool(chosen.secret_reader_arns or (own and own.reader_arns))
