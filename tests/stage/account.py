"""One LocalStack account: its clients, its users' keys and passwords, its secrets."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.config import Config
from localstack_client.session import Session  # type: ignore[import-untyped]

from tests.localstack.backdoor import Backdoor, Mail
from tests.localstack.endpoint import Endpoint, call

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

REGION = "eu-west-1"
# A run may take as long as a Lambda lives; a call is never sent twice behind our back.
_CONFIG = Config(read_timeout=900, retries={"mode": "standard", "total_max_attempts": 1})


@dataclass(frozen=True)
class HeldKey:
    """An access key as its holder has it."""

    id: str
    secret: str = field(repr=False)


class Account:
    """One LocalStack account; `backdoor` does what only an emulator can."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.backdoor = Backdoor(endpoint)

    @cached_property
    def id(self) -> str:
        return self.sts().get_caller_identity()["Account"]

    @cached_property
    def iam(self) -> IAMClient:
        client: IAMClient = self._client("iam")
        return client

    @cached_property
    def functions(self) -> LambdaClient:
        client: LambdaClient = self._client("lambda")
        return client

    @cached_property
    def ecs(self) -> Any:
        """Task definitions. Of the embedded LocalStack only: its own edition has no ECS."""
        return self._client("ecs")

    @cached_property
    def kms(self) -> KMSClient:
        client: KMSClient = self._client("kms")
        return client

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        client: SecretsManagerClient = self._client("secretsmanager")
        return client

    @cached_property
    def sns(self) -> SNSClient:
        client: SNSClient = self._client("sns")
        return client

    @cached_property
    def sqs(self) -> SQSClient:
        client: SQSClient = self._client("sqs")
        return client

    @cached_property
    def ssm(self) -> SSMClient:
        client: SSMClient = self._client("ssm")
        return client

    @cached_property
    def events(self) -> EventBridgeClient:
        client: EventBridgeClient = self._client("events")
        return client

    @cached_property
    def metrics(self) -> CloudWatchClient:
        client: CloudWatchClient = self._client("cloudwatch")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        client: CloudWatchLogsClient = self._client("logs")
        return client

    def sts(self, key: HeldKey | None = None) -> STSClient:
        """STS for the holder of a key, or for the account's administrator."""
        client: STSClient = self._client("sts", key)
        return client

    def environment(self) -> dict[str, str]:
        """What a command needs to work in this account, without anything of the developer's."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_VAR_"))}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "2",  # an emulator's 500 stays one: no minutes of retries
        }

    def statuses(self, user: str) -> dict[str, str]:
        """The status of each of a user's keys, by key id."""
        keys = self.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        return {key["AccessKeyId"]: key["Status"] for key in keys}

    def users(self) -> set[str]:
        """The names of all users."""
        pages = self.iam.get_paginator("list_users").paginate()
        return {found["UserName"] for page in pages for found in page["Users"]}

    def secret_value(self, secret: str, key: HeldKey | None = None) -> dict[str, Any]:
        """What a reader of the secret, given by name or ARN, gets: the holder of a key, or the
        account's administrator."""
        reader = self._client("secretsmanager", key) if key else self.secrets
        answer = reader.get_secret_value(SecretId=secret)
        value: dict[str, Any] = json.loads(answer["SecretString"])
        return value

    def _client(self, service: str, key: HeldKey | None = None) -> Any:
        given = {} if key is None else {"aws_access_key_id": key.id}
        if key is not None:
            given["aws_secret_access_key"] = key.secret
        host = urlsplit(self.endpoint.url).netloc
        session = Session(region_name=REGION, localstack_host=host, **given)
        return session.client(service, config=_CONFIG)


class AccountOf(Account):
    """The account of this id: LocalStack takes a 12-digit access key id for the caller's."""

    def __init__(self, endpoint: Endpoint, account_id: str) -> None:
        super().__init__(endpoint)
        self._administrator = HeldKey(account_id, "administrator")

    def environment(self) -> dict[str, str]:
        key = self._administrator
        return super().environment() | {
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
        }

    def _client(self, service: str, key: HeldKey | None = None) -> Any:
        return super()._client(service, key or self._administrator)


def sign_in(account: Account, key: HeldKey) -> tuple[HeldKey, str]:
    """A key with its session token.

    It stands for a console sign-in (`aws login`), which LocalStack does not have.
    """
    answer = account.sts(key).get_session_token()["Credentials"]
    return HeldKey(answer["AccessKeyId"], answer["SecretAccessKey"]), answer["SessionToken"]


def give_password(account: Account, user: str) -> None:
    """A console password that nobody learns."""
    password = f"aA1!{secrets.token_urlsafe(24)}"
    account.iam.create_login_profile(UserName=user, Password=password)


def give_key(account: Account, user: str, age_days: float = 0) -> HeldKey:
    """A new access key, made to look that old where the emulator can."""
    made = account.iam.create_access_key(UserName=user)["AccessKey"]
    if age_days and account.endpoint.embedded:
        account.backdoor.backdate(made["AccessKeyId"], age_days)
    return HeldKey(made["AccessKeyId"], made["SecretAccessKey"])


def confirm_subscriptions(account: Account, topic_arn: str) -> list[str]:
    """Clicks the link in each mail that asks to confirm; returns the addresses."""
    pages = account.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
    found = [s for page in pages for s in page["Subscriptions"] if s["Protocol"] == "email"]
    if not account.endpoint.embedded:
        for subscription in found:
            account.backdoor.confirm_subscription(subscription["SubscriptionArn"])
        return sorted(subscription["Endpoint"] for subscription in found)

    def asks(mail: Mail) -> bool:
        return (mail["kind"], mail["topic_arn"]) == ("confirmation", topic_arn)

    pending = [s["Endpoint"] for s in found if s["SubscriptionArn"] == "PendingConfirmation"]
    for address in pending:
        mails = account.backdoor.wait_for_mails(address, asks)
        call(mails[-1]["link"])
    return sorted(pending)


def mails_about(account: Account, topic_arn: str, subject: str, address: str) -> list[Mail]:
    """The topic's mails to an address with this in their subject, as soon as there is one.

    None of those that ask to confirm. [] if none comes.
    """
    return account.backdoor.wait_for_mails(
        address,
        lambda mail: (
            (mail["kind"], mail["topic_arn"]) == ("notification", topic_arn)
            and subject in mail["subject"]
        ),
    )


def discard_secrets(account: Account, names: Iterable[str]) -> None:
    """Removes secrets for good, also those that wait for their deletion."""
    for name in names:
        account.secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def forget_log_tags(account: Account, function: str) -> None:
    """LocalStack keeps the tags of a log group that is gone, for the next of that name."""
    arn = f"arn:aws:logs:{REGION}:{account.id}:log-group:/aws/lambda/{function}"
    tags = account.logs.list_tags_for_resource(resourceArn=arn)["tags"]
    account.logs.untag_resource(resourceArn=arn, tagKeys=list(tags))


def list_secrets(account: Account, prefix: str) -> dict[str, bool]:
    """The secrets of a prefix by name, and whether each waits for its deletion."""
    pages = account.secrets.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True)
    return {
        secret["Name"]: "DeletedDate" in secret
        for page in pages
        for secret in page["SecretList"]
        if secret["Name"].startswith(prefix)
    }
