"""What the steps share: the account, what was applied, and who has which key."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stage.terraform import Terraform

from .arrivals import Queue, Replaced
from .cloud import Cloud, Credentials

PATIENCE_SECONDS = 120.0  # for IAM to tell the rest of AWS of a new user or key
_PAUSE_SECONDS = 2.0


@dataclass
class User:
    """A user of the test, with the keys that it had first and that it has now."""

    name: str
    arn: str
    id: str
    first: Credentials
    new: Credentials | None = None

    @property
    def current(self) -> Credentials:
        """Raises LookupError before the secret was read."""
        if self.new is None:
            raise LookupError(f"nobody has read the secret of {self.name}")
        return self.new


@dataclass
class Scene:
    """One acceptance test, as far as it has come."""

    cloud: Cloud
    name: str
    terraform: Terraform
    tell: Callable[[str], None]
    variables: Mapping[str, str]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    arrived: list[Any] = field(default_factory=list)  # the events, as they came

    @property
    def emulated(self) -> bool:
        return self.cloud.emulator is not None

    @property
    def person(self) -> User:
        """Whose secret Terraform made, with options."""
        return self.users[0]

    @property
    def service(self) -> User:
        """Whose secret the function made."""
        return self.users[1]

    @property
    def module(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.outputs["key_rotation"]
        return found

    @property
    def replaced(self) -> list[Replaced]:
        return [Replaced(user.name, user.first.id, user.current.id) for user in self.users]

    def queue(self, output: str) -> Queue:
        return Queue(self.cloud.client("sqs"), self.outputs[output])

    def secret_id(self, user: User) -> str:
        return f"{self.module['secret_name_prefix']}{user.name}"

    def statuses(self, user: User) -> dict[str, str]:
        found = self.cloud.client("iam").list_access_keys(UserName=user.name)
        return {key["AccessKeyId"]: key["Status"] for key in found["AccessKeyMetadata"]}

    def secret_value(self, user: User, key: Credentials | None = None) -> dict[str, Any]:
        """What a reader of the user's secret gets: the holder of a key, or the caller."""
        client = self.cloud.client("secretsmanager", key)
        answer = client.get_secret_value(SecretId=self.secret_arn(user))
        value: dict[str, Any] = json.loads(answer["SecretString"])
        return value

    def secret_arn(self, user: User) -> str:
        """By its ARN, as the policy of an owner wants it."""
        found = self.cloud.client("secretsmanager").describe_secret(SecretId=self.secret_id(user))
        return str(found["ARN"])

    def invoke(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """One run of the function; its answer. That of a failed one is what Lambda says of it."""
        answer = self.cloud.client("lambda").invoke(
            FunctionName=self.module["function_name"], Payload=json.dumps(payload)
        )
        found: Mapping[str, Any] = json.loads(answer["Payload"].read())
        return found


def retried[T](
    attempt: Callable[[], T], is_good: Callable[[T], bool], seconds: float = PATIENCE_SECONDS
) -> tuple[T, float]:
    """The first good answer, or the last one when the time is up; and the seconds it took."""
    began = time.monotonic()
    while True:
        found = attempt()
        took = time.monotonic() - began
        if is_good(found) or took > seconds:
            return found, took
        time.sleep(_PAUSE_SECONDS)
