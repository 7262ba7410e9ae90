"""The operator's way into AWS: the regular credential chain, and no call but those declared."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.utils import parse_timestamp

from key_rotation.handler import Clients

from .aws_errors import refuse_web_page

if TYPE_CHECKING:
    from botocore.model import OperationModel

# So many users are read side by side; IAM's throttle, not the line, is what ends it.
MAX_WORKERS = 8

# What looking costs: nothing is changed by these, and none returns a secret's value.
READS = frozenset(
    {
        "events:DescribeRule",
        "iam:GetAccessKeyLastUsed",
        "iam:GenerateCredentialReport",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetCredentialReport",
        "iam:GetLoginProfile",
        "iam:ListAccessKeys",
        "iam:ListUserTags",
        "iam:ListUsers",
        "secretsmanager:DescribeSecret",
        "sns:GetSubscriptionAttributes",
        "sns:ListSubscriptionsByTopic",
        "ssm:GetParametersByPath",
        "sts:GetCallerIdentity",
    }
)
INVOCATION = frozenset({"lambda:InvokeFunction", "sts:GetCallerIdentity"})
# What it takes to get into other accounts; what is read there has connections of its own.
ASSUMPTION = frozenset({"sts:AssumeRole", "sts:GetCallerIdentity"})
RESTORATION = READS | {
    "iam:TagUser",
    "iam:UpdateAccessKey",
    "secretsmanager:TagResource",
    "secretsmanager:UntagResource",
}
USAGE = frozenset(
    {
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "iam:GetAccessKeyLastUsed",
        "iam:ListAccessKeys",
        "sts:GetCallerIdentity",
    }
)

ADOPTION = frozenset(
    {
        "kms:CancelKeyDeletion",
        "kms:DescribeKey",
        "kms:EnableKey",
        "secretsmanager:ListSecrets",
        "secretsmanager:RestoreSecret",
    }
)

HISTORY = frozenset({"logs:DescribeLogGroups", "logs:FilterLogEvents"})

# IAM throttles by a bucket of unpublished size: patience, not speed.
_READING = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 8}
)
# A run takes up to 15 minutes, and must not be started twice because its answer is late.
_INVOKING = Config(connect_timeout=5, read_timeout=910, retries={"total_max_attempts": 1})
# Two calls a second are allowed: whoever asks keeps to that when trying again, too.
_PACED = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 1})
# STS knows who asks at once, or not at all: nobody with a leaked key waits for that.
_ASKING_WHO = Config(
    connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
_CONFIGS = {"cloudtrail": _PACED, "lambda": _INVOKING}
_PERMISSIONS = {"lambda:Invoke": "lambda:InvokeFunction"}

# Without these there is nothing to connect with: no answer of AWS, and the same in every account.
NOT_SET_UP = (NoCredentialsError, NoRegionError, PartialCredentialsError, ProfileNotFound)


class UndeclaredCallError(Exception):
    """A command was about to make a call that it does not declare. Nothing was sent."""


@dataclass(frozen=True)
class Connection:
    """Clients that make the calls in `allowed`, named like IAM actions, and no others.

    `tick` is called for each call just before it is sent.
    """

    session: boto3.session.Session
    allowed: frozenset[str]
    tick: Callable[[str], None] = lambda _call: None

    def client(self, service: str, region: str | None = None) -> Any:
        """In this connection's region, or in another one. Raises BotoCoreError if region or profile
        are missing."""
        config = _CONFIGS.get(service, _READING)
        if service == "sts" and self.allowed == INVOCATION:
            config = _ASKING_WHO
        client = self.session.client(service, region, config=config)  # type: ignore[call-overload]
        client.meta.events.register("before-call", self._check)
        client.meta.events.register("before-parse", refuse_web_page)
        return client

    @property
    def region(self) -> str:
        return self.session.region_name or ""

    @cached_property
    def account_id(self) -> str:
        account: str = self.client("sts").get_caller_identity()["Account"]
        return account

    def clients(self) -> Clients:
        """These clients, as the product takes them."""
        return Clients(self.client, lambda: self.client("iam"), _no_trial)

    def _check(self, model: OperationModel, **_rest: object) -> None:
        call = f"{model.service_model.service_name}:{model.name}"
        call = _PERMISSIONS.get(call, call)
        if call not in self.allowed:
            raise UndeclaredCallError(f"{call} is not among the calls of this command")
        self.tick(call)


class OperatorClock:
    """The `Clock` port of somebody who can wait."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def remaining(self) -> timedelta:
        return timedelta(days=1)


def _no_trial(_access_key_id: str, _secret_access_key: str) -> NoReturn:
    raise AssertionError("no key is made here, so there is none to try")


def session(profile: str | None, region: str | None) -> boto3.session.Session:
    """In this region, else that of AWS_REGION, which boto3 does not know and the AWS CLI takes
    first. Raises botocore's ProfileNotFound."""
    region = region or os.environ.get("AWS_REGION") or None
    return boto3.session.Session(
        profile_name=profile, region_name=region, botocore_session=bare_session()
    )


def bare_session() -> botocore.session.Session:
    """botocore's own, which reads a timestamp by trying every format that people write: of an
    account with 5,000 users that took longer than all else of an answer."""
    bare = botocore.session.get_session()
    factory = bare.get_component("response_parser_factory")
    factory.set_parser_defaults(timestamp_parser=timestamp)
    return bare


def timestamp(value: Any) -> datetime:
    """One of an answer of AWS: as a rule ISO 8601 with a time zone; what is not, is left to
    botocore. Raises ValueError for what is none."""
    with suppress(TypeError, ValueError):
        found = datetime.fromisoformat(value)
        if found.tzinfo is not None:
            return found
    return parse_timestamp(value)
