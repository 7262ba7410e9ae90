"""A key that nobody uses: its owner is warned, then it is disabled instead of replaced.

Only the last use that IAM keeps of the key says so. What was not read is not unused.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from .action import Action, Decision, Needs, Reason, Verb
from .ages import warned_after, warning_ahead
from .decisions import blocked
from .model import AccessKey, ManagedUser
from .overlap import tagged_hold_ends
from .settings import Settings
from .situation import Situation, UnreadError

# IAM shows a use hours late. A use that is to keep the key must be so much older than its end.
USE_IS_SEEN_AFTER = timedelta(hours=12)
# So long after the end that it named, a warning counts no more: nobody remembers it. Runs may be a
# month apart.
WARNING_LASTS = timedelta(days=35)


def is_unused(user: ManagedUser, settings: Settings, now: datetime) -> bool | Needs:
    """Whether this user has a single active key that is not used for long enough to be warned
    about, also while a tag holds it; or which fact must be read first."""
    situation = Situation(user, settings, now)
    try:
        return len(situation.active) == 1 and _is_unused(situation, situation.active[0])
    except UnreadError as unread:
        return Needs(unread.fact)


def seems_unused(situation: Situation, key: AccessKey) -> bool:
    """Whether this key may be one to warn about, whatever the records say. The last use is read
    only if age, tags and credential report leave that open."""
    if situation.requested:
        return False
    held = tagged_hold_ends(situation, key)
    if held is not None and held - situation.now > warning_ahead(situation.settings):
        return False
    return _is_unused(situation, key)


def _is_unused(situation: Situation, key: AccessKey) -> bool:
    after = warned_after(situation.limits, situation.settings)
    if after is None or situation.age(key) < after:
        return False
    reported = situation.user.reported_use
    if reported is not None and situation.now - reported < after:
        return False
    used = situation.last_used(key)
    return used is None or situation.now - used >= after


def unused_end(situation: Situation, key: AccessKey) -> datetime:
    """When this key is disabled, if its owner was or is now warned, and it is not used."""
    warned = _warned(situation, key) or situation.now
    ends = max(_ends(situation, key), warned + warning_ahead(situation.settings))
    return max(ends, situation.promised_end(key) or ends)


def when_unused(situation: Situation, key: AccessKey) -> Decision | None:
    """What becomes of the only active key if it is not used; None if it is, or for too short a
    time. A leaked key is replaced."""
    if not seems_unused(situation, key) or situation.is_leaked(key):
        return None
    if situation.now < _warning_begins(situation, key):
        return None
    is_warned = _warned(situation, key) is not None
    if is_warned and situation.now < unused_end(situation, key):
        return Decision((), Reason.UNUSED)
    if situation.is_heard_by_nobody:
        return blocked(situation, key, Reason.NO_CONFIRMED_SUBSCRIPTION)
    verbs = (Verb.DISABLE,) if is_warned else (Verb.PREPARE, Verb.WARN)
    actions = tuple(Action(verb, Reason.UNUSED, key.id) for verb in verbs)
    return Decision(actions, Reason.UNUSED)


def _warned(situation: Situation, key: AccessKey) -> datetime | None:
    """When the owner was warned of the end that is ahead. One from before a use, from before a
    setting or a tag moved that end, or of long ago, is of another end."""
    stamp = situation.secret.warned_unused
    if stamp is None or stamp.access_key_id != key.id or not situation.secret_is_owners:
        return None
    if not _warning_begins(situation, key) <= stamp.time <= situation.now:
        return None
    begun = situation.user.reported_begin
    if begun is not None and stamp.time < begun:
        return None  # somebody switched the key off and on since
    ends = max(_ends(situation, key), stamp.time + warning_ahead(situation.settings))
    ends = max(ends, situation.promised_end(key) or ends)
    # The record of an end, which others can write, may be of the year 9999.
    return stamp.time if situation.now - ends < WARNING_LASTS else None


def _ends(situation: Situation, key: AccessKey) -> datetime:
    """When it is unused for too long, and not held by a tag any more."""
    ends = _unused_since(situation, key)
    ends += timedelta(days=situation.limits.disable_unused_after_days)
    return max(ends, tagged_hold_ends(situation, key) or ends)


def _warning_begins(situation: Situation, key: AccessKey) -> datetime:
    return _ends(situation, key) - warning_ahead(situation.settings)


def _unused_since(situation: Situation, key: AccessKey) -> datetime:
    """The last use; without one the creation, or the announcement of a key of ours."""
    since = max(key.created, situation.last_used(key) or key.created)
    announced = situation.secret.announced
    if announced is None or announced.access_key_id != key.id or announced.time > situation.now:
        return since
    return max(since, announced.time)
