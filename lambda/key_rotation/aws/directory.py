"""IAM reads: who is managed, and what is known of each one's keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ..concurrent import map_concurrent
from ..domain.coverage import NotManaged, OtherUser
from ..domain.model import AccessKey, KeyStatus, LastUse, ManagedUser, UserRef
from ..domain.settings import Reach, UserTag
from ..ports import DiscoveryError, Scan
from .errors import code

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import TagTypeDef, UserDetailTypeDef, UserTypeDef

    type _User = tuple[UserDetailTypeDef | UserTypeDef, Mapping[str, str]]


class IamDirectory:
    """The `Directory` port on an IAM client.

    `bulk` is whether all users' tags may be read at once; if not, or if IAM refuses that, they are
    read user by user, `max_workers` side by side. Users with the tag `exempt` may have keys that
    nobody rotates.
    """

    def __init__(
        self,
        iam: IAMClient,
        tag: UserTag,
        reach: Reach,
        bulk: bool,
        max_workers: int,
        exempt: UserTag | None = None,
    ) -> None:
        self._iam = iam
        self._tag = tag
        self._reach = reach
        self._bulk = bulk
        self._max_workers = max_workers
        self._exempt = exempt

    def scan(self, only: Collection[str] | None = None) -> Scan:
        """`GetAccountAuthorizationDetails` returns tags, `ListUsers` does not."""
        if not self._bulk:
            return self._scan_one_by_one(only, "bulk_discovery is false")
        paginator = self._iam.get_paginator("get_account_authorization_details")
        # Up to 1,000 a page; a page may hold fewer, so the marker is followed.
        pages = paginator.paginate(Filter=["User"], PaginationConfig={"PageSize": 1000})
        users: list[_User] = []
        number = 0
        try:
            for page in pages:
                number += 1
                users += [(user, _tags(user.get("Tags", []))) for user in page["UserDetailList"]]
        except (BotoCoreError, ClientError) as error:
            bulk_read = "GetAccountAuthorizationDetails"
            if number == 0:
                return self._scan_one_by_one(only, f"{bulk_read}: {_said(error)}")
            raise _incomplete(bulk_read, number, len(users), error) from error
        return self._sorted_out(users)

    def _scan_one_by_one(self, only: Collection[str] | None, why: str) -> Scan:
        listed: list[UserTypeDef] = []
        number = 0
        try:
            for page in self._iam.get_paginator("list_users").paginate(
                PaginationConfig={"PageSize": 1000}
            ):
                number += 1
                listed += page["Users"]
        except (BotoCoreError, ClientError) as error:
            raise _incomplete("ListUsers", number, len(listed), error) from error
        # IAM denies the role the tags of users out of its reach.
        out_of_reach: dict[str, str] = {}
        unknown: list[OtherUser] = []
        wanted: list[UserTypeDef] = []
        for user in listed:
            barrier = self._reach.refuses(user["Arn"])
            if only is not None and user["UserName"] in only and barrier:
                out_of_reach[user["UserName"]] = barrier
            elif not barrier and (only is None or user["UserName"] in only):
                wanted.append(user)
            elif only is None:
                unknown.append(self._without_tags(user, NotManaged.OUT_OF_REACH))
        unread: dict[str, Exception] = {}
        users: list[_User] = []
        for user, tags in zip(
            wanted, map_concurrent(self._tags_of, wanted, self._max_workers), strict=True
        ):
            if isinstance(tags, Exception):
                unread[user["UserName"]] = tags
                unknown.append(self._without_tags(user, NotManaged.TAGS_UNREAD))
            else:
                users.append((user, tags))
        scan = self._sorted_out(users)
        return replace(
            scan,
            unread=unread,
            one_by_one=why,
            users=_by_id(listed),
            out_of_reach=out_of_reach,
            others=(*scan.others, *unknown) if only is None else (),
        )

    def _without_tags(self, user: UserTypeDef, why: NotManaged) -> OtherUser:
        """Who is out of reach is not managed. Whether they are exempt is not known, unless nobody
        is; of others nothing is known."""
        known = why is NotManaged.OUT_OF_REACH and self._exempt is None
        created = user["CreateDate"].astimezone(UTC)
        return OtherUser(user["UserName"], created, why, False if known else None)

    def _tags_of(self, user: UserTypeDef) -> Mapping[str, str] | Exception:
        """The error is an answer too: the other users' tags are read on."""
        try:
            return self.tags(_ref(user))
        except ClientError as error:
            # Deleted since it was listed: not there, rather than not known.
            return {} if code(error) == "NoSuchEntity" else error
        except BotoCoreError as error:
            return error

    def _sorted_out(self, users: Sequence[_User]) -> Scan:
        managed: list[ManagedUser] = []
        unexpected: dict[str, str] = {}
        out_of_reach: dict[str, str] = {}
        others: list[OtherUser] = []
        for user, tags in users:
            value = self._tag.of(tags)
            barrier = self._reach.refuses(user["Arn"])
            created = user["CreateDate"].astimezone(UTC)
            exempt = self._exempt is not None and self._exempt.is_on(tags)
            why = NotManaged.NO_TAG
            if value == self._tag.value and not barrier:
                managed.append(ManagedUser(_ref(user), (), tags, created=created))
                continue
            if value == self._tag.value and barrier:
                out_of_reach[user["UserName"]] = barrier
                why = NotManaged.OUT_OF_REACH
            elif value is not None and not (exempt and self._is_exempted_by(value)):
                unexpected[user["UserName"]] = value
                why = NotManaged.UNEXPECTED_TAG_VALUE
            others.append(OtherUser(user["UserName"], created, why, exempt))
        everyone = _by_id([user for user, _ in users])
        return Scan(
            tuple(managed),
            unexpected,
            len(users),
            everyone,
            out_of_reach=out_of_reach,
            others=tuple(others),
        )

    def _is_exempted_by(self, value: str) -> bool:
        """Whether the other value of the managed users' tag is the one that exempts."""
        exempt = self._exempt
        return exempt is not None and exempt.is_same(UserTag(self._tag.key, value))

    def tags(self, user: UserRef) -> Mapping[str, str]:
        paginator = self._iam.get_paginator("list_user_tags")
        pages = paginator.paginate(UserName=user.name)
        return {key: value for page in pages for key, value in _tags(page["Tags"]).items()}

    def keys(self, user: UserRef) -> tuple[AccessKey, ...]:
        paginator = self._iam.get_paginator("list_access_keys")
        return tuple(
            AccessKey(
                key["AccessKeyId"], KeyStatus(key["Status"]), key["CreateDate"].astimezone(UTC)
            )
            for page in paginator.paginate(UserName=user.name)
            for key in page["AccessKeyMetadata"]
        )

    def last_used(self, key: AccessKey) -> LastUse | None:
        found = self._iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]
        used = found.get("LastUsedDate")
        if used is None:
            return None
        return LastUse(used.astimezone(UTC), _known(found["ServiceName"]), _known(found["Region"]))

    def owner(self, access_key_id: str) -> str | None:
        """By `GetAccessKeyLastUsed`. For a key of an unmanaged user it is denied to the role."""
        try:
            answer = self._iam.get_access_key_last_used(AccessKeyId=access_key_id)
        except ClientError as error:
            if code(error) == "NoSuchEntity":
                return None
            raise
        return answer.get("UserName")

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


def _ref(user: UserDetailTypeDef | UserTypeDef) -> UserRef:
    return UserRef(user["UserName"], user["UserId"], user["Arn"])


def _by_id(users: Sequence[UserDetailTypeDef | UserTypeDef]) -> dict[str, UserRef]:
    return {user["UserId"]: _ref(user) for user in users}


def _known(text: str) -> str | None:
    """IAM says N/A for what it does not know."""
    return None if text == "N/A" else text


def _tags(tags: Sequence[TagTypeDef]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _incomplete(operation: str, pages: int, users: int, error: Exception) -> DiscoveryError:
    return DiscoveryError(
        f"{operation} failed after {pages} page(s) with {users} user(s) ({_said(error)}): nobody "
        "knows which of the others are managed, so nothing was changed"
    )


def _said(error: Exception) -> str:
    """What AWS said, without what changes from one try to the next."""
    return code(error) if isinstance(error, ClientError) else type(error).__name__
