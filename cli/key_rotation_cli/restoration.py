"""Whether a superseded key can be switched on again, and for how long: pure.

The product's own decisions judge the user as they would be afterwards; no rule is repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from key_rotation.domain.action import Decision, Needs, Reason
from key_rotation.domain.hand_over import end_of_holds
from key_rotation.domain.model import AccessKey, KeyStatus, ManagedUser
from key_rotation.domain.overrides import HOLD_UNTIL, limits_for
from key_rotation.domain.policy import decide
from key_rotation.domain.settings import Settings
from key_rotation.domain.situation import Situation

from .forecast import forecast, moved

_SECOND = timedelta(seconds=1)
# In its grace, in which its owner may be reminded, or held by the tag.
_STAYS_ON = (
    Reason.IN_GRACE,
    Reason.HOLD_UNTIL,
    Reason.NOT_FETCHED,
    Reason.FETCHED,
    Reason.MOVING,
)


class NotRestorableError(Exception):
    """Why the key stays as it is; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """`key` works again beside its successor, until `off_again`, if the user's tag `tag` has the
    value `value`: the day `hold_until`, and the key, so that it holds no other. `once_moved` is
    when it goes if the owner moves to the successor, None if that makes no difference. `suspicion`
    says why the key may have been disabled for a leak. A key that nobody used has no successor, and
    is not disabled again (`off_again` is None) if it is used, or not looked at for that: it may be
    `replaced_at` its day before."""

    key: AccessKey
    successor: AccessKey | None
    tag: str
    value: str
    hold_until: date
    is_to_be_tagged: bool
    off_again: datetime | None
    once_moved: datetime | None
    suspicion: str | None
    replaced_at: datetime | None = None


def restoration(
    user: ManagedUser, settings: Settings, now: datetime, until: date | None
) -> Restoration | Needs:
    """How to restore the user's superseded key, until the end of that day or for as long as the
    settings allow; or which fact must be read first.

    Raises NotRestorableError.
    """
    key, successor = _pair(user)
    if until is not None and until < now.date():
        raise NotRestorableError(f"{until} is over: name today or a later day")
    tag = f"{settings.user_tag.key}:{HOLD_UNTIL}"
    longest = (now + timedelta(days=settings.max_overlap_days)).date()
    limits = limits_for(user.tags, settings)
    tagged = limits.hold_until if limits.held_key in (None, key.id) else None
    wanted = until or max(tagged or longest, longest)
    restored = held(switched_on(_without_leak(user, key), key), tag, hold_value(wanted, key))
    decision = decide(restored, settings, now)
    if isinstance(decision, Needs):
        return decision
    if decision.reason not in _STAYS_ON:
        raise NotRestorableError(_refusal(decision, restored, settings, now))
    coming = forecast(restored, settings, now)
    if isinstance(coming, Needs):
        return coming
    gone = coming.disabled(key.id)
    assert gone is not None
    off_again = gone.held_until or gone.at
    once_moved = gone.at if gone.held_until else None
    suspicion = _suspicion(user, settings, key, successor)
    if isinstance(suspicion, Needs):
        return suspicion
    day = wanted if tagged == wanted else min(wanted, (off_again - _SECOND).date())
    value = tag_of(user, tag) if day == tagged else None
    return Restoration(
        *(key, successor, tag, value or hold_value(day, key), day, day != tagged),
        *(off_again, once_moved, suspicion),
    )


def _pair(user: ManagedUser) -> tuple[AccessKey, AccessKey]:
    keys = sorted(user.keys, key=lambda key: (key.created, key.id))
    if len(keys) < 2:
        raise NotRestorableError(
            f"{user.ref.name} has {'one key' if keys else 'no key'}, so there is no superseded one "
            "to switch on; a key that was deleted cannot come back"
        )
    if len(keys) > 2:
        raise NotRestorableError(
            f"{user.ref.name} has {len(keys)} keys, so which one was replaced cannot be told; "
            "delete what is too much first"
        )
    key, successor = keys
    if key.status is KeyStatus.EXPIRED:
        raise NotRestorableError(f"{key.id} is expired: IAM does not switch it on again")
    return key, successor


def switched_on(user: ManagedUser, key: AccessKey) -> ManagedUser:
    active = replace(key, status=KeyStatus.ACTIVE)
    return replace(user, keys=tuple(active if k.id == key.id else k for k in user.keys))


def _without_leak(user: ManagedUser, key: AccessKey) -> ManagedUser:
    """The user without the record that this key was reported as leaked."""
    if user.secret is None:
        return user
    secret = replace(user.secret, leaked=user.secret.leaked - {key.id})
    return replace(user, secret=secret)


def hold_value(until: date, key: AccessKey) -> str:
    """Of the tag. Nobody takes the tag off when it is over, so it names the key: when that is off
    before the day, the tag must not hold the old key of a rotation that somebody asks for then."""
    return f"{until.isoformat()} {key.id}"


def tag_of(user: ManagedUser, tag: str) -> str | None:
    return next((value for name, value in user.tags.items() if name.lower() == tag.lower()), None)


def held(user: ManagedUser, tag: str, value: str) -> ManagedUser:
    """IAM compares tag keys without regard to case: the new tag takes the place of any other."""
    others = {name: old for name, old in user.tags.items() if name.lower() != tag.lower()}
    return replace(user, tags=others | {tag: value})


def _refusal(decision: Decision, user: ManagedUser, settings: Settings, now: datetime) -> str:
    """Why the next run would not leave the key on."""
    key, successor = _pair(user)
    match decision.reason:
        case Reason.OVERLAP_CEILING | Reason.MOVED:
            situation = Situation(user, settings, now)
            over, _ = end_of_holds(situation, key, successor, Reason.HOLD_UNTIL)
            return (
                f"the next run would disable {key.id} again at once: its successor {successor.id} "
                f"was made on {successor.created:%Y-%m-%d}, and both may work for max_overlap_days "
                f"({settings.max_overlap_days}), or as long as the last notice said: until "
                f"{over:%Y-%m-%d %H:%M} UTC. Raise max_overlap_days first, or take the tag "
                f"{settings.user_tag.key} off the user"
            )
        case Reason.IN_PROGRESS:
            return "a run may be at work on this user; try again in 20 minutes"
        case _:
            return (
                f"{key.id} does not count as replaced by {successor.id} "
                f"({decision.reason.value.replace('_', ' ')}): switch it on by hand if you must"
            )


def _suspicion(
    user: ManagedUser, settings: Settings, key: AccessKey, successor: AccessKey
) -> str | Needs | None:
    """An emergency is on record. Where a person disabled a leaked key, it shows in that the
    ordinary rules would not have replaced the key then, or not disabled it."""
    if user.secret is not None and key.id in user.secret.leaked:
        return f"{key.id} was reported as leaked"
    limit = limits_for(user.tags, settings).max_key_age_days
    replaced_at = successor.created - key.created
    if replaced_at < timedelta(days=limit):
        return f"{key.id} was replaced {replaced_at.days} days old, before its limit of {limit}"
    record = user.secret.inactive_since if user.secret is not None else None
    if key.is_active or record is None or record.access_key_id != key.id:
        return None
    # As one who has moved: what is seen of the owner now was not seen then.
    then = decide(moved(switched_on(user, key), record.time), settings, record.time)
    if isinstance(then, Needs):
        return then
    if then.reason in (Reason.IN_GRACE, Reason.HOLD_UNTIL):
        return f"{key.id} was disabled on {record.time:%Y-%m-%d}, before its time was over"
    return None
