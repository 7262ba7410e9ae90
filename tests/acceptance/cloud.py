"""The account that the test works in: AWS by the caller's own credentials, or a LocalStack."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.localstack.endpoint import Endpoint
from tests.stage.account import REGION, Account

# A run may take as long as a Lambda lives, and must not be started twice behind our back.
_CONFIG = Config(
    connect_timeout=10, read_timeout=910, retries={"mode": "standard", "total_max_attempts": 4}
)
_ONCE = Config(connect_timeout=10, read_timeout=910, retries={"total_max_attempts": 1})
_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws")


class AccountError(Exception):
    """Something about the account or the credentials that a person has to put right."""


@dataclass(frozen=True)
class Credentials:
    """What somebody signs with."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Cloud:
    """One account and region. `emulator` is None on AWS.

    `identity` is STS's answer of who the caller is: `Account` and `Arn`. `environment` is for
    Terraform and the command line.
    """

    session: boto3.session.Session
    identity: Mapping[str, str]
    environment: Mapping[str, str]
    emulator: Endpoint | None = None

    @property
    def region(self) -> str:
        return str(self.session.region_name)

    @property
    def endpoint_url(self) -> str | None:
        return self.emulator.url if self.emulator else None

    @property
    def account_id(self) -> str:
        return self.identity["Account"]

    @property
    def partition(self) -> str:
        return self.identity["Arn"].split(":")[1]

    def arn(self, service: str, rest: str) -> str:
        """The ARN of something in this account and region; IAM has no region."""
        region = "" if service == "iam" else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account_id}:{rest}"

    def client(self, service: str, key: Credentials | None = None) -> Any:
        """A client of the caller, or of the holder of a key.

        Raises AccountError if AWS is meant, and a profile or the environment leads elsewhere.
        """
        signing = {}
        if key is not None:
            signing = {
                "aws_access_key_id": key.id,
                "aws_secret_access_key": key.secret,
                "aws_session_token": key.token,
            }
        client = self.session.client(  # type: ignore[call-overload]
            service,
            config=_ONCE if service == "lambda" else _CONFIG,
            endpoint_url=self.endpoint_url,
            **signing,
        )
        if self.emulator is None:
            check_endpoint(client.meta.endpoint_url)
        return client


@dataclass(frozen=True)
class Refusal:
    """The error with which AWS refused a call."""

    code: str
    message: str = ""


def refusal(call: Callable[[], object]) -> Refusal | None:
    """How AWS refused a call; None if it was served."""
    try:
        call()
    except ClientError as error:
        found = error.response["Error"]
        return Refusal(str(found["Code"]), str(found.get("Message", "")))
    return None


def on_localstack(endpoint: Endpoint) -> Cloud:
    """An emulated account. Raises BotoCoreError, ClientError."""
    session = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
    )
    identity = session.client("sts", endpoint_url=endpoint.url).get_caller_identity()
    environment = Account(endpoint).environment()
    return Cloud(session, dict(identity), environment, endpoint)  # type: ignore[arg-type]


def on_aws(environ: Mapping[str, str] = os.environ) -> Cloud:
    """The account of the caller's credentials.

    Raises AccountError if there is no region, or the caller cannot do this; BotoCoreError and
    ClientError if there are no credentials, or AWS refuses them.
    """
    session = boto3.session.Session(region_name=environ.get("AWS_REGION") or None)
    region = session.region_name
    if not region:
        raise AccountError("no region: set AWS_REGION, or give the profile one")
    sts = session.client("sts")
    check_endpoint(sts.meta.endpoint_url)
    identity = dict(sts.get_caller_identity())
    check_caller(identity["Arn"])  # type: ignore[arg-type]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_VAR_")}
    environment = kept | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return Cloud(session, identity, environment)  # type: ignore[arg-type]


def check_endpoint(url: str) -> None:
    """Raises AccountError unless it is one of AWS: only AWS itself shows what nobody has seen."""
    host = urlsplit(url).hostname or ""
    if not host.endswith(_OF_AWS):
        raise AccountError(
            f"{url} is none of AWS's addresses: for a LocalStack, set ACCEPT_ON=localstack; "
            "otherwise unset endpoint_url in the profile, and AWS_ENDPOINT_URL_… in the environment"
        )


def check_caller(arn: str) -> None:
    """Raises AccountError if the caller is the account's root user, who assumes no role."""
    if arn.endswith(":root"):
        raise AccountError(
            "these are credentials of the account's root user, who can assume no role: sign in as "
            "an administrator"
        )
