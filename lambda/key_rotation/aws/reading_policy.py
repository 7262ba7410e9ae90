"""The resource policy of a user's secret: who may read it, and that nobody else may."""

from __future__ import annotations

import json
from typing import Any


def reading_policy(reader_arns: list[str]) -> str:
    """The resource policy of a secret: these principals may read it, and everybody else may not,
    whatever their own policies say (in one account those alone would let an administrator read)."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OwnerAndReadersMayRead",
                    "Effect": "Allow",
                    "Principal": {"AWS": reader_arns},
                    "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                    "Resource": "*",
                },
                {
                    "Sid": "NobodyElseMayRead",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": "*",
                    "Condition": {"ArnNotEquals": {"aws:PrincipalArn": reader_arns}},
                },
            ],
        },
        sort_keys=True,
    )


def same_policy(found: str | None, wanted: str) -> bool:
    """Whether a policy as AWS returns it is the one that was put.

    AWS may write one value in place of a list of one, and list values in another order.
    """
    try:
        return found is not None and _plain(json.loads(found)) == _plain(json.loads(wanted))
    except (ValueError, RecursionError):
        return False


def _plain(value: Any) -> Any:
    """The same for every way to write a policy down."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        parts = sorted((_plain(part) for part in value), key=json.dumps)
        return parts[0] if len(parts) == 1 else parts
    return value
