"""An AWS account in moto, as the module sets it up, and runs of the handler in it.

The clock is the tests': it starts at START and moves only when asked to, for moto as for the
handler.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from unittest import mock

import boto3
import time_machine
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import mock_aws
from moto.core.responses import ActionResult
from moto.events.models import events_backends
from moto.iam.models import AccessKeyLastUsed, iam_backends
from moto.iam.responses import IamResponse
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends
from moto.sns.models import Subscription
from moto.ssm.models import ssm_backends

from key_rotation.aws.calls import CallCounter
from key_rotation.aws.parameters import user_options_path
from key_rotation.domain.pins import PINNED
from key_rotation.domain.user_options import options_sha256
from key_rotation.handler import Clients, Environment, run
from tests.aws import less_work  # noqa: F401 - changes moto and botocore
from tests.defaults import default_parameters

START = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
INSTALLED = START - timedelta(days=30)  # when the settings were written
REGION = "eu-west-1"
ACCOUNT_ID = "123456789012"
PATH = "/key-rotation/config"
RULE = "key-rotation"  # the schedule
PARAMETERS = default_parameters(name="key-rotation", secret_tags='{"team": "platform"}')
# Sessions and clients outlive an account: moto answers whatever is sent while it is on.
SESSION = boto3.session.Session("testing", "testing", region_name=REGION)
CALLS = CallCounter()
CALLS.listen(SESSION.events)
_NO_WAITING = Config(retries={"mode": "standard", "total_max_attempts": 2})
_ONCE = Config(retries={"total_max_attempts": 1})


_get_credential_report = IamResponse.get_credential_report
_generate_credential_report = IamResponse.generate_credential_report


def _of_just_now(response: IamResponse) -> ActionResult:
    """moto makes a report whenever it is asked for one, and dates it 2015."""
    answer: Any = _get_credential_report(response).result
    return ActionResult({**answer, "GeneratedTime": datetime.now(UTC)})


def _there_at_once(response: IamResponse) -> ActionResult:
    """moto says that it has begun; the report is there all the same."""
    answer: Any = _generate_credential_report(response).result
    return ActionResult({**answer, "State": "COMPLETE"})


IamResponse.get_credential_report = _of_just_now  # type: ignore[assignment, method-assign]
IamResponse.generate_credential_report = _there_at_once  # type: ignore[assignment, method-assign]


_to_dict = FakeSecret.to_dict


def _with_last_access(secret: FakeSecret) -> dict[str, Any]:
    """moto never tells of a read; AWS tells its day. Nor does moto tell the primary region of a
    secret that is replicated, but of its replicas alone."""
    read = last_read(secret)
    midnight = datetime.combine(read.date(), time.min, UTC).timestamp() if read else None
    primary = {"PrimaryRegion": secret.region} if secret.replicas else {}
    return {**_to_dict(secret), **primary, "LastAccessedDate": midnight}


def last_read(secret: Any) -> datetime | None:
    """When `Account.read_secret` last read it."""
    read: datetime | None = vars(secret).get("last_read")
    return read


FakeSecret.to_dict = _with_last_access  # type: ignore[assignment, method-assign]


@cache
def client(service: str) -> Any:
    return SESSION.client(service, config=_NO_WAITING)  # type: ignore[call-overload]


@cache
def iam_without_retries() -> Any:
    return SESSION.client("iam", config=_ONCE)


def sts_for(access_key_id: str, secret_access_key: str) -> Any:
    return SESSION.client(
        "sts",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=_NO_WAITING,
    )


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    """moto makes a key for each subscription to sign its messages with, which takes longer than
    all the rest of an account; nobody here checks the signatures."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Clock:
    """The handler's clock, which moto's follows. Each run has the whole time `left`, but one that
    begins before `ends`: that one must be over by then."""

    traveller: Any
    left: timedelta = timedelta(minutes=15)
    ends: datetime | None = None

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        self.traveller.shift(seconds)

    def remaining(self) -> timedelta:
        is_short = self.ends is not None and self.now() < self.ends
        return self.ends - self.now() if is_short and self.ends else self.left


class Account:
    """One account; `clients` are what the handler gets."""

    id = ACCOUNT_ID

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.clients = Clients(client, iam_without_retries, sts_for, CALLS)
        self.max_workers = 1
        self.rule_token = ""
        self.topic_arn = self.client("sns").create_topic(Name="key-rotation")["TopicArn"]
        self.parameters = PARAMETERS | {"topic_arn": self.topic_arn}
        self._install()
        self._runs = 0
        self._intercepted: list[tuple[str, Any]] = []

    def _install(self) -> None:
        """Straight into moto: by the wire, the settings take as long as all the rest of a test. The
        last one goes by the wire, so that whoever watches it knows of new settings."""
        store = ssm_backends[self.id][REGION]
        for name, value in self.parameters.items():
            kind, none = "String", ""
            path = f"{PATH}/{name}"
            store.put_parameter(path, none, value, kind, none, none, False, [], "text", None, None)
        self.set_parameter("topic_arn", self.topic_arn)
        every_day = "cron(0 6 * * ? *)"
        events_backends[ACCOUNT_ID][REGION].put_rule(RULE, scheduled_expression=every_day)

    def intercept(self, event: str, handler: Any) -> None:
        """botocore asks the handler before each such call, until the account is gone."""
        self._intercepted.append((event, handler))
        self.client("secretsmanager").meta.events.register(event, handler)

    def stop_intercepting(self) -> None:
        for event, handler in self._intercepted:
            self.client("secretsmanager").meta.events.unregister(event, handler)

    def client(self, service: str) -> Any:
        return client(service)

    def run(self, payload: Any = None, request_id: str | None = None) -> dict[str, Any]:
        """One invocation; each has a request id of its own, unless one is given."""
        self._runs += 1
        request_id = request_id or f"run-{self._runs}"
        return run(
            payload or {},
            Environment(PATH, rule_token=self.rule_token),
            request_id,
            self.clients,
            self.clock,
            self.max_workers,
        )

    def environment(self) -> dict[str, str]:
        """The function's, as Terraform writes it with the parameters of the set-up."""
        pins = {name: sha256(self.parameters[name].encode()).hexdigest() for name in PINNED}
        return {
            "CONFIG_PATH": PATH,
            "PINNED_SETTINGS": json.dumps(pins),
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def pass_days(self, days: float = 0, **units: float) -> None:
        self.clock.traveller.shift(timedelta(days=days, **units))

    def set_parameter(self, name: str, value: str) -> None:
        self.client("ssm").put_parameter(
            Name=f"{PATH}/{name}", Value=value, Type="String", Overwrite=True
        )

    def set_user_options(self, users: Mapping[str, Mapping[str, Any]]) -> None:
        """As Terraform writes them: a chunk, if there are any, and its hash among the settings."""
        ssm, name = self.client("ssm"), f"{user_options_path(PATH)}/00-000"
        chunks = {"00-000": json.dumps(users)} if users else {}
        if users:
            ssm.put_parameter(Name=name, Value=chunks["00-000"], Type="String", Overwrite=True)
        else:
            ssm.delete_parameters(Names=[name])
        self.parameters["user_options_sha256"] = options_sha256(chunks)
        self.set_parameter("user_options_sha256", self.parameters["user_options_sha256"])

    # -- users and keys ----------------------------------------------------------------------------

    def add_user(
        self,
        name: str = "alice",
        *key_ages: float,
        managed: str | None = "enabled",
        password: bool = True,
        tags: dict[str, str] | None = None,
        path: str = "/",
    ) -> list[str]:
        """A user with active keys of these ages in days; returns their ids."""
        iam = self.client("iam")
        all_tags = dict(tags or {}) | ({"access-key-rotation": managed} if managed else {})
        iam.create_user(
            UserName=name, Path=path, Tags=[{"Key": k, "Value": v} for k, v in all_tags.items()]
        )
        if password:
            iam.create_login_profile(UserName=name, Password="Not-Secret-1")
        return [self.add_key(name, days) for days in key_ages]

    def delete_user(self, name: str = "alice") -> None:
        """As a person does it: IAM refuses while there are keys or a password."""
        iam = self.client("iam")
        for key_id in self.statuses(name):
            iam.delete_access_key(UserName=name, AccessKeyId=key_id)
        if iam_backends[self.id]["aws"].users[name].password:
            iam.delete_login_profile(UserName=name)
        iam.delete_user(UserName=name)

    def add_key(self, name: str = "alice", days: float = 0) -> str:
        key_id: str = self.client("iam").create_access_key(UserName=name)["AccessKey"][
            "AccessKeyId"
        ]
        self.age(key_id, days)
        return key_id

    def age(self, key_id: str, days: float) -> None:
        """The key was made so many days earlier."""
        self._backend(key_id).create_date -= timedelta(days=days)

    def add_key_beyond_the_limit(self, name: str = "alice", days: float = 0) -> str:
        """A third one, as IAM has been seen to let through."""
        iam = iam_backends[self.id]["aws"]
        key = iam.users[name].create_access_key("AKIA")
        iam.access_keys[key.access_key_id] = key
        key.create_date -= timedelta(days=days)
        return str(key.access_key_id)

    def use(
        self, key_id: str, days_ago: float = 0, service: str = "s3", region: str = REGION
    ) -> None:
        """As a program does. moto knows only of the calls that are signed with the key, and of the
        last one; `before` is the one before that."""
        used = (self.clock.now() - timedelta(days=days_ago)).replace(tzinfo=None)
        key = self._backend(key_id)
        use: Any = AccessKeyLastUsed(used, service, region)
        use.before = key.last_used
        key.last_used = use

    def use_new_key(self, name: str = "alice") -> None:
        """The one in the secret: so nothing holds the old one."""
        self.use(self.secret_value(name)["AccessKeyId"])

    def set_status(self, key_id: str, status: str, name: str = "alice") -> None:
        self.client("iam").update_access_key(UserName=name, AccessKeyId=key_id, Status=status)

    def statuses(self, name: str = "alice") -> dict[str, str]:
        keys = self.client("iam").list_access_keys(UserName=name)["AccessKeyMetadata"]
        return {key["AccessKeyId"]: key["Status"] for key in keys}

    def arn(self, name: str = "alice") -> str:
        arn: str = self.client("iam").get_user(UserName=name)["User"]["Arn"]
        return arn

    def _backend(self, key_id: str) -> Any:
        return iam_backends[self.id]["aws"].access_keys[key_id]

    # -- secrets -----------------------------------------------------------------------------------

    def secret_name(self, name: str = "alice") -> str:
        return f"iam-access-key/{name}"

    def secret_value(self, name: str = "alice", stage: str = "AWSCURRENT") -> dict[str, Any]:
        answer = self.client("secretsmanager").get_secret_value(
            SecretId=self.secret_name(name), VersionStage=stage
        )
        value: dict[str, Any] = json.loads(answer["SecretString"])
        return value

    def fetch(self, key: dict[str, str], name: str = "alice") -> dict[str, Any]:
        """The owner reads the secret with this key: so AWS shows a use of the key, too."""
        owner = SESSION.client(
            "secretsmanager",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
        answer = owner.get_secret_value(SecretId=self.secret_name(name))
        self.read_secret(name)
        value: dict[str, Any] = json.loads(answer["SecretString"])
        return value

    def read_secret(self, name: str = "alice") -> None:
        """As its owner does. A look by `secret_value` is a test's, and leaves no trace."""
        store = secretsmanager_backends[self.id][REGION].secrets
        secret: Any = store[self.secret_name(name)]
        secret.last_read = self.clock.now()

    def secret_tags(self, name: str = "alice") -> dict[str, str]:
        answer = self.client("secretsmanager").describe_secret(SecretId=self.secret_name(name))
        return {
            tag["Key"].removeprefix("access-key-rotation:"): tag["Value"]
            for tag in answer.get("Tags", [])
        }

    def untag_secret(self, record: str, name: str = "alice") -> None:
        """Somebody removes this record of ours."""
        self.client("secretsmanager").untag_resource(
            SecretId=self.secret_name(name), TagKeys=[f"access-key-rotation:{record}"]
        )

    # -- listeners ---------------------------------------------------------------------------------

    def subscribe(self, queue: str, **filters: str | list[str]) -> None:
        """A queue that gets the messages whose attributes match."""
        url = self.client("sqs").create_queue(QueueName=queue)["QueueUrl"]
        arn = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        policy = {k: v if isinstance(v, list) else [v] for k, v in filters.items()}
        self.client("sns").subscribe(
            TopicArn=self.topic_arn,
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
            Attributes={"FilterPolicy": json.dumps(policy)} if policy else {},
        )

    def unsubscribe(self, queue: str = "alice") -> None:
        sns = self.client("sns")
        for subscription in sns.list_subscriptions_by_topic(TopicArn=self.topic_arn)[
            "Subscriptions"
        ]:
            if subscription["Endpoint"].endswith(f":{queue}"):
                sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """What has come in since the last look, as programs get it; the subject is added."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        received = []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                envelope = json.loads(message["Body"])
                received.append(json.loads(envelope["Message"]) | {"subject": envelope["Subject"]})
        return received


@contextmanager
def an_account() -> Iterator[Account]:
    """A fresh account with a listening user `alice` and a listening operator."""
    with (
        time_machine.travel(INSTALLED, tick=False) as traveller,
        mock_aws(),
        mock.patch.object(Subscription, "private_key", return_value=_signing_key()),
    ):
        account = Account(Clock(traveller))
        account.subscribe("alice", user="alice", audience="user")
        account.subscribe("operators", audience="operator")
        traveller.move_to(START)
        try:
            yield account
        finally:
            account.stop_intercepting()
