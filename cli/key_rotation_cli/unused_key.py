"""Whether a key that was disabled since nobody used it can be switched on again: pure.

The product's own decisions judge the user as they would be afterwards; no rule is repeated here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from key_rotation.domain.action import Fact, Needs, Verb
from key_rotation.domain.model import AccessKey, KeyStatus, ManagedUser, SecretState
from key_rotation.domain.overrides import HOLD_UNTIL, limits_for
from key_rotation.domain.settings import Settings
from key_rotation.domain.unused import is_unused

from .forecast import forecast
from .restoration import (
    NotRestorableError,
    Restoration,
    held,
    hold_value,
    restoration,
    switched_on,
    tag_of,
)


def any_restoration(
    user: ManagedUser, settings: Settings, now: datetime, until: date | None
) -> Restoration | Needs:
    """How to restore the user's superseded key or, if none is active, the one that was disabled
    last, until the end of that day or for as long as the settings allow; or which fact must be read
    first.

    Raises NotRestorableError.
    """
    if not user.keys or any(
        key.is_active and not _is_held(user, settings, key) for key in user.keys
    ):
        return restoration(user, settings, now, until)
    if user.secret is None:
        return Needs(Fact.SECRET)
    if until is not None and until < now.date():
        raise NotRestorableError(f"{until} is over: name today or a later day")
    return _of_unused(user, user.secret, settings, now, until)


def _is_held(user: ManagedUser, settings: Settings, key: AccessKey) -> bool:
    """Whether this was done already: the key is on, alone, and named by the tag."""
    alone = not any(other.is_active for other in user.keys if other.id != key.id)
    return alone and limits_for(user.tags, settings).held_key == key.id


def _of_unused(
    user: ManagedUser, secret: SecretState, settings: Settings, now: datetime, until: date | None
) -> Restoration | Needs:
    key = _last_disabled(user, secret)
    on = switched_on(user, key)
    unused = is_unused(on, settings, now)
    if isinstance(unused, Needs):
        return unused
    suspicion = _suspicion(on, secret, settings, key)
    on = replace(on, secret=_as_restored(secret, key))
    tag = f"{settings.user_tag.key}:{HOLD_UNTIL}"
    limits = limits_for(user.tags, settings)
    tagged = limits.hold_until if limits.held_key in (None, key.id) else None
    longest = (now + timedelta(days=settings.max_overlap_days)).date()
    day = until or max(tagged or longest, longest)
    value = (tag_of(user, tag) if day == tagged else None) or hold_value(day, key)
    if unused:
        on = held(on, tag, value)
    coming = forecast(on, settings, now)
    if isinstance(coming, Needs):
        return coming
    gone = coming.disabled(key.id)
    replaced = (step.at for step in coming.steps if step.about(key.id) is Verb.ROTATE)
    return Restoration(
        *(key, None, tag, value, day, unused and day != tagged),
        off_again=gone.at if gone else None,
        once_moved=None,
        suspicion=suspicion,
        replaced_at=next(replaced, None),
    )


def _last_disabled(user: ManagedUser, secret: SecretState) -> AccessKey:
    """The one that is active again by now, or that is on record as inactive, or the newest."""
    record = secret.inactive_since
    by_age = sorted(user.keys, key=lambda key: (key.created, key.id))
    key = max(
        by_age,
        key=lambda key: (key.is_active, record is not None and record.access_key_id == key.id),
    )
    if not key.is_active and (record is None or record.access_key_id != key.id):
        key = by_age[-1]
    if key.status is KeyStatus.EXPIRED:
        raise NotRestorableError(f"{key.id} is expired: IAM does not switch it on again")
    return key


def _as_restored(secret: SecretState, key: AccessKey) -> SecretState:
    record = secret.inactive_since
    on_record = record is not None and record.access_key_id == key.id
    return replace(
        secret,
        leaked=secret.leaked - {key.id},
        inactive_since=None if on_record else record,
    )


def _suspicion(
    user: ManagedUser, secret: SecretState, settings: Settings, key: AccessKey
) -> str | None:
    """A person may have disabled it for a reason, unless it was unused when it was disabled."""
    if key.id in secret.leaked:
        return f"{key.id} was reported as leaked"
    if _is_held(user, settings, key):
        return None
    record = secret.inactive_since
    if record is None or record.access_key_id != key.id:
        return f"{key.id} was not disabled by this rotation"
    if is_unused(user, settings, record.time) is not True:
        return f"{key.id} was disabled on {record.time:%Y-%m-%d}, and not because nobody used it"
    return None
