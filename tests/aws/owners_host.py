"""The host of a service in moto's AWS, where IAM checks signatures and policies.

`key-fetch` runs there as its owner types it. moto's environment has keys of its own that no user
of IAM has: whatever a shell has set must not win over a profile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from moto import mock_aws
from moto.iam.models import iam_backends

from key_fetch.key import Key
from key_fetch.main import main
from tests.aws.account import ACCOUNT_ID, REGION
from tests.aws.command_line import Outcome
from tests.aws.iam_checks import iam_checks

USER = "build-agent"
SECRET_NAME = f"iam-access-key/{USER}"
_CREDENTIALS = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "SECURITY_TOKEN")
_CHOICES = ("PROFILE", "DEFAULT_PROFILE", "REGION", "DEFAULT_REGION", "ENDPOINT_URL")


def profile(name: str, key: Key) -> str:
    text = f"[{name}]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
    return text if key.token is None else f"{text}aws_session_token = {key.token}\n"


@dataclass
class Clock:
    """Seconds that pass when somebody sleeps; `events` happen at theirs."""

    now: float = 0.0
    events: dict[float, Any] = field(default_factory=dict)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for due in [due for due in self.events if due <= self.now]:
            self.events.pop(due)()


@dataclass
class OwnersHost:
    """A home folder with a profile of the user's `old` key; the secret holds the `new` one."""

    home: Path
    captured: pytest.CaptureFixture[str]
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.secrets = _anybody("secretsmanager")
        self.iam = _anybody("iam")
        self.add_user(USER)
        self.old, self.new = self.add_key(), self.add_key()
        arn: str = self.secrets.create_secret(Name=SECRET_NAME)["ARN"]
        self.secret_arn = arn
        self.put(self.new)
        self.credentials.parent.mkdir()
        self.write(profile(USER, self.old))

    @property
    def credentials(self) -> Path:
        return self.home / ".aws" / "credentials"

    @property
    def config(self) -> Path:
        return self.home / ".aws" / "config"

    @property
    def text(self) -> str:
        return self.credentials.read_text()

    def write(self, text: str) -> None:
        self.credentials.write_text(text)
        self.credentials.chmod(0o600)

    # -- the account -------------------------------------------------------------------------------

    def add_user(self, name: str, *actions: str) -> None:
        """With a policy that allows these actions; by default, to read secrets."""
        self.iam.create_user(UserName=name)
        statement = {
            "Effect": "Allow",
            "Action": list(actions or ("secretsmanager:GetSecretValue",)),
            "Resource": "*",
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.iam.put_user_policy(UserName=name, PolicyName="its", PolicyDocument=json.dumps(policy))

    def add_key(self, name: str = USER) -> Key:
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"])

    def delete(self, key: Key, name: str = USER) -> None:
        self.iam.delete_access_key(UserName=name, AccessKeyId=key.id)

    def hide(self, key: Key) -> Any:
        """IAM does not know the key yet; the function returned makes it known."""
        user = iam_backends[ACCOUNT_ID]["aws"].users[USER]
        [found] = [one for one in user.access_keys if one.access_key_id == key.id]
        user.access_keys.remove(found)
        return lambda: user.access_keys.append(found)

    def put(self, value: Key | dict[str, Any] | str) -> None:
        """Into the secret, as the rotation does."""
        if isinstance(value, Key):
            value = {
                "Version": 1,
                "AccessKeyId": value.id,
                "SecretAccessKey": value.secret,
                "UserName": USER,
                "AccountId": ACCOUNT_ID,
                "CreateDate": "2026-06-01T12:00:00Z",
            }
        text = value if isinstance(value, str) else json.dumps(value)
        self.secrets.put_secret_value(SecretId=SECRET_NAME, SecretString=text)

    # -- the command -------------------------------------------------------------------------------

    def __call__(self, *arguments: str, secret_id: str | None = None) -> Outcome:
        """Runs key-fetch; IAM checks what it sends."""
        self.captured.readouterr()
        command, *rest = arguments
        with iam_checks():
            status = main(
                [command, "--secret-id", secret_id or self.secret_arn, *rest],
                clock=self.clock,
                sleep=self.clock.sleep,
            )
        printed = self.captured.readouterr()
        return Outcome(status, printed.out, printed.err)

    def pull(self, *arguments: str, secret_id: str | None = None) -> Outcome:
        return self("pull", "--profile", USER, *arguments, secret_id=secret_id)


def _anybody(service: str) -> Any:
    """A client of the tests' own, which nobody checks."""
    return Session().create_client(
        service, REGION, aws_access_key_id="testing", aws_secret_access_key="testing"
    )


def clean_environment(home: Path, patch: pytest.MonkeyPatch) -> None:
    """Of whoever runs the test, there are no credentials and no region."""
    for name in (*_CREDENTIALS, *_CHOICES, "SHARED_CREDENTIALS_FILE", "CONFIG_FILE"):
        patch.delenv(f"AWS_{name}", raising=False)
    patch.setenv("HOME", str(home))
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@contextmanager
def an_owners_host(
    home: Path, captured: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
) -> Iterator[OwnersHost]:
    clean_environment(home, patch)
    with mock_aws():
        yield OwnersHost(home, captured)
