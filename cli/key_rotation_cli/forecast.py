"""What will happen to a user's keys, as things stand.

The product's own `decide` says what is due at instants to come, and its `after` what each step
leaves; tests/aws/test_forecast.py holds the forecast against real runs. "As things stand" means:
nobody changes a key or a tag, and no key is used meanwhile. But an owner who uses their only key
goes on using it: of a key that nobody uses it is said when it is disabled, of no other. An old key
that stays on for an owner who has not moved is due twice: as things stand, and, earlier, once they
have moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

from key_rotation.domain.action import Action, Decision, Needs, Verb
from key_rotation.domain.after import after
from key_rotation.domain.hand_over import SIDE_BY_SIDE, HandOver, state_of
from key_rotation.domain.model import AccessKey, LastUse, ManagedUser
from key_rotation.domain.policy import decide
from key_rotation.domain.settings import Settings
from key_rotation.domain.situation import VERIFIED_AFTER
from key_rotation.domain.unused import is_unused

_ALWAYS = datetime.max.replace(tzinfo=UTC)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
# A cycle is at most announce, remind, disable, delete, warn, rotate, with an orphan before it.
_MOST_STEPS = 9
# What a run does to a user or notifies them of. HOLD and BLOCK are states; RECORD and FORGET only
# write down what is seen.
_ACTING = (
    Verb.ROTATE,
    Verb.DISABLE,
    Verb.DELETE,
    Verb.WARN,
    Verb.ANNOUNCE,
    Verb.REMIND,
    Verb.PREPARE,
)


@dataclass(frozen=True, slots=True)
class Due:
    """What the first run at or after `at` does to a key, at the earliest. `held_until` is when a
    run does it to a key that is left on until its owner has moved, and they never do; None for any
    other."""

    verb: Verb
    at: datetime
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What the first run at or after `at` does. The last step before nothing more can be known is a
    rotation, or a block: then a person is needed. `once_moved` is when the superseded key goes if
    its owner moves to the new one now; None if that makes no difference."""

    at: datetime
    decision: Decision
    once_moved: datetime | None = None

    @property
    def verb(self) -> Verb:
        """The action that matters most to an operator."""
        verbs = [action.verb for action in self.decision.actions]
        return next(verb for verb in (*_ACTING, Verb.BLOCK) if verb in verbs)

    def about(self, access_key_id: str) -> Verb | None:
        """What is done to this key, None if nothing."""
        own = [a.verb for a in self.decision.actions if a.access_key_id == access_key_id]
        return next((verb for verb in (*_ACTING, Verb.BLOCK) if verb in own), None)

    def due(self, verb: Verb) -> Due:
        if self.once_moved is None:
            return Due(verb, self.at)
        return Due(verb, self.once_moved, self.at)


@dataclass(frozen=True, slots=True)
class Forecast:
    """`present` is the decision of a run now; `steps` follow in time, none if nothing is due within
    the longest of the settings' times. `hand_over` is how far the owner of the superseded key, the
    older one, is; None without such a key."""

    present: Decision
    steps: tuple[Step, ...]
    hand_over: HandOver | None = None

    @property
    def is_blocked(self) -> bool:
        return _is_blocked(self.present)

    def coming(self) -> list[Due]:
        """All that is due, the earliest first."""
        return sorted((step.due(step.verb) for step in self.steps), key=lambda due: due.at)

    def next_about(self, access_key_id: str) -> Due | None:
        """The next thing that is done to this key."""
        for step in self.steps:
            if (verb := step.about(access_key_id)) is not None:
                return step.due(verb)
        return None

    def disabled(self, access_key_id: str) -> Due | None:
        """When this key is disabled."""
        step = _disabling(self.steps, access_key_id)
        return None if step is None else step.due(Verb.DISABLE)


def forecast(user: ManagedUser, settings: Settings, now: datetime) -> Forecast | Needs:
    """What is due for `user` from `now` on, or which fact must be read first."""
    try:
        present = _decision(user, settings, now)
        unused = is_unused(user, settings, now)
        if isinstance(unused, Needs):
            return unused
        if not unused:
            user = replace(user, reported_use=_ALWAYS)
        steps = tuple(_steps(user, settings, now))
        hand_over = state_of(user, settings, now)
        if isinstance(hand_over, Needs):
            return hand_over
        if hand_over is not None:
            steps = _with_once_moved(user, settings, now, steps)
        return Forecast(present, steps, hand_over)
    except _UnreadError as unread:
        return unread.needs


def moved(user: ManagedUser, now: datetime) -> ManagedUser:
    """The owner of two keys as one who has moved to the newer; as they are if the last use of their
    keys was not read."""
    if user.last_used is None:
        return user
    older, newer = _by_age(user)
    used = max(now, newer.created + VERIFIED_AFTER)
    if (before := user.last_used[older.id]) is not None:
        used = max(used, before.time + SIDE_BY_SIDE)
    return replace(user, last_used={**user.last_used, newer.id: LastUse(used)})


class _UnreadError(Exception):
    def __init__(self, needs: Needs) -> None:
        self.needs = needs


def _decision(user: ManagedUser, settings: Settings, at: datetime) -> Decision:
    outcome = decide(user, settings, at)
    if isinstance(outcome, Needs):
        raise _UnreadError(outcome)
    return outcome


def _steps(user: ManagedUser, settings: Settings, now: datetime) -> Iterable[Step]:
    end = now + _horizon(settings)
    at = now
    for _ in range(_MOST_STEPS):
        found = _next_step(user, settings, at, end)
        if found is None:
            return
        step, user = found
        yield step
        if step.verb in (Verb.ROTATE, Verb.BLOCK):
            return
        user = _after(user, step.decision.actions, settings, step.at)
        at = step.at + _SECOND


def _with_once_moved(
    user: ManagedUser, settings: Settings, now: datetime, steps: tuple[Step, ...]
) -> tuple[Step, ...]:
    """The steps; that which disables the superseded key says when it would if its owner moved."""
    old = _by_age(user)[0].id
    gone = _disabling(steps, old)
    earlier = _disabling(_steps(moved(user, now), settings, now), old)
    if gone is None or earlier is None or earlier.at >= gone.at:
        return steps
    once = replace(gone, once_moved=earlier.at)
    return tuple(once if step is gone else step for step in steps)


def _disabling(steps: Iterable[Step], access_key_id: str) -> Step | None:
    return next((step for step in steps if step.about(access_key_id) is Verb.DISABLE), None)


def _by_age(user: ManagedUser) -> list[AccessKey]:
    return sorted(user.keys, key=lambda key: (key.created, key.id))


def _next_step(
    user: ManagedUser, settings: Settings, at: datetime, end: datetime
) -> tuple[Step, ManagedUser] | None:
    """The first step at or after `at`, and the user just before it.

    Days are tried one by one: no situation of a user that calls for an action passes by itself.
    """
    decision = _decision(user, settings, at)
    blocked = _is_blocked(decision)
    if _acts(decision):
        return Step(at, decision), user
    while at < end:
        user = _after(user, decision.actions, settings, at)
        later = at + _DAY
        decision = _decision(user, settings, later)
        if _acts(decision) or (_is_blocked(decision) and not blocked):
            return _first_instant(user, settings, at, later, blocked), user
        at = later
    return None


def _first_instant(
    user: ManagedUser, settings: Settings, before: datetime, after: datetime, blocked: bool
) -> Step:
    """The instant between the two, to the second, from which on there is something to do."""
    step = Step(after, _decision(user, settings, after))
    while step.at - before > _SECOND:
        middle = before + timedelta(seconds=(step.at - before) // _SECOND // 2 or 1)
        decision = _decision(user, settings, middle)
        if _acts(decision) or (_is_blocked(decision) and not blocked):
            step = Step(middle, decision)
        else:
            before = middle
    return step


def _acts(decision: Decision) -> bool:
    return any(action.verb in _ACTING for action in decision.actions)


def _is_blocked(decision: Decision) -> bool:
    return any(action.verb is Verb.BLOCK for action in decision.actions)


def _horizon(settings: Settings) -> timedelta:
    """The longest that a settled user can wait: everything is counted from what has been."""
    days = [getattr(settings, f.name) for f in fields(settings) if f.name.endswith("_days")]
    return timedelta(days=max(days) + 1)


def _after(
    user: ManagedUser, actions: Iterable[Action], settings: Settings, at: datetime
) -> ManagedUser:
    """The user as these actions leave them."""
    for action in actions:
        if action.access_key_id is not None or action.verb is Verb.PREPARE:
            user = after(user, action, settings, at)
    return user
