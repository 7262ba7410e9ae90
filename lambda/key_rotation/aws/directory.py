"""IAM reads: who is marked, and what is known of each one's keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..model import AccessKey, KeyStatus, MarkedUser, UserRef
from ..ports import Scan
from ..settings import UserTag
from .errors import code

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class IamDirectory:
    """The `Directory` port on an IAM client."""

    def __init__(self, iam: IAMClient, tag: UserTag) -> None:
        self._iam = iam
        self._tag = tag

    def scan(self) -> Scan:
        """`GetAccountAuthorizationDetails` returns tags, `ListUsers` does not."""
        marked: list[MarkedUser] = []
        odd: dict[str, str] = {}
        scanned = 0
        paginator = self._iam.get_paginator("get_account_authorization_details")
        # Up to 1,000 a page; a page may hold fewer, so the marker is followed.
        for page in paginator.paginate(Filter=["User"], PaginationConfig={"PageSize": 1000}):
            for detail in page["UserDetailList"]:
                scanned += 1
                tags = {tag["Key"]: tag["Value"] for tag in detail.get("Tags", [])}
                value = self._mark(tags)
                if value == self._tag.value:
                    ref = UserRef(detail["UserName"], detail["UserId"], detail["Arn"])
                    marked.append(MarkedUser(ref, (), tags))
                elif value is not None:
                    odd[detail["UserName"]] = value
        return Scan(tuple(marked), odd, scanned)

    def keys(self, user: UserRef) -> tuple[AccessKey, ...]:
        paginator = self._iam.get_paginator("list_access_keys")
        return tuple(
            AccessKey(
                key["AccessKeyId"], KeyStatus(key["Status"]), key["CreateDate"].astimezone(UTC)
            )
            for page in paginator.paginate(UserName=user.name)
            for key in page["AccessKeyMetadata"]
        )

    def last_used(self, key: AccessKey) -> datetime | None:
        answer = self._iam.get_access_key_last_used(AccessKeyId=key.id)
        used = answer["AccessKeyLastUsed"].get("LastUsedDate")
        return used.astimezone(UTC) if used is not None else None

    def has_password(self, user: UserRef) -> bool:
        try:
            self._iam.get_login_profile(UserName=user.name)
        except ClientError as error:
            if code(error) == "NoSuchEntity":
                return False
            raise
        return True

    def missing(self, account_id: str, principal_arns: Sequence[str]) -> list[str]:
        """Principals of other accounts cannot be looked up; the policy itself is their test."""
        own = [arn for arn in principal_arns if arn.split(":")[4] == account_id]
        return [arn for arn in own if not self._exists(arn)]

    def _exists(self, arn: str) -> bool:
        resource = arn.split(":", 5)[5]
        kind, name = resource.split("/")[0], resource.split("/")[-1]
        try:
            if kind == "role":
                return self._iam.get_role(RoleName=name)["Role"]["Arn"] == arn
            return self._iam.get_user(UserName=name)["User"]["Arn"] == arn
        except ClientError as error:
            if code(error) == "NoSuchEntity":
                return False
            raise

    def _mark(self, tags: dict[str, str]) -> str | None:
        """The value of the marking tag; IAM compares tag keys without regard to case."""
        wanted = self._tag.key.lower()
        return next((value for key, value in tags.items() if key.lower() == wanted), None)
