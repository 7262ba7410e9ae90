"""key-fetch and answers of AWS that moto never gives; and no answer at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from key_fetch.failures import Exit
from key_fetch.key import Key
from key_fetch.main import main
from tests.aws.answering_server import AnsweringServer, answering_server
from tests.aws.owners_host import clean_environment, profile

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/build-agent-AbCdEf"
KEY = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
COMMANDS = {
    "pull": ["pull", "--secret-id", ARN, "--profile", "build-agent"],
    "process": ["process", "--secret-id", ARN, "--profile", "build-agent"],
    "env": ["env", "--secret-id", ARN, "--profile", "build-agent", "--", "true"],
}
commands = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture(autouse=True)
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    clean_environment(tmp_path, monkeypatch)
    path = tmp_path / ".aws" / "credentials"
    path.parent.mkdir()
    path.write_text(profile("build-agent", KEY))
    path.chmod(0o600)
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnsweringServer]:
    with answering_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


def test_a_pull_that_finds_nothing_new_is_one_call(
    server: AnsweringServer, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"AccessKeyId": KEY.id, "SecretAccessKey": KEY.secret}
    server.document = {"ARN": ARN, "SecretString": json.dumps(value)}

    assert main(COMMANDS["pull"]) == Exit.DONE

    assert server.asked == ["GetSecretValue"]
    assert "nothing new" in capsys.readouterr().out


@commands
@pytest.mark.parametrize(
    ("code", "message", "status", "ends", "said"),
    [
        ("UnrecognizedClientException", "no", 400, Exit.SIGN_IN, "the key is disabled, deleted"),
        ("ExpiredTokenException", "no", 400, Exit.SIGN_IN, "has expired"),
        ("AccessDeniedException", "not authorized", 400, Exit.ACCESS_DENIED, "not authorized"),
        (
            "InvalidSignatureException",
            "Signature expired: 20260601T120000Z is now earlier than 20260601T121500Z",
            *(400, Exit.SIGN_IN, "the clock of this host is wrong"),
        ),
        (
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
            *(400, Exit.NO_SECRET, "waits for its deletion"),
        ),
        ("InternalServiceError", "sorry", 500, Exit.UNREACHABLE, "does not answer now"),
        (
            "DecryptionFailure",
            "KMS",
            400,
            Exit.UNEXPECTED,
            "unexpected: DecryptionFailure: An error",
        ),
    ],
)
def test_each_answer_has_its_status(
    server: AnsweringServer,
    credentials: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    code: str,
    message: str,
    status: int,
    ends: Exit,
    said: str,
) -> None:
    server.refuse(code, message, status)

    assert main(COMMANDS[command]) == ends

    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert credentials.read_text() == profile("build-agent", KEY)


@commands
@pytest.mark.parametrize("status", [200, 403])
def test_a_page_of_a_proxy_is_no_answer(
    server: AnsweringServer,
    credentials: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    status: int,
) -> None:
    server.be_a_proxy("<html><body>Sign in</body></html>")
    server.status = status

    assert main(COMMANDS[command]) == Exit.UNREACHABLE

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "AWS cannot be reached: something else answered in its place" in printed.err
    assert credentials.read_text() == profile("build-agent", KEY)


@commands
def test_no_network(
    credentials: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    with answering_server() as gone:
        monkeypatch.setenv("AWS_ENDPOINT_URL", gone.url)

    assert main(COMMANDS[command]) == Exit.UNREACHABLE

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f'key-fetch: AWS cannot be reached: Could not connect to the endpoint URL: "{gone.url}/"\n'
    )
    assert credentials.read_text() == profile("build-agent", KEY)


@commands
def test_what_nobody_expected_is_one_line(
    server: AnsweringServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "no URL")

    assert main(COMMANDS[command]) == Exit.UNEXPECTED

    printed = capsys.readouterr()
    assert printed.err.startswith("key-fetch: unexpected: ValueError at line ")
    assert printed.err.count("\n") == 1
    assert server.asked == []
