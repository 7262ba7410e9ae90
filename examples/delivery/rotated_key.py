"""The access key that a user's secret holds now: read, and tried before anything gets it.

`make package` packs this file into the zip of each recipe that has a function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

# What keys are made of. Anything else, such as a second line, could say more in a credentials file.
_ID = re.compile(r"[A-Z0-9]{16,128}")
_SECRET = re.compile(r"[A-Za-z0-9/+=]{16,128}")


class UnusableKeyError(Exception):
    """What the secret holds must not be delivered, at least not now. The text holds no secret."""


@dataclass(frozen=True)
class RotatedKey:
    """An access key that STS accepts as the user's."""

    id: str
    secret: str = field(repr=False)

    def credentials_file(self) -> str:
        """A credentials file of the AWS CLI and SDKs, with this key as the default profile."""
        return f"[default]\naws_access_key_id = {self.id}\naws_secret_access_key = {self.secret}\n"


def current_key(
    secrets: SecretsManagerClient,
    sts_for: Callable[[str, str], STSClient],
    secret_arn: str,
    user_name: str,
) -> RotatedKey | None:
    """The user's key; None while a placeholder is in its place.

    `sts_for` makes a client that signs with a key id and a secret access key. Raises
    UnusableKeyError if the secret holds something else, if STS refuses the key, or takes it for
    somebody else's; and botocore's errors.
    """
    value = _value(secrets, secret_arn)
    if "AccessKeyId" not in value:
        return None
    key_id, secret = str(value["AccessKeyId"]), str(value.get("SecretAccessKey"))
    if not (_ID.fullmatch(key_id) and _SECRET.fullmatch(secret)):
        raise UnusableKeyError(f"{secret_arn} holds no access key: somebody changed its value")
    key = RotatedKey(key_id, secret)
    _try(key, sts_for(key.id, key.secret), secret_arn.split(":")[4], user_name)
    return key


def sts_for(access_key_id: str, secret_access_key: str) -> STSClient:
    """STS for the holder of this key, not for the function's role."""
    sts: STSClient = boto3.client(
        "sts", aws_access_key_id=access_key_id, aws_secret_access_key=secret_access_key
    )
    return sts


def _value(secrets: SecretsManagerClient, secret_arn: str) -> dict[str, Any]:
    text = secrets.get_secret_value(SecretId=secret_arn).get("SecretString", "")
    try:
        value = json.loads(text)
    except ValueError:  # which would quote the text
        value = None
    if not isinstance(value, dict):
        raise UnusableKeyError(f"{secret_arn} holds no JSON object: somebody changed its value")
    return value


def _try(key: RotatedKey, sts: STSClient, account_id: str, user_name: str) -> None:
    """Whoever can write the secret must not have a program work with a key of theirs."""
    try:
        found = sts.get_caller_identity()
    except ClientError as error:
        raise UnusableKeyError(
            f"STS refuses {key.id}, the key of {user_name}: {error.response['Error']['Code']}. "
            "AWS may need some seconds to spread a new key; Lambda tries again after a minute"
        ) from None
    kind, _, name = found["Arn"].split(":")[5].partition("/")
    if (found["Account"], kind, name.rpartition("/")[2]) != (account_id, "user", user_name):
        raise UnusableKeyError(
            f"{key.id} belongs to {found['Arn']}, and not to the user {user_name} of the account "
            f"{account_id}: somebody changed the value of the secret"
        )
