"""A rotation that somebody asks for: the ordinary one, before its day.

The rules are those of a key that is due, so what blocks a due key blocks this one, too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from .action import Decision, Needs, Reason, Verb
from .model import ManagedUser
from .policy import decide
from .settings import Settings
from .situation import Situation

# A request replaces a user's key at most once in this time. When the last one was made, IAM's
# creation dates say, which nobody can write; a record on the secret could be forged.
ONCE_IN = timedelta(days=1)


def decide_request(user: ManagedUser, settings: Settings, now: datetime) -> Decision | Needs:
    """What to do for a user whose rotation was asked for at `now` (aware, UTC), or which fact must
    be read first.

    A decision that neither rotates nor blocks has the reason why not; its actions are what the
    ordinary rules want.
    """
    young = [key for key in user.keys if now - key.created < ONCE_IN]
    decision = decide(user, settings, now, requested=not young)
    if isinstance(decision, Needs) or not young or _says_enough(decision):
        return decision
    # The ordinary rules have read the secret: they do so for each young key.
    situation = Situation(user, settings, now)
    ours = any(situation.is_delivered(key) for key in young)
    return replace(decision, reason=Reason.ROTATED_TODAY if ours else Reason.CREATED_TODAY)


def _says_enough(decision: Decision) -> bool:
    """Whether it rotates, blocks, or leaves the user to another run."""
    answers = any(action.verb in (Verb.ROTATE, Verb.BLOCK) for action in decision.actions)
    return answers or decision.reason is Reason.IN_PROGRESS
