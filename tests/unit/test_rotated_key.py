"""The key that a recipe's function takes from the secret, and the ones that it does not take."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from rotated_key import RotatedKey, UnusableKeyError, current_key

ROOT = Path(__file__).resolve().parents[2]
SECRET_ARN = (
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/build-agent-AbCdEf"
)
KEY = RotatedKey("AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")
VALUE = {"Version": 1, "AccessKeyId": KEY.id, "SecretAccessKey": KEY.secret}
OWNER = {
    "UserId": "AIDACKCEVSQ6C2EXAMPLE",
    "Account": "123456789012",
    "Arn": "arn:aws:iam::123456789012:user/build-agent",
}
SESSION = boto3.session.Session("testing", "testing", region_name="eu-west-1")

Ask = Callable[..., RotatedKey | None]


@pytest.fixture
def ask() -> Ask:
    """Asks for the key of build-agent, whose secret holds a value, as STS answers."""

    def ask(
        value: object, identity: dict[str, str] | None = None, refused: str | None = None
    ) -> RotatedKey | None:
        secrets, sts = SESSION.client("secretsmanager"), SESSION.client("sts")
        tried: list[tuple[str, str]] = []

        def sts_for(key_id: str, secret: str) -> Any:
            tried.append((key_id, secret))
            return sts

        text = value if isinstance(value, str) else json.dumps(value)
        with Stubber(secrets) as stubbed, Stubber(sts) as sts_stub:
            answer = {"SecretString": text} if text else {"SecretBinary": b"x"}
            stubbed.add_response("get_secret_value", answer, {"SecretId": SECRET_ARN})
            if refused:
                sts_stub.add_client_error("get_caller_identity", refused, f"{text} is wrong")
            elif identity:
                sts_stub.add_response("get_caller_identity", identity)
            try:
                return current_key(secrets, sts_for, SECRET_ARN, "build-agent")
            finally:
                sts_stub.assert_no_pending_responses()
                assert tried == ([(KEY.id, KEY.secret)] if identity or refused else [])

    return ask


@pytest.mark.parametrize(
    "value", [VALUE, {**VALUE, "Smtp": {"eu-west-1": {"UserName": "x", "Password": "y"}}}]
)
def test_a_key_that_sts_accepts_as_the_users_is_taken(ask: Ask, value: object) -> None:
    assert ask(value, OWNER) == KEY


def test_a_user_under_a_path_is_the_user(ask: Ask) -> None:
    arn = "arn:aws:iam::123456789012:user/services/ci/build-agent"

    assert ask(VALUE, {**OWNER, "Arn": arn}) == KEY


@pytest.mark.parametrize("value", [{"Placeholder": "There is no access key here yet."}, {}])
def test_a_placeholder_is_no_key_and_no_error(ask: Ask, value: object) -> None:
    assert ask(value) is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(f"{KEY.id}:{KEY.secret}", id="no JSON"),
        pytest.param([KEY.id, KEY.secret], id="no object"),
        pytest.param("", id="no text at all, but bytes"),
        pytest.param({"AccessKeyId": KEY.id}, id="half of a key"),
        pytest.param({**VALUE, "SecretAccessKey": None}, id="no text"),
        pytest.param({**VALUE, "AccessKeyId": f"{KEY.id}\n[profile x]"}, id="two lines in the id"),
        pytest.param(
            {**VALUE, "SecretAccessKey": f"{KEY.secret}\ncredential_process = sh"}, id="a command"
        ),
    ],
)
def test_a_value_that_somebody_changed_is_refused_and_not_repeated(ask: Ask, value: object) -> None:
    with pytest.raises(UnusableKeyError, match="somebody changed its value") as refused:
        ask(value)

    assert SECRET_ARN in str(refused.value)
    assert KEY.secret not in "".join(traceback_of(refused.value))


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_a_key_that_sts_refuses_yet_is_tried_again_later(ask: Ask, code: str) -> None:
    with pytest.raises(UnusableKeyError, match=f"STS refuses {KEY.id}.*: {code}") as refused:
        ask(VALUE, refused=code)

    assert KEY.secret not in "".join(traceback_of(refused.value))


@pytest.mark.parametrize(
    "identity",
    [
        {**OWNER, "Arn": "arn:aws:iam::123456789012:user/mallory"},
        {**OWNER, "Arn": "arn:aws:iam::123456789012:user/build-agent/mallory"},
        {**OWNER, "Arn": "arn:aws:iam::123456789012:root"},
        {**OWNER, "Arn": "arn:aws:sts::123456789012:assumed-role/admin/build-agent"},
        {**OWNER, "Account": "444455556666", "Arn": "arn:aws:iam::444455556666:user/build-agent"},
    ],
    ids=lambda identity: identity["Arn"],
)
def test_the_key_of_somebody_else_is_refused(ask: Ask, identity: dict[str, str]) -> None:
    with pytest.raises(UnusableKeyError, match="and not to the user build-agent") as refused:
        ask(VALUE, identity)

    assert identity["Arn"] in str(refused.value)
    assert KEY.secret not in str(refused.value)


def test_the_credentials_file_is_one_that_the_sdks_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    file.write_text(KEY.credentials_file())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    found = boto3.session.Session().get_credentials()

    assert found is not None
    assert (found.access_key, found.secret_key, found.token) == (KEY.id, KEY.secret, None)


def test_a_key_shows_no_secret() -> None:
    assert KEY.id in repr(KEY)
    assert KEY.secret not in repr(KEY)


def traceback_of(error: BaseException) -> list[str]:
    """What Lambda prints of it."""
    return traceback.format_exception(error)
