"""The way into each account of the map: by a role there, with credentials of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import ClientError

from ..aws_errors import describe
from ..connection import Connection, bare_session
from .map import AccountMap

# CloudTrail of the account shows it beside the role.
SESSION_NAME = "key-rotation"


class RoleNotAssumedError(Exception):
    """An account cannot be entered; the text names the role."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the map, and the role by which it is read."""

    name: str
    id: str
    role_arn: str


def members(accounts: AccountMap, only: str | None, role_name: str, region: str) -> list[Member]:
    """The accounts asked for, by name; `region` says which partition of AWS their roles are in.

    Raises AccountMapError naming one that is not in the map, botocore's UnknownRegionError.
    """
    partition = boto3.session.Session(region_name=region).get_partition_for_region(region)
    return [
        Member(
            name, accounts.ids[name], f"arn:{partition}:iam::{accounts.ids[name]}:role/{role_name}"
        )
        for name in sorted(accounts.chosen(only))
    ]


def assume(sts: Any, member: Member) -> Mapping[str, Any]:
    """Credentials for an hour, which is the most that AWS gives to whoever has assumed a role
    already. Raises RoleNotAssumedError, BotoCoreError."""
    try:
        answer = sts.assume_role(RoleArn=member.role_arn, RoleSessionName=SESSION_NAME)
    except ClientError as error:
        raise RoleNotAssumedError(
            f"{member.role_arn} cannot be assumed: {describe(error)}"
        ) from error
    credentials: Mapping[str, Any] = answer["Credentials"]
    return credentials


def entrance(
    own: Connection, profile: str | None, allowed: frozenset[str]
) -> Callable[[Member], Connection]:
    """A function that assumes an account's role and connects for these calls, in the same region.

    It may be called on several threads, and raises what `assume` raises.
    """
    sts = own.client("sts")
    # Shared, or else each account would parse the models of the same services: 0.2 s, not 0.06 s.
    models = botocore.session.get_session().get_component("data_loader")

    def enter(member: Member) -> Connection:
        credentials = assume(sts, member)
        return Connection(_session(profile, own.region, models, credentials), allowed)

    return enter


def _session(
    profile: str | None, region: str, models: Any, credentials: Mapping[str, Any]
) -> boto3.session.Session:
    """With these credentials; everything else as the profile has it."""
    bare = bare_session()
    bare.register_component("data_loader", models)
    return boto3.session.Session(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
        region,
        bare,
        profile,
    )
