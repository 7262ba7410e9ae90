"""From which age of a key something may be due: what decisions and prefilter must agree on."""

from __future__ import annotations

from datetime import timedelta

from .model import Limits
from .settings import Settings

# A single key this recent may be what a run that died left behind, so its secret is looked at.
RECENT = timedelta(days=3)
# The same of a user who is to get a first key. No second key, as after any other rotation, keeps
# runs looking: so this outlasts long weekends, weekly runs and an SNS that somebody must repair.
FIRST_KEY_RECENT = timedelta(days=35)


def recent(settings: Settings, user_name: str) -> timedelta:
    """For so long after its creation a single key's secret is looked at."""
    return FIRST_KEY_RECENT if settings.options_of(user_name).first_key else RECENT


def warning_ahead(settings: Settings) -> timedelta:
    """How long before the end of an unused key its owner is warned, at the least."""
    return timedelta(days=max(1, settings.warn_before_days))


def warned_after(limits: Limits, settings: Settings) -> timedelta | None:
    """After how long without use the owner of a key is warned; None if that is never."""
    days = limits.disable_unused_after_days
    return timedelta(days=days) - warning_ahead(settings) if days else None
