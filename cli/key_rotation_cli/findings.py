"""What `status --check` finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from key_rotation.domain.action import Verb
from key_rotation.domain.model import AccessKey
from key_rotation.domain.situation import Situation

from .account import AccountStatus, UserStatus
from .hand_over import between


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is no finding: `slack_days` over the limit, and with `accept_grace` a replaced key up to
    the end that its owner was told."""

    slack_days: int = 1
    accept_grace: bool = False


def findings(found: AccountStatus, tolerance: Tolerance) -> list[str]:
    """What an operator should look at, in a sentence each."""
    sentences = []
    for status in found.statuses:
        if status.forecast.is_blocked:
            sentences.append(f"{status.name} is blocked: {in_words(status.reason)}")
        sentences += [
            f"{status.name}: key {key.id} is {(found.at - key.created).days} days old, over the "
            f"limit of {status.limits.max_key_age_days} ({_what_comes(status, key, found.at)})"
            for key in status.keys
            if status.is_over_limit(key, found.at, tolerance.slack_days)
            and not (tolerance.accept_grace and is_in_announced_grace(found, status, key))
        ]
    return sentences


def is_in_announced_grace(found: AccountStatus, status: UserStatus, key: AccessKey) -> bool:
    """Whether this key was replaced, and works until an end that a message named and that is not
    over. Neither one that is held is, though a last notice names an end, nor a leaked one."""
    if status.hand_over(key) is None:
        return False
    situation = Situation(status.user, found.settings, found.at)
    is_held = any(action.verb is Verb.HOLD for action in status.forecast.present.actions)
    return situation.is_promised(key) and not is_held and not situation.is_leaked(key)


def in_words(reason: str) -> str:
    return reason.replace("_", " ")


def _what_comes(status: UserStatus, key: AccessKey, now: datetime) -> str:
    """The user's state, and what becomes of this key."""
    step = status.forecast.disabled(key.id) or status.forecast.next_about(key.id)
    then = "" if step is None else f"; {step.verb.value}: {between(step.at, step.held_until, now)}"
    return f"{in_words(status.reason)}{then}"
