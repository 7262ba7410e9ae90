"""What is done to a user, and why; and what must be read before that is decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    REMIND = "remind"  # the old key goes soon, and its owner has not moved
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
    HAD_A_KEY = "had_a_key"  # by record: so the function makes no first one
    NOT_ACTIVE = "not_active"
    NOT_DUE = "not_due"
    WARNED_ALREADY = "warned_already"
    IN_PROGRESS = "in_progress"  # another run may be at work on this user, or was until just now
    IN_GRACE = "in_grace"
    UNVERIFIED = "unverified"
    WAITING_TO_DELETE = "waiting_to_delete"
    ORPHAN_PENDING = "orphan_pending"
    TWO_ACTIVE = "two_active"
    ROTATED_TODAY = "rotated_today"  # asked for, and rotated less than a day ago
    CREATED_TODAY = "created_today"  # asked for; somebody made a key less than a day ago
    # something to do
    WARNING_WINDOW = "warning_window"
    KEY_TOO_OLD = "key_too_old"
    REQUESTED = "requested"  # somebody asked for the rotation
    FIRST_KEY = "first_key"
    NOT_ANNOUNCED = "not_announced"
    SUPERSEDED = "superseded"
    OVERLAP_CEILING = "overlap_ceiling"
    IDLE = "idle"
    UNUSED = "unused"  # the only active key; also while the warning runs
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
    NOT_FETCHED = "not_fetched"  # also reminded, as the next two
    FETCHED = "fetched"
    MOVING = "moving"
    MOVED = "moved"  # disabled: its owner uses the new key
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
class Action:
    """One thing to do to one user. `access_key_id` is None where the key does not exist yet.

    `notify` is False where no message of its own is due: a disable that the announcement mentions,
    a state (held, blocked) whose notice went out less than 7 days ago or has nobody to go to.
    `last_notice`: a HOLD says for the last time that the key goes, used or not.
    """

    verb: Verb
    reason: Reason
    access_key_id: str | None = None
    notify: bool = True
    last_notice: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do for one user, in this order, and why.

    `old_key_until` is when the superseded key stops working at the latest, as far as is known
    today; None when no other key is active. `while_used`: it is left on because it is
    used, so that it may be disabled before. `unmoved_until`: it is left on beyond its end, at most
    until then, if its owner has not moved by then; None if not. `cut_off`: afterwards nobody can
    fetch the key that stays, unless its owner has it.
    """

    actions: tuple[Action, ...]
    reason: Reason
    old_key_until: datetime | None = None
    while_used: bool = False
    unmoved_until: datetime | None = None
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """A decision cannot be made before this fact is read."""

    fact: Fact
