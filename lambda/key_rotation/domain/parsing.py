"""What settings and options are parsed with. Standard library only."""

from __future__ import annotations

import json
import re
from typing import Any

_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(?:user|role)/[\w+=,.@/-]+", re.ASCII)


def json_of(text: str, kind: type, what: str) -> Any:
    """The JSON in `text`, if it is of that kind.

    Raises ValueError that says `what` it must be.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise ValueError(f"must be JSON, {what}, not {text!r}")
    return value


def principals(listed: list[object]) -> tuple[str, ...]:
    """The readers in this list: IAM users and roles, whole, by their ARNs. Raises ValueError for
    the first that is none."""
    for arn in listed:
        if not isinstance(arn, str) or not _PRINCIPAL.fullmatch(arn):
            raise ValueError(f"holds {arn!r}, which is not the ARN of an IAM user or role")
    return tuple(str(arn) for arn in listed)
