"""IAM writes: access keys are created, disabled, enabled and deleted here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from ..model import AccessKey, KeyStatus, NewAccessKey, UserRef
from ..ports import RefusedError, SlotTakenError
from .errors import code, is_definite

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient


class IamKeys:
    """The `Keys` port on an IAM client.

    `sts_for` makes an STS client that signs with the given key id and secret access key.
    """

    def __init__(self, iam: IAMClient, sts_for: Callable[[str, str], STSClient]) -> None:
        self._iam = iam
        self._sts_for = sts_for

    def create(self, user: UserRef) -> NewAccessKey:
        try:
            key = self._iam.create_access_key(UserName=user.name)["AccessKey"]
        except ClientError as error:
            if not is_definite(error):
                raise
            if code(error) == "LimitExceeded":
                raise SlotTakenError from error
            raise RefusedError from error
        created = key["CreateDate"].astimezone(UTC)
        access_key = AccessKey(key["AccessKeyId"], KeyStatus(key["Status"]), created)
        return NewAccessKey(access_key, key["SecretAccessKey"])

    def disable(self, user: UserRef, access_key_id: str) -> None:
        self._set_status(user, access_key_id, "Inactive")

    def enable(self, user: UserRef, access_key_id: str) -> None:
        self._set_status(user, access_key_id, "Active")

    def delete(self, user: UserRef, access_key_id: str) -> None:
        self._iam.delete_access_key(UserName=user.name, AccessKeyId=access_key_id)

    def works(self, user: UserRef, key: NewAccessKey) -> bool:
        sts = self._sts_for(key.access_key.id, key.secret_access_key)
        try:
            return sts.get_caller_identity()["Arn"] == user.arn
        except (BotoCoreError, ClientError):
            return False

    def _set_status(
        self, user: UserRef, access_key_id: str, status: Literal["Active", "Inactive"]
    ) -> None:
        self._iam.update_access_key(UserName=user.name, AccessKeyId=access_key_id, Status=status)
