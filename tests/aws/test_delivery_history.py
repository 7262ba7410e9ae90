"""Rotations of a user, and the consumers of examples/delivery that get each event twice, late, out
of order, and forged ones in between: in moto."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import boto3
import pytest

from tests.aws.test_delivery import HANDLERS, USER, Account, Handler, account

__all__ = ["account"]  # the fixture


def _event(user: str, secret_arn: str, key_id: str) -> dict[str, Any]:
    detail = {"user": {"name": user}, "secret_arn": secret_arn, "access_key_id": key_id}
    return {
        "source": "iam-access-key-rotation",
        "detail-type": "Access Key Rotated",
        "detail": detail,
    }


def _rotated(account: Account) -> tuple[str, str]:
    """IAM has room for two keys: the oldest goes, as it does before a rotation."""
    iam = boto3.client("iam")
    keys = iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
    for key in keys[:-1]:
        iam.delete_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"])
    return account.rotate()


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("seed", range(4))
def test_the_target_holds_the_current_key_whatever_events_come(
    account: Account, handler: Handler, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    theirs = boto3.client("iam").create_access_key(UserName="mallory")["AccessKey"]
    forged_arn = boto3.client("secretsmanager").create_secret(
        Name="iam-access-key/mallory", SecretString=json.dumps(theirs, default=str)
    )["ARN"]
    waiting: list[dict[str, Any]] = []
    current = ("", "")
    for _ in range(4):
        current = _rotated(account)
        waiting += [_event(USER, account.secret_arn, current[0])] * 2
        waiting += [
            _event("mallory", forged_arn, theirs["AccessKeyId"]),
            _event(USER, forged_arn, theirs["AccessKeyId"]),
            _event(USER, account.secret_arn, "AKIANOSUCHKEYEXAMPLE"),
        ]
        random.shuffle(waiting)
        for _ in range(random.randrange(len(waiting))):  # the others come after the next rotation
            handler(waiting.pop(), None)
            _check(account, handler, current, theirs["SecretAccessKey"])
    while waiting:
        handler(waiting.pop(), None)
        _check(account, handler, current, theirs["SecretAccessKey"])


def _check(account: Account, handler: Handler, current: tuple[str, str], foreign: str) -> None:
    file = account.delivered(handler)
    assert file is not None
    assert file.splitlines()[1:] == [
        f"aws_access_key_id = {current[0]}",
        f"aws_secret_access_key = {current[1]}",
    ]
    assert foreign not in file
