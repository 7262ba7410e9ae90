"""The functions of examples/delivery on the AWS wire, in moto: as Lambda starts them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

import to_gitlab
import to_parameter
from read_key import session_with_key
from rotated_key import UnusableKeyError
from tests.aws.account import ACCOUNT_ID, REGION
from tests.stage.gitlab import GitLab, gitlab

USER = "build-agent"
PARAMETER = "/build-agent/credentials"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/of-the-parameter"
TOKEN = "glpat-EXAMPLEEXAMPLEEXAMP"
PLACEHOLDER = {"Placeholder": "There is no access key here yet."}

Handler = Callable[[object, object], None]


@dataclass
class Account:
    """One with the user and the secrets, and a GitLab."""

    server: GitLab
    secret_arn: str
    token_arn: str

    def rotate(self, user: str = USER) -> tuple[str, str]:
        """What a rotation leaves in the secret of build-agent: a new key, of that user."""
        made = boto3.client("iam").create_access_key(UserName=user)["AccessKey"]
        key = made["AccessKeyId"], made["SecretAccessKey"]
        self.put({"Version": 1, "AccessKeyId": key[0], "SecretAccessKey": key[1]})
        return key

    def put(self, value: Any) -> None:
        boto3.client("secretsmanager").put_secret_value(
            SecretId=self.secret_arn, SecretString=json.dumps(value)
        )

    def parameter(self) -> dict[str, Any] | None:
        ssm = boto3.client("ssm")
        try:
            answer = ssm.get_parameter(Name=PARAMETER, WithDecryption=True)
        except ssm.exceptions.ParameterNotFound:
            return None
        return dict(answer["Parameter"])

    def variable(self) -> dict[str, Any] | None:
        return self.server.variable("platform/shop", "AWS_SHARED_CREDENTIALS_FILE")

    def delivered(self, handler: Handler) -> str | None:
        """What programs get of that handler; None while there is nothing."""
        if handler is to_parameter.handler:
            found, field = self.parameter(), "Value"
        else:
            found, field = self.variable(), "value"
        return str(found[field]) if found else None


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with mock_aws(), gitlab() as server:
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # an earlier test's
        for name in (USER, "mallory"):
            boto3.client("iam").create_user(UserName=name)
        secrets = boto3.client("secretsmanager")
        secret = secrets.create_secret(Name=f"iam-access-key/{USER}", SecretString="{}")["ARN"]
        token = secrets.create_secret(Name="gitlab-token", SecretString=f"{TOKEN}\n")["ARN"]
        server.tokens[TOKEN] = "maintainer"
        server.projects["platform/shop"] = []
        for variable, value in {
            "USER_NAME": USER,
            "SECRET_ARN": secret,
            "PARAMETER_NAME": PARAMETER,
            "PARAMETER_KEY_ARN": KEY_ARN,
            "GITLAB_URL": server.url,
            "GITLAB_PROJECT": "platform/shop",
            "TOKEN_SECRET_ARN": token,
            "VARIABLE": "AWS_SHARED_CREDENTIALS_FILE",
            "ENVIRONMENT_SCOPE": "*",
            "PROTECTED": "true",
        }.items():
            monkeypatch.setenv(variable, value)
        yield Account(server, secret, token)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


HANDLERS = [
    pytest.param(to_parameter.handler, id="to_parameter"),
    pytest.param(to_gitlab.handler, id="to_gitlab"),
]


@pytest.mark.parametrize("handler", HANDLERS)
def test_the_key_of_the_secret_is_delivered_and_then_the_next_one(
    account: Account, handler: Handler
) -> None:
    for _ in range(2):
        key_id, secret = account.rotate()

        handler({}, None)

        file = account.delivered(handler)
        assert file is not None
        assert file.splitlines() == [
            "[default]",
            f"aws_access_key_id = {key_id}",
            f"aws_secret_access_key = {secret}",
        ]


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_event_names_nothing_that_is_used(account: Account, handler: Handler) -> None:
    key_id, _ = account.rotate()
    theirs = boto3.client("iam").create_access_key(UserName="mallory")["AccessKey"]
    forged = boto3.client("secretsmanager").create_secret(
        Name="iam-access-key/mallory", SecretString=json.dumps(theirs, default=str)
    )["ARN"]
    detail = {
        "user": {"name": "mallory"},
        "secret_arn": forged,
        "access_key_id": theirs["AccessKeyId"],
    }

    handler({"source": "iam-access-key-rotation", "detail": detail}, None)

    file = account.delivered(handler)
    assert file is not None
    assert key_id in file
    assert theirs["SecretAccessKey"] not in file


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("event", [None, {"detail": 7}])
def test_no_event_is_too_odd(account: Account, handler: Handler, event: object) -> None:
    account.rotate()

    handler(event, None)

    assert account.delivered(handler) is not None


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_placeholder_is_not_delivered(
    account: Account, handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    account.put(PLACEHOLDER)

    handler({}, None)

    assert account.delivered(handler) is None
    assert account.server.requests == []
    assert "was not rotated yet: nothing is written" in caplog.text


@pytest.mark.parametrize("handler", HANDLERS)
def test_the_key_of_somebody_else_is_not_delivered(account: Account, handler: Handler) -> None:
    account.rotate()
    handler({}, None)
    before = account.delivered(handler)
    account.rotate("mallory")

    with pytest.raises(UnusableKeyError, match="user/mallory, and not to the user build-agent"):
        handler({}, None)

    assert account.delivered(handler) == before


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_secret_that_cannot_be_read_is_an_error(account: Account, handler: Handler) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=account.secret_arn)

    with pytest.raises(ClientError):
        handler({}, None)

    assert account.delivered(handler) is None


@pytest.mark.parametrize("handler", HANDLERS)
def test_the_log_says_which_key_and_no_secret(
    account: Account, handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    key_id, secret = account.rotate()

    handler({}, None)
    handler({}, None)

    assert key_id in caplog.text
    assert secret not in caplog.text
    assert TOKEN not in caplog.text


def test_the_parameter_is_encrypted_with_the_key_that_was_given(account: Account) -> None:
    account.rotate()

    to_parameter.handler({}, None)

    [about] = boto3.client("ssm").describe_parameters()["Parameters"]
    assert (about["Name"], about["Type"], about["KeyId"]) == (PARAMETER, "SecureString", KEY_ARN)


def test_the_same_key_again_makes_no_new_version(account: Account) -> None:
    account.rotate()
    to_parameter.handler({}, None)
    before = account.parameter()

    to_parameter.handler({}, None)

    assert account.parameter() == before
    account.rotate()
    to_parameter.handler({}, None)
    after = account.parameter()
    assert before is not None
    assert after is not None
    assert after["Version"] == before["Version"] + 1


@pytest.mark.parametrize("token", ["", "glpat two words", "glpat\nPRIVATE-TOKEN: x", "glpät"])
def test_what_is_no_token_is_refused_and_not_repeated(account: Account, token: str) -> None:
    account.rotate()
    boto3.client("secretsmanager").put_secret_value(
        SecretId=account.token_arn, SecretString=f"{token} "
    )

    with pytest.raises(to_gitlab.GitLabError, match="must hold the token") as refused:
        to_gitlab.handler({}, None)

    assert account.token_arn in str(refused.value)
    assert not token or token not in str(refused.value)
    assert account.server.requests == []


def test_a_gitlab_that_fails_is_an_error_for_lambda_to_repeat(account: Account) -> None:
    account.rotate()
    account.server.broken = 503

    with pytest.raises(to_gitlab.GitLabError, match="answers 503"):
        to_gitlab.handler({}, None)

    account.server.broken = None
    to_gitlab.handler({}, None)
    assert account.variable() is not None


def test_a_program_works_with_the_key_that_the_reference_gives(account: Account) -> None:
    key_id, _ = account.rotate()
    name = f"/aws/reference/secretsmanager/iam-access-key/{USER}"

    session = session_with_key(name)

    credentials = session.get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.token) == (key_id, None)
    assert session.client("sts").get_caller_identity()["Arn"].endswith(f":user/{USER}")


def test_a_program_says_so_if_the_reference_gives_a_placeholder(account: Account) -> None:
    account.put(PLACEHOLDER)

    with pytest.raises(SystemExit, match="was not rotated yet"):
        session_with_key(f"/aws/reference/secretsmanager/iam-access-key/{USER}")


def test_the_variable_is_as_terraform_was_asked_for(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROTECTED", "false")
    monkeypatch.setenv("ENVIRONMENT_SCOPE", "production")
    monkeypatch.setenv("VARIABLE", "KEY_OF_BUILD_AGENT")
    account.rotate()

    to_gitlab.handler({}, None)

    assert {
        (variable["key"], variable["environment_scope"], variable["protected"])
        for variable in account.server.projects["platform/shop"]
    } == {
        ("KEY_OF_BUILD_AGENT", "production", False),
        ("KEY_OF_BUILD_AGENT_MASK", "production", False),
    }
