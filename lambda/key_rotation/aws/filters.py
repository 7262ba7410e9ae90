"""Whether an SNS filter policy admits a message, as far as its operators are known here.

An operator that is not known counts as not admitting: then the operators are told instead, which
is the safe side. Source: "Amazon SNS subscription filter policies" in the SNS developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def admits(filter_policy: str | None, scope: str | None, attributes: Mapping[str, str]) -> bool:
    """Whether a subscription with this filter policy, JSON, gets a message so attributed."""
    if not filter_policy:
        return True
    if scope == "MessageBody":
        return False
    try:
        policy = json.loads(filter_policy)
    except ValueError:
        return False
    return isinstance(policy, dict) and _all_match(policy, attributes)


def _all_match(policy: Mapping[str, Any], attributes: Mapping[str, str]) -> bool:
    for name, conditions in policy.items():
        if not isinstance(conditions, list):
            return False
        if name == "$or":
            if not any(_all_match(branch, attributes) for branch in conditions):
                return False
        elif not any(_matches(condition, attributes.get(name)) for condition in conditions):
            return False
    return True


def _matches(condition: Any, value: str | None) -> bool:
    match condition:
        case str():
            return value == condition
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
