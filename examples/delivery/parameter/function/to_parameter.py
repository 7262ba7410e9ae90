"""Copies a user's access key from its secret into a SecureString of Parameter Store."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import boto3

from rotated_key import RotatedKey, current_key, sts_for

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

LOG = logging.getLogger(__name__)


def handler(_event: object, _context: object) -> None:
    """Copies what the secret holds now, whoever asks for it.

    An event is a hint: it may come twice, or late, or be forged. So nothing in it is used.
    An error goes to Lambda, which tries twice more and then keeps the event as a dead letter.
    """
    env = os.environ
    user, name = env["USER_NAME"], env["PARAMETER_NAME"]
    key = current_key(boto3.client("secretsmanager"), sts_for, env["SECRET_ARN"], user)
    if key is None:
        LOG.info("the key of %s was not rotated yet: nothing is written", user)
    elif write(boto3.client("ssm"), name, env["PARAMETER_KEY_ARN"], key):
        LOG.info("%s now holds %s, the key of %s", name, key.id, user)
    else:
        LOG.info("%s holds %s, the key of %s, already", name, key.id, user)


def write(ssm: SSMClient, name: str, kms_key_arn: str, key: RotatedKey) -> bool:
    """Whether the parameter had to be written. One value holds the whole key, so that no task can
    start with the id of one key and the secret of another."""
    text = key.credentials_file()
    if _held(ssm, name) == text:
        return False
    ssm.put_parameter(
        Name=name,
        Description="Credentials file with the current access key. Written after each rotation.",
        Value=text,
        Type="SecureString",
        KeyId=kms_key_arn,
        Overwrite=True,
    )
    return True


def _held(ssm: SSMClient, name: str) -> str | None:
    try:
        return ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None
