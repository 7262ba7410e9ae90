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
    DISABLED = "disabled"
    DELETED = "deleted"
    HELD = "held"
    BLOCKED = "blocked"
    RETIRED = "retired"  # this and the next four only as lines of the digest
    REPAIRED = "repaired"
    KEPT = "kept"
    READERS = "readers"
    FAILED = "failed"
    UNREACHED = "unreached"
    DIGEST = "digest"


class Fact(StrEnum):
    """What a decision may need to know beyond the keys; each costs one read per user (or key)."""

    SECRET = "secret"
    LAST_USED = "last_used"
    PASSWORD = "password"  # whether there is one, not the password
    AUDIENCE = "audience"


class Verb(StrEnum):
    """What is done to a user; the `action` of a row in the response."""

    PREPARE = "prepare"  # make or repair the secret and its policy
    WARN = "warn"
    ROTATE = "rotate"  # create and store a new key; announcing and disabling are their own
    ANNOUNCE = "announce"
    DISABLE = "disable"
    DELETE = "delete"
    RECORD = "record"  # write down that a key was seen inactive
    FORGET = "forget"  # clear that record: the key was seen active
    HOLD = "hold"
    BLOCK = "block"


class Reason(StrEnum):
    """Why a user is, or is not, acted on; the `reason` of a row in the response."""

    # nothing to do
    NO_KEY = "no_key"
    NOT_ACTIVE = "not_active"
    NOT_DUE = "not_due"
    WARNED_ALREADY = "warned_already"
    IN_PROGRESS = "in_progress"  # another run may be at work on this user, or was until just now
    IN_GRACE = "in_grace"
    UNVERIFIED = "unverified"
    WAITING_TO_DELETE = "waiting_to_delete"
    ORPHAN_PENDING = "orphan_pending"
    TWO_ACTIVE = "two_active"
    # something to do
    WARNING_WINDOW = "warning_window"
    KEY_TOO_OLD = "key_too_old"
    NOT_ANNOUNCED = "not_announced"
    SUPERSEDED = "superseded"
    OVERLAP_CEILING = "overlap_ceiling"
    IDLE = "idle"
    ORPHAN = "orphan"
    SEEN_INACTIVE = "seen_inactive"
    SEEN_ACTIVE = "seen_active"
    SECRET_PENDING_DELETION = "secret_pending_deletion"
    EMERGENCY = "emergency"
    LEAKED = "leaked"  # reported as leaked once, and active again
    USED_SINCE = "used_since"  # used after it was put on record as inactive
    ALREADY_INACTIVE = "already_inactive"
    # held
    HOLD_UNTIL = "hold_until"
    STILL_IN_USE = "still_in_use"
    # blocked
    NO_CONFIRMED_SUBSCRIPTION = "no_confirmed_subscription"
    TWO_ACTIVE_KEYS_DUE = "two_active_keys_due"
    SLOT_TAKEN = "slot_taken"
    SLOT_TAKEN_BY_EXPIRED_KEY = "slot_taken_by_expired_key"
    UNMANAGED_SECRET = "unmanaged_secret"
    SECRET_CHANGED = "secret_changed"
    MORE_THAN_TWO_KEYS = "more_than_two_keys"
    NOBODY_CAN_FETCH = "nobody_can_fetch"
    SECRET_NOT_PROTECTED = "secret_not_protected"


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
    owner named; `leaked` are the ids of the keys that were reported as leaked.
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
    inactive_since: Stamp | None = None
    works_until: Stamp | None = None
    leaked: frozenset[str] = frozenset()
    notices: Mapping[Event, Stamp] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        return self.arn is not None

    def holds(self, key: AccessKey) -> bool:
        """Whether any staged version holds this key."""
        return version_id(key.id) in self.versions

    def currently_holds(self, key: AccessKey) -> bool:
        """Whether a plain read returns this key."""
        return self.is_current(key.id)

    def is_current(self, access_key_id: str) -> bool:
        """The same of a key that may be gone."""
        return "AWSCURRENT" in self.versions.get(version_id(access_key_id), ())


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a policy that a run wrote lets read: the owner, by the unique id and the ARN that AWS
    shows for it (None once the user is gone), and the readers."""

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
    is as in SecretState; `replicated`: there are copies of it in other regions.
    `intent`, `announced` and `inactive_since` are the times of the records of a rotation, `blocked`
    is when its user was last reported as blocked.
    """

    name: str
    arn: str
    user_id: str | None
    gone_since: datetime | None = None
    provided: bool = False
    pending_deletion: bool = False
    intent: datetime | None = None
    announced: datetime | None = None
    inactive_since: datetime | None = None
    blocked: datetime | None = None
    kms_key_id: str | None = None
    replicated: bool = False
    policy_for: str | None = None


@dataclass(frozen=True, slots=True)
class UserIds:
    """The unique ids of an account's users: all, those that are managed, and those that surely are
    not: of others the tags could not be read."""

    everyone: frozenset[str]
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
    is when the user was.
    """

    ref: UserRef
    keys: tuple[AccessKey, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    secret: SecretState | None = None
    last_used: Mapping[str, datetime | None] | None = None
    has_password: bool | None = None
    audience: Audience | None = None
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings as they hold for one user, after its override tags.

    `malformed` names each override that was ignored, and why.
    """

    max_key_age_days: int
    grace_days: int
    hold_until: date | None = None
    malformed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do to one user. `access_key_id` is None where the key does not exist yet.

    `notify` is False where no message of its own is due: a disable that the announcement mentions,
    a state (held, blocked) whose notice went out less than 7 days ago or has nobody to go to.
    """

    verb: Verb
    reason: Reason
    access_key_id: str | None = None
    notify: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do for one user, in this order, and why.

    `old_key_until` is when the superseded key stops working at the latest, as far as is known
    today; None when no other key is active. `while_used`: it is left on because it is
    used, so that it may be disabled before. `cut_off`: afterwards nobody can fetch the key that
    stays, unless its owner has it.
    """

    actions: tuple[Action, ...]
    reason: Reason
    old_key_until: datetime | None = None
    while_used: bool = False
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """A decision cannot be made before this fact is read."""

    fact: Fact


def version_id(access_key_id: str) -> str:
    """The `ClientRequestToken`, and so the version id, of the secret value that holds a key.

    Derived, so that `DescribeSecret` shows which key a secret holds and a repeated put is harmless.
    """
    return sha256(access_key_id.encode()).hexdigest()
