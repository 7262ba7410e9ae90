"""Who may be named as a reader: an IAM user or role, whole, by its ARN. Standard library only."""

from __future__ import annotations

import re

_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(?:user|role)/[\w+=,.@/-]+", re.ASCII)


def principals(listed: list[object]) -> tuple[str, ...]:
    """The ARNs of this list. Raises ValueError for the first that is none."""
    for arn in listed:
        if not isinstance(arn, str) or not _PRINCIPAL.fullmatch(arn):
            raise ValueError(f"holds {arn!r}, which is not the ARN of an IAM user or role")
    return tuple(str(arn) for arn in listed)
