"""Controls beside the age of keys: what they ask for, what the report sees, what is done: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from key_rotation.notify.text import counted

from .compliance import ONE_ACTIVE, UNUSED, Compliance


@dataclass(frozen=True, slots=True)
class Related:
    """`result` is what the report sees of the managed users, as a badge of that kind."""

    name: str
    about: str
    kind: Literal["good", "warn"]
    result: str
    done: str


def related(compliance: Compliance) -> Sequence[Related]:
    """docs/compliance.md has the same, at length."""
    return (_one_active_key(compliance), *_NOT_SEEN)


def _one_active_key(compliance: Compliance) -> Related:
    statuses = compliance.account.statuses
    pairs = sum(sum(key.is_active for key in status.keys) > 1 for status in statuses)
    unread = bool(compliance.account.unread)
    result = f"{counted(pairs, 'user')} with two" if pairs else "nobody has two"
    return Related(
        f"CIS AWS Foundations {ONE_ACTIVE}",
        "There is only one active access key for any single IAM user",
        "warn" if pairs or unread else "good",
        "not complete" if unread and not pairs else result,
        "Both keys work during a hand-over, and the check fails then, up to max_overlap_days. With "
        "grace_days = 0, an owner who can fetch the new key without the old one has no such days",
    )


_NOT_SEEN = (
    Related(
        f"CIS AWS Foundations {UNUSED}; Security Hub CSPM IAM.22",
        "Credentials unused for 45 days are disabled or removed",
        "warn",
        "not looked at",
        "A key that nobody uses is disabled if disable_unused_after_days is set. Passwords are not "
        "touched",
    ),
    Related(
        "Security Hub CSPM IAM.8; AWS Config iam-user-unused-credentials-check",
        "Unused IAM user credentials are removed (90 days)",
        "warn",
        "not looked at",
        "The same",
    ),
    Related(
        "Security Hub CSPM SecretsManager.1, SecretsManager.4",
        "Secrets have automatic rotation enabled, and are rotated in time",
        "warn",
        "not looked at",
        "This means the rotation of Secrets Manager itself. The function rotates what is in these "
        "secrets without it: findings about them can be suppressed by their tag",
    ),
    Related(
        "Security Hub CSPM SecretsManager.3",
        "Secrets that were not accessed for 90 days are removed",
        "warn",
        "not looked at",
        "An owner reads a secret once for each new key, and needs it again for the next one",
    ),
)
