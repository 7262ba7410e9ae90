"""The frozen data that the decisions are made of. Standard library only.

All times are aware datetimes in UTC; all durations in days unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256


class KeyStatus(StrEnum):
    """The status of an access key, in IAM's own words."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"
    EXPIRED = "Expired"  # not active, and not ours to delete


class Audience(StrEnum):
    """Who is notified of what happens to a user's key."""

    USER = "user"
    OPERATOR = "operator"  # on the owner's behalf, in the digest
    NOBODY = "nobody"


class Event(StrEnum):
    """The `event` attribute of a message."""

    WARNED = "warned"
    ROTATED = "rotated"
    REMINDED = "reminded"
    DISABLED = "disabled"
    DELETED = "deleted"
    HELD = "held"
    BLOCKED = "blocked"
    ENDING = "ending"  # this and all below but the last only as lines of the digest
    RETIRED = "retired"
    REPAIRED = "repaired"
    KEPT = "kept"
    READERS = "readers"
    FAILED = "failed"
    UNREACHED = "unreached"
    UNMANAGED = "unmanaged"
    UNMATCHED = "unmatched"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One access key as `ListAccessKeys` shows it."""

    id: str
    status: KeyStatus
    created: datetime

    @property
    def is_active(self) -> bool:
        return self.status is KeyStatus.ACTIVE


class NewAccessKey:
    """A key just created: the only object that ever holds a secret access key.

    Neither `repr` nor pickle shows the secret.
    """

    __slots__ = ("access_key", "secret_access_key")

    def __init__(self, access_key: AccessKey, secret_access_key: str) -> None:
        self.access_key = access_key
        self.secret_access_key = secret_access_key

    def __repr__(self) -> str:
        return f"NewAccessKey({self.access_key.id!r})"

    def __reduce__(self) -> str:
        raise TypeError("a new access key is never serialised")


@dataclass(frozen=True, slots=True)
class LastUse:
    """When an access key was last used, by which service and in which region, as IAM knows it:
    hours late. None where IAM does not say."""

    time: datetime
    service: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """The record written before `CreateAccessKey`.

    time: when the keys were listed; request_id: of the run; key_ids: the keys then present.
    """

    time: datetime
    request_id: str
    key_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stamp:
    """A record about one key: which, and when."""

    access_key_id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class SecretState:
    """What `DescribeSecret` says about a user's secret; never its value.

    `arn` is None when there is no such secret. `versions` maps the ids of staged versions to
    their stages. `kms_key_id` is the key that encrypts it as whoever chose it named it, None for
    AWS's own; `replica_regions` are where copies of it are. `managed_by` and `user_id` are tags, as
    are all the records below `versions`. `works_until` is a key, and the end that a message to its
    owner named; `warned_unused` is the warning about a key that nobody uses; `leaked` are the ids
    of the keys that were reported as leaked. `last_read` is the day of the last read of the value,
    in UTC, by whomever; None if it was never read.
    """

    name: str
    arn: str | None = None
    pending_deletion: bool = False
    kms_key_id: str | None = None
    replica_regions: tuple[str, ...] = ()
    managed_by: str | None = None
    user_id: str | None = None
    versions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    policy_for: str | None = None
    intent: Intent | None = None
    announced: Stamp | None = None
    warned: Stamp | None = None
    warned_unused: Stamp | None = None
    inactive_since: Stamp | None = None
    works_until: Stamp | None = None
    leaked: frozenset[str] = frozenset()
    notices: Mapping[Event, Stamp] = field(default_factory=dict)
    last_read: date | None = None

    @property
    def exists(self) -> bool:
        return self.arn is not None

    def holds(self, key: AccessKey) -> bool:
        """Whether any staged version holds this key."""
        return version_id(key.id) in self.versions

    def currently_holds(self, key: AccessKey) -> bool:
        """Whether a plain read returns this key."""
        return self.is_current(key.id)

    def values_for(self, user_id: str) -> set[str]:
        """The versions that are no placeholder for this user."""
        return set(self.versions) - {placeholder_id(user_id, number) for number in (1, 2)}

    def is_current(self, access_key_id: str) -> bool:
        """The same of a key that may be gone."""
        return "AWSCURRENT" in self.versions.get(version_id(access_key_id), ())


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a policy that a run wrote lets read: the owner, by the unique id of its Deny and the ARN
    of its Allow (None once AWS shows none, since the user is gone), and the readers. In one that
    somebody else wrote, id and ARN may be of two users."""

    owner_id: str | None
    owner_arn: str | None
    readers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Access:
    """Who may read a secret, by its resource policy as AWS has it now.

    `as_wanted`: it is the policy that the settings ask for. `owner_reads`: it surely lets the owner
    read. `grant` is what it says if a run wrote it, and None if it is somebody else's, or absent.
    """

    as_wanted: bool
    owner_reads: bool
    grant: Grant | None = None
    exists: bool = True


@dataclass(frozen=True, slots=True)
class OwnedSecret:
    """A secret of this installation, as to whose it is.

    `gone_since` is when its user was first not found; `provided`: Terraform made it. `kms_key_id`
    and (of a listed secret) `versions` are as in SecretState; `replicated`: there are copies of it
    in other regions.
    `intent` is the record of a rotation, `announced` and `inactive_since` are the times of such
    records, `blocked` is when its user was last reported as blocked.
    """

    name: str
    arn: str
    user_id: str | None
    gone_since: datetime | None = None
    provided: bool = False
    pending_deletion: bool = False
    intent: Intent | None = None
    announced: datetime | None = None
    inactive_since: datetime | None = None
    blocked: datetime | None = None
    kms_key_id: str | None = None
    replicated: bool = False
    policy_for: str | None = None
    versions: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UserIds:
    """The unique ids of an account's users: all, with who they are, those that are managed, and
    those that surely are not: of others the tags could not be read."""

    everyone: Mapping[str, UserRef]
    managed: frozenset[str]
    unmanaged: frozenset[str]


@dataclass(frozen=True, slots=True)
class UserRef:
    """An IAM user's identity. `id` is the unique id (AIDA…), never reused; `name` may be."""

    name: str
    id: str
    arn: str

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]


@dataclass(frozen=True, slots=True)
class ManagedUser:
    """A managed user and the facts read about it so far; a fact not read is None.

    `last_used` maps key ids to the last use, or to None for a key that was never used. `created`
    is when the user was. `reported_use` is the last use of an active key by the credential report,
    which is hours old: it spares the reading for a user who uses their key. `reported_begin` is
    when such a key was created or switched on: a warning from before that is none.
    """

    ref: UserRef
    keys: tuple[AccessKey, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    secret: SecretState | None = None
    last_used: Mapping[str, LastUse | None] | None = None
    has_password: bool | None = None
    audience: Audience | None = None
    created: datetime | None = None
    reported_use: datetime | None = None
    reported_begin: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings as they hold for one user, after its override tags.

    `malformed` names each override that was ignored, and why. `held_key`: `hold_until` is about
    this key; None if it is about whichever is superseded.
    """

    max_key_age_days: int
    grace_days: int
    hold_until: date | None = None
    malformed: tuple[str, ...] = ()
    held_key: str | None = None
    disable_unused_after_days: int = 0


def placeholder_id(user_id: str, number: int) -> str:
    """The version id of a secret value that is no key yet; a user's secret has two at most."""
    return sha256(f"placeholder {number} for {user_id}".encode()).hexdigest()


def version_id(access_key_id: str) -> str:
    """The `ClientRequestToken`, and so the version id, of the secret value that holds a key.

    Derived, so that `DescribeSecret` shows which key a secret holds and a repeated put is harmless.
    """
    return sha256(access_key_id.encode()).hexdigest()
