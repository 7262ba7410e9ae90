"""What an action leaves: the user as a run has done it to them.

The policy decides what follows from it, a run goes on from it, the command line forecasts with it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from .action import Action, Reason, Verb
from .hand_over import days_of_late_reminder
from .model import AccessKey, Event, KeyStatus, ManagedUser, SecretState, Stamp
from .settings import Settings
from .situation import Situation
from .unused import unused_end

# These make the secret, or make it this user's, before anything else.
_PREPARING = (Verb.PREPARE, Verb.WARN, Verb.RECORD)
# These put on record that a key was reported as leaked.
LEAKED = (Reason.EMERGENCY, Reason.LEAKED)


def after(user: ManagedUser, action: Action, settings: Settings, at: datetime) -> ManagedUser:
    """The user as `action`, done at `at`, leaves them. A rotation leaves a key that is known only
    once IAM made it: see `with_new_key`. The secret must have been read."""
    key_id = action.access_key_id
    takes_records = _secret(user).exists and not _secret(user).pending_deletion
    if action.verb in _PREPARING or (action.verb is Verb.DISABLE and not takes_records):
        user = replace(user, secret=_made(user, _secret(user), settings))
    if action.verb is Verb.PREPARE and action.reason is Reason.SECRET_PENDING_DELETION:
        return _restored(user)
    if key_id is None:
        return user
    stamp = Stamp(key_id, at)
    match action.verb:
        case Verb.DISABLE:
            secret = _without_warning(replace(_secret(user), inactive_since=stamp), key_id)
            if action.reason in LEAKED:
                secret = replace(secret, leaked=leaked_with(user, key_id))
            keys = tuple(_inactive(key) if key.id == key_id else key for key in user.keys)
            return replace(user, keys=keys, secret=secret)
        case Verb.DELETE:
            return replace(user, keys=tuple(key for key in user.keys if key.id != key_id))
        case Verb.RECORD if action.reason in LEAKED:
            return replace(user, secret=replace(_secret(user), leaked=leaked_with(user, key_id)))
        case Verb.RECORD:
            return replace(user, secret=replace(_secret(user), inactive_since=stamp))
        case Verb.FORGET:
            return replace(user, secret=replace(_secret(user), inactive_since=None))
        case Verb.ANNOUNCE:
            return replace(user, secret=replace(_secret(user), announced=stamp))
        case Verb.REMIND:
            [older] = [key for key in user.keys if key.id == key_id]
            [newer] = [key for key in user.keys if key.id != key_id]
            days = days_of_late_reminder(Situation(user, settings, at), older, newer)
            return replace(user, secret=_named(_secret(user), Event.REMINDED, stamp, days))
        case Verb.HOLD if action.last_notice:
            days = max(1, settings.remind_before_days)
            return replace(user, secret=_named(_secret(user), Event.ENDING, stamp, days))
        case Verb.WARN if action.reason is Reason.UNUSED:
            key = next(key for key in user.keys if key.id == key_id)
            ends = Stamp(key_id, unused_end(Situation(user, settings, at), key))
            secret = replace(_secret(user), warned_unused=stamp, works_until=ends)
            return replace(user, secret=secret)
        case Verb.WARN:
            return replace(user, secret=replace(_secret(user), warned=stamp))
        case _:
            return user


def _named(secret: SecretState, event: Event, stamp: Stamp, days: int) -> SecretState:
    """After a notice that names the end of a key: that is so many days away at the least."""
    until, ends = secret.works_until, stamp.time + timedelta(days=days)
    if until is None or until.access_key_id != stamp.access_key_id or until.time < ends:
        until = Stamp(stamp.access_key_id, ends)
    return replace(secret, notices={**secret.notices, event: stamp}, works_until=until)


def _without_warning(secret: SecretState, key_id: str) -> SecretState:
    """A key that is switched on again is warned about anew before it is disabled as unused."""
    warned = secret.warned_unused
    if warned is None or warned.access_key_id != key_id:
        return secret
    return replace(secret, warned_unused=None)


def leaked_with(user: ManagedUser, key_id: str) -> frozenset[str]:
    """The record of leaked keys with one more, without keys that are gone."""
    present = {key.id for key in user.keys}
    return frozenset(_secret(user).leaked & present | {key_id})


def with_new_key(user: ManagedUser, key: AccessKey) -> ManagedUser:
    """The user once a rotation made `key`."""
    return replace(user, keys=(*user.keys, key))


def _secret(user: ManagedUser) -> SecretState:
    assert user.secret is not None
    return user.secret


def _inactive(key: AccessKey) -> AccessKey:
    return replace(key, status=KeyStatus.INACTIVE)


def _made(user: ManagedUser, secret: SecretState, settings: Settings) -> SecretState:
    """The secret once a record is put on it. The ARN of a new one is not known before."""
    return replace(
        secret,
        arn=secret.arn or secret.name,
        pending_deletion=False,
        managed_by=settings.name,
        user_id=user.ref.id,
    )


def announced_in_vain(user: ManagedUser) -> bool:
    """Whether the owner of a secret that could not be read until now is to move to the key in it:
    the announcement does not count, since it did not leave them the time that it promised."""
    announced, keys = _secret(user).announced, sorted(user.keys, key=lambda key: key.created)
    if announced is None or len(keys) != 2 or not all(key.is_active for key in keys):
        return False
    return announced.access_key_id == keys[-1].id and _secret(user).is_current(keys[-1].id)


def _restored(user: ManagedUser) -> ManagedUser:
    """The intent goes with an announcement that does not count: it is fulfilled, and a key that the
    owner may have fetched must never look like one that a run lost."""
    if not announced_in_vain(user):
        return user
    return replace(user, secret=replace(_secret(user), announced=None, intent=None))
