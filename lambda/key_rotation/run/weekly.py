"""When a run looks at the account as a whole. That costs calls and mails, and little of it is
urgent: so it is done once a week.

Apart from what looks, which a run of another day need not load.
"""

from __future__ import annotations

from datetime import datetime, timedelta

WEEKDAY = 0  # of the runs that look; Monday
# A change is looked for in so many days: the schedule may start one run a week.
CHANGE_IS_RECENT = timedelta(days=8)


def is_weekly(now: datetime) -> bool:
    """Whether a run at this time is one of those that look."""
    return now.weekday() == WEEKDAY


def is_check_of_secrets_due(changed_at: datetime | None, now: datetime) -> bool:
    """Whether to look who can read the secrets; `changed_at` is when a setting that decides it was
    last written."""
    recent = changed_at is not None and now - changed_at < CHANGE_IS_RECENT
    return recent or is_weekly(now)
