"""The access keys of one IAM user, managed or not, and when each was last used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from key_rotation.aws.errors import code

from ..exits import DeclinedError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# IAM's answers to a name that nobody has, and to one that nobody can have.
_NOBODY = ("NoSuchEntity", "ValidationError")
_NOT_KNOWN = "N/A"


@dataclass(frozen=True, slots=True)
class LastUse:
    """IAM has it some hours late. None is what IAM does not say."""

    at: datetime
    service: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class UserKey:
    """`last_use` is None if the key was never used."""

    id: str
    status: str
    created: datetime
    last_use: LastUse | None


def read_keys(iam: IAMClient, user: str, only: str | None = None) -> list[UserKey]:
    """The user's keys, oldest first, or the one with the id `only`.

    Raises DeclinedError if there is no such user or key; other errors are IAM's.
    """
    try:
        listed = [
            key
            for page in iam.get_paginator("list_access_keys").paginate(UserName=user)
            for key in page["AccessKeyMetadata"]
        ]
    except ClientError as error:
        if code(error) not in _NOBODY:
            raise
        raise DeclinedError(f"there is no IAM user {user!r} in this account") from None
    ids = [key["AccessKeyId"] for key in listed]
    if only is not None and only not in ids:
        raise DeclinedError(f"{user} has no access key {only!r}, but {', '.join(ids) or 'none'}")
    return [
        UserKey(
            key["AccessKeyId"],
            key["Status"],
            key["CreateDate"].astimezone(UTC),
            _last_use(iam, key["AccessKeyId"]),
        )
        for key in sorted(listed, key=lambda key: (key["CreateDate"], key["AccessKeyId"]))
        if only in (None, key["AccessKeyId"])
    ]


def _last_use(iam: IAMClient, access_key_id: str) -> LastUse | None:
    used = iam.get_access_key_last_used(AccessKeyId=access_key_id)["AccessKeyLastUsed"]
    at = used.get("LastUsedDate")
    if at is None:
        return None
    return LastUse(at.astimezone(UTC), _known(used["ServiceName"]), _known(used["Region"]))


def _known(value: str) -> str | None:
    return None if value == _NOT_KNOWN else value
