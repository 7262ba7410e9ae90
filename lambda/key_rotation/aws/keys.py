"""IAM writes: access keys are created, disabled, enabled and deleted here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from ..domain.model import AccessKey, KeyStatus, NewAccessKey, UserRef
from ..ports import Clock, RefusedError, SlotTakenError, ThrottledError
from .errors import code, is_definite, is_throttle
from .rate_limiter import RateLimiter

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

# Seconds before a throttled create is tried again; doubled each time.
_FIRST_WAIT = 0.5


class IamKeys:
    """The `Keys` port on an IAM client.

    `once` makes an IAM client that does not retry by itself: a create that is sent again when
    nobody knows whether the first had an effect could come too late for its intent. `sts_for`
    makes an STS client that signs with the given key id and secret access key. Both may be called
    by several threads.
    """

    def __init__(
        self,
        iam: IAMClient,
        once: Callable[[], IAMClient],
        sts_for: Callable[[str, str], STSClient],
        rate_limiter: RateLimiter,
        clock: Clock,
    ) -> None:
        self._iam = iam
        self._once = once
        self._sts_for = sts_for
        self._rate_limiter = rate_limiter
        self._clock = clock

    def create(self, user: UserRef, by: datetime) -> NewAccessKey:
        wait = _FIRST_WAIT
        while True:
            self._rate_limiter.wait()
            if self._clock.now() > by:
                raise ThrottledError("no access key was asked for: the time for it was up")
            try:
                key = self._once().create_access_key(UserName=user.name)["AccessKey"]
                break
            except ClientError as error:
                # There is one attempt to a call, so a throttle means: no effect.
                if is_throttle(error):
                    if self._clock.now() + timedelta(seconds=wait) > by:
                        raise ThrottledError from error
                elif not is_definite(error):
                    raise
                elif code(error) == "LimitExceeded":
                    raise SlotTakenError from error
                else:
                    raise RefusedError from error
            self._clock.sleep(wait)
            wait *= 2
        created = key["CreateDate"].astimezone(UTC)
        access_key = AccessKey(key["AccessKeyId"], KeyStatus(key["Status"]), created)
        return NewAccessKey(access_key, key["SecretAccessKey"])

    def disable(self, user: UserRef, access_key_id: str) -> None:
        self._set_status(user, access_key_id, "Inactive")

    def enable(self, user: UserRef, access_key_id: str) -> None:
        self._set_status(user, access_key_id, "Active")

    def delete(self, user: UserRef, access_key_id: str) -> None:
        self._rate_limiter.wait()
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
        self._rate_limiter.wait()
        self._iam.update_access_key(UserName=user.name, AccessKeyId=access_key_id, Status=status)
