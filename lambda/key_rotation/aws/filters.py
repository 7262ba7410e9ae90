"""Whether an SNS filter policy admits a message, as far as its operators are known here.

An operator that is not known counts as not admitting: the installation's operators are notified
then, which is the safe side. Source: "Amazon SNS subscription filter policies" in the SNS developer
guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def admits(filter_policy: str | None, scope: str | None, attributes: Mapping[str, str]) -> bool:
    """Whether a subscription with this filter policy, JSON, gets a message so attributed."""
    if not filter_policy:
        return True
    if not attributes:
        return False  # not even {"exists": false}
    if scope == "MessageBody":
        return False
    try:
        policy = json.loads(filter_policy)
    except (ValueError, RecursionError):
        return False
    return _all_match(policy, attributes)


def _all_match(policy: Any, attributes: Mapping[str, str]) -> bool:
    if not isinstance(policy, dict):
        return False
    return all(
        _any_branch(conditions, attributes)
        if name == "$or"
        else _any_matches(conditions, attributes.get(name))
        for name, conditions in policy.items()
    )


def _any_branch(branches: Any, attributes: Mapping[str, str]) -> bool:
    """SNS takes a `$or` of fewer than two branches for an attribute of that name."""
    if not isinstance(branches, list) or len(branches) < 2:
        return False
    return any(_all_match(branch, attributes) for branch in branches)


def _any_matches(conditions: Any, value: str | None) -> bool:
    return isinstance(conditions, list) and any(_matches(c, value) for c in conditions)


def _matches(condition: Any, value: str | None) -> bool:
    if isinstance(condition, str):
        return value == condition
    if not isinstance(condition, dict) or len(condition) != 1:
        return False
    match condition:
        case {"exists": bool(wanted)}:
            return (value is not None) == wanted
        case {"prefix": str(prefix)}:
            return value is not None and value.startswith(prefix)
        case {"suffix": str(suffix)}:
            return value is not None and value.endswith(suffix)
        case {"equals-ignore-case": str(other)}:
            return value is not None and value.lower() == other.lower()
        case {"anything-but": list(others)} if all(isinstance(o, str) for o in others):
            return value is not None and value not in others
        case {"anything-but": str(other)}:
            return value is not None and value != other
        case _:
            return False
