"""Settings that are right by themselves and contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .settings import Settings


def contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """The names of settings to change, each with what is wrong; variables.tf checks the same at
    plan time."""
    s = settings
    longest_grace = max(s.grace_days, s.min_grace_days_without_console)
    notice = max(1, s.remind_before_days)  # the operators know before a hold ends
    warning = max(1, s.warn_before_days)  # of an unused key, in any case
    unused = s.disable_unused_after_days
    rules = (
        (
            s.warn_before_days < s.max_key_age_days,
            "warn_before_days",
            f"({s.warn_before_days}) must be less than max_key_age_days ({s.max_key_age_days})",
        ),
        (
            s.grace_days + s.delete_after_days < s.max_key_age_days,
            "grace_days",
            f"({s.grace_days}) and delete_after_days ({s.delete_after_days}) must together be "
            f"less than max_key_age_days ({s.max_key_age_days})",
        ),
        (
            s.grace_days == 0 or s.remind_before_days < s.grace_days,
            "remind_before_days",
            f"({s.remind_before_days}) must be less than grace_days ({s.grace_days}), unless that "
            "is 0: a reminder beyond the grace would have to come before the new key. 0 means no "
            "reminder",
        ),
        (
            s.remind_before_days < s.min_grace_days_without_console,
            "remind_before_days",
            f"({s.remind_before_days}) must be less than min_grace_days_without_console "
            f"({s.min_grace_days_without_console}): a reminder beyond the grace would have to come "
            "before the new key. 0 means no reminder",
        ),
        (  # before those on the grace alone, which it implies
            not s.hold_until_moved or longest_grace + notice <= s.max_overlap_days,
            "max_overlap_days",
            f"({s.max_overlap_days}) must be at least {longest_grace + notice}: the "
            f"longer of grace_days ({s.grace_days}) and min_grace_days_without_console "
            f"({s.min_grace_days_without_console}), plus remind_before_days "
            f"({s.remind_before_days}), at least 1. Otherwise hold_until_moved has no room to hold "
            "a key. "
            "Raise max_overlap_days, or set hold_until_moved to false",
        ),
        (
            s.grace_days <= s.max_overlap_days,
            "grace_days",
            f"({s.grace_days}) must not exceed max_overlap_days ({s.max_overlap_days})",
        ),
        (
            s.min_grace_days_without_console <= s.max_overlap_days,
            "min_grace_days_without_console",
            f"({s.min_grace_days_without_console}) must not exceed "
            f"max_overlap_days ({s.max_overlap_days})",
        ),
        (
            s.hold_while_used_days <= s.max_overlap_days,
            "hold_while_used_days",
            f"({s.hold_while_used_days}) must not exceed max_overlap_days ({s.max_overlap_days})",
        ),
        (
            s.max_overlap_days + s.delete_after_days < s.max_key_age_days,
            "max_overlap_days",
            f"({s.max_overlap_days}) and delete_after_days ({s.delete_after_days}) must together "
            f"be less than max_key_age_days ({s.max_key_age_days})",
        ),
        (
            unused == 0 or unused > warning,
            "disable_unused_after_days",
            f"({unused}) must be 0, or more than warn_before_days ({s.warn_before_days}), and at "
            "least 2: the owner of an unused key is warned so long before it is disabled, and at "
            "least one day",
        ),
        (
            unused <= s.max_key_age_days,
            "disable_unused_after_days",
            f"({unused}) must not exceed max_key_age_days ({s.max_key_age_days}): a key is "
            "replaced at that age, so no key would ever be unused for so long. 0 means never",
        ),
        (
            s.coverage_exempt_tag is None or not s.coverage_exempt_tag.is_same(s.user_tag),
            "coverage_exempt_tag",
            "must not be user_tag, which makes a user managed",
        ),
    )
    for holds, name, problem in rules:
        if not holds:
            yield name, problem
