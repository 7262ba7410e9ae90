"""What is seen of an owner who has two keys: whether they fetched the new one, and moved to it.

Nothing is asked of the owner. Secrets Manager says on which day a secret was last read, IAM when
each key was last used, hours late. What cannot be read is not known, and decides nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from .action import Action, Needs, Reason, Verb
from .model import AccessKey, Event, ManagedUser, version_id
from .overlap import grace_days, is_held_by_use, overlap_ends, tagged_hold_ends, used_by_owner
from .settings import Settings
from .situation import Situation, UnreadError

# A program that uses both keys uses them within this time of each other. An owner who has moved
# used the old key for the last time before the new one for the first time.
SIDE_BY_SIDE = timedelta(hours=1)
# A run a day starts some seconds earlier or later than the day before.
JITTER = timedelta(hours=12)
_DAY = timedelta(days=1)
# What IAM calls the service that a secret is read from.
_FETCHED_BY = "secretsmanager"
# What IAM calls the service that tells whose a key is.
_TRIED_BY = "sts"


class HandOver(StrEnum):
    """How far the owner of a superseded active key is, as far as is seen."""

    NOT_FETCHED = "not_fetched"
    FETCHED = "fetched"
    MOVING = "moving"  # both keys are in use
    MOVED = "moved"  # the new key is in use


_REASONS = {
    HandOver.NOT_FETCHED: Reason.NOT_FETCHED,
    HandOver.FETCHED: Reason.FETCHED,
    HandOver.MOVING: Reason.MOVING,
}


def state_of(user: ManagedUser, settings: Settings, now: datetime) -> HandOver | Needs | None:
    """How far the owner of a superseded active key, their older one, is; or which fact must be read
    first. None for a user without such a key, of whom nothing more is read."""
    situation = Situation(user, settings, now)
    try:
        pair = superseded_pair(situation)
        return hand_over(situation, *pair) if pair else None
    except UnreadError as unread:
        return Needs(unread.fact)


def superseded_pair(situation: Situation) -> tuple[AccessKey, AccessKey] | None:
    """The superseded active key and its successor, which was announced; None if there are none."""
    if len(situation.keys) != 2 or len(situation.active) != 2 or situation.secret_is_unmanaged:
        return None
    older, newer = situation.keys
    return (older, newer) if situation.supersedes(newer, older) else None


def hand_over(situation: Situation, older: AccessKey, newer: AccessKey) -> HandOver:
    """Of a superseded key and its successor, which was announced."""
    new_use, old_use = used_by_owner(situation, newer), situation.last_used(older)
    if new_use is not None:
        both = old_use is not None and old_use > new_use - SIDE_BY_SIDE
        return HandOver.MOVING if both else HandOver.MOVED
    return HandOver.FETCHED if was_read(situation, newer) else HandOver.NOT_FETCHED


def was_read(situation: Situation, newer: AccessKey) -> bool:
    """Whether the secret was read since the new key was announced.

    AWS tells the day alone. On the day of the announcement somebody may have tried the
    secret before, and read what it held then; unless it never held anything else.
    """
    secret, announced = situation.secret, situation.secret.announced
    if secret.last_read is None or announced is None:
        return False
    # By the later of two clocks, ours and IAM's: one that is behind must not date a read forward.
    day = max(announced.time, newer.created).date()
    held_nothing_else = set(secret.versions) == {version_id(newer.id)}
    return secret.last_read > day or (secret.last_read == day and held_nothing_else)


def unmoved_reason(situation: Situation, older: AccessKey, newer: AccessKey) -> Reason | None:
    """Why the superseded key is left on beyond its grace: its owner would lose access. None if
    nothing says so."""
    if not _is_waited_for(situation, older) or _has_begun_to_move(situation, older, newer):
        return None
    if _is_in_use(situation, older):
        return Reason.STILL_IN_USE
    if not was_read(situation, newer) and situation.only_a_key_can_fetch:
        return Reason.NOT_FETCHED
    return None


def _has_begun_to_move(situation: Situation, older: AccessKey, newer: AccessKey) -> bool:
    """Whether a program uses the new key, as far as is seen.

    A trial of it shows as `sts`, as a program that assumes a role does. key-fetch tries a key
    before it writes it down, and a consumer before it delivers it, which may fail each time. So
    such a use beside one of the old key is no sign.
    """
    new = situation.last_use(newer) if used_by_owner(situation, newer) is not None else None
    old_use = situation.last_used(older)
    is_beside = new and old_use is not None and old_use > new.time - SIDE_BY_SIDE
    return new is not None and not (is_beside and new.service == _TRIED_BY)


def _is_in_use(situation: Situation, older: AccessKey) -> bool:
    """Whether a program used the old key since the announcement, as far as is seen.

    Whoever fetches the new key without a password signs with the old one. If nothing has used it
    since then, for as long as the grace, that was no program.
    """
    use, announced = situation.last_use(older), situation.secret.announced
    if use is None or announced is None or use.time <= announced.time:
        return False
    fetched = use.service == _FETCHED_BY and use.time.date() == situation.secret.last_read
    days = timedelta(days=days_given(situation, older))
    return not fetched or situation.now - use.time < days


def _is_waited_for(situation: Situation, older: AccessKey) -> bool:
    """Whether an owner who has not moved is waited for. Not where there is no grace: such a key is
    disabled in the run that replaces it."""
    return situation.settings.hold_until_moved and days_given(situation, older) > 0


def days_given(situation: Situation, older: AccessKey) -> int:
    """Days in which both keys work: the grace, or up to the end that a message named. A password or
    a reader may have made the grace shorter since."""
    grace, announced = grace_days(situation), situation.secret.announced
    ends = situation.promised_end(older)
    if ends is None or announced is None:
        return grace
    return max(grace, (ends - announced.time + JITTER).days)


def unmoved_until(
    situation: Situation, until: datetime, while_used: bool, newer: AccessKey | None = None
) -> datetime | None:
    """Up to when a key whose end is announced is left on if its owner has not moved by that end;
    None if it is not. `newer` is its successor, None if that is made now."""
    made = newer.created if newer else situation.now
    latest = made + timedelta(days=situation.settings.max_overlap_days)
    is_waited_for = situation.settings.hold_until_moved and situation.now < until < latest
    return latest if is_waited_for and not while_used else None


# -- before a key goes -----------------------------------------------------------------------------


def reminder(
    situation: Situation, older: AccessKey, newer: AccessKey, ends: datetime
) -> Action | None:
    """The reminder that is due now for a key that goes at `ends`; none to who has moved. It is
    looked for on one day: a look costs two calls."""
    days = days_of_reminder(situation, older)
    due = ends - timedelta(days=days) - JITTER
    if not days or not due <= situation.now < due + _DAY:
        return None
    return _remind(situation, older, newer)


def missed_reminder(situation: Situation, older: AccessKey, newer: AccessKey) -> Action | None:
    """The reminder that no run sent in time, of a key that would go now."""
    is_owed = days_of_late_reminder(situation, older, newer) > 0
    return _remind(situation, older, newer) if is_owed else None


def _remind(situation: Situation, older: AccessKey, newer: AccessKey) -> Action | None:
    if _noticed(situation, Event.REMINDED, older, newer) is not None:
        return None
    state = hand_over(situation, older, newer)
    return None if state is HandOver.MOVED else Action(Verb.REMIND, _REASONS[state], older.id)


def days_of_reminder(situation: Situation, older: AccessKey) -> int:
    """How many days before its end: less than the grace, which may be shorter for one user."""
    return max(0, min(situation.settings.remind_before_days, days_given(situation, older) - 1))


def days_of_late_reminder(situation: Situation, older: AccessKey, newer: AccessKey) -> int:
    """For how many days more a key stays that is reminded of at its end. A grace of a day or none
    has no reminder, unless a hold has outlived it: nobody can say before when that ends."""
    days = days_of_reminder(situation, older)
    if not days and _was_held(situation, older, newer):
        return situation.settings.remind_before_days
    return days


def _was_held(situation: Situation, older: AccessKey, newer: AccessKey) -> bool:
    """Whether its owner was told of a hold: by a notice, or when the successor was announced. A
    tag names its day, so nobody need be reminded of that."""
    if tagged_hold_ends(situation, older) is not None:
        return False
    if _noticed(situation, Event.HELD, older, newer) is not None:
        return True
    announced = situation.secret.announced
    return announced is not None and is_held_by_use(situation, older, announced.time)


def _noticed(
    situation: Situation, event: Event, older: AccessKey, newer: AccessKey
) -> datetime | None:
    """When a notice of this event about the old key went out, by record. One from before its
    successor is of another hand-over, one from the future is not ours."""
    stamp = situation.secret.notices.get(event)
    if stamp is None or stamp.access_key_id != older.id:
        return None
    return stamp.time if newer.created <= stamp.time <= situation.now else None


# -- before a hold ends ----------------------------------------------------------------------------


def end_of_holds(
    situation: Situation, older: AccessKey, newer: AccessKey, hold: Reason
) -> tuple[datetime, bool]:
    """When the old key goes, whatever holds it, and whether that is to be said now, for the last
    time. An owner who has not moved keeps it until the operators have known of it for days."""
    latest, ahead = _ceiling(situation, older, newer), _ahead(situation.settings)
    if situation.now < latest - ahead - _DAY:
        return latest, False
    said = last_notice(situation, older, newer)
    if said is not None:
        return max(latest, said + ahead), False
    if has_nothing_to_do(situation, older, newer, hold):
        return latest, False
    return max(latest, situation.now + ahead), True


def has_nothing_to_do(
    situation: Situation, older: AccessKey, newer: AccessKey, hold: Reason
) -> bool:
    """Whether the owner of a held key has moved, and so is left alone. Who wants a key to be held
    while it is used wants its owner to know of every use."""
    if hold is Reason.STILL_IN_USE:
        return False
    return hand_over(situation, older, newer) is HandOver.MOVED


def last_notice(situation: Situation, older: AccessKey, newer: AccessKey) -> datetime | None:
    """When it was said that this key goes at the ceiling. A ceiling that was raised since makes it
    a notice of another day, which does not count."""
    said = _noticed(situation, Event.ENDING, older, newer)
    window = _ceiling(situation, older, newer) - _ahead(situation.settings) - _DAY - JITTER
    return said if said is not None and said >= window else None


def _ceiling(situation: Situation, older: AccessKey, newer: AccessKey) -> datetime:
    """The latest end of a hold, but not before the day that a message named."""
    latest = overlap_ends(situation, newer)
    return max(latest, situation.promised_end(older) or latest)


def _ahead(settings: Settings) -> timedelta:
    """How long ahead the operators know at the least whom the end of a hold cuts off."""
    return timedelta(days=max(1, settings.remind_before_days))
