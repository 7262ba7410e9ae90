"""How commands end when there are no credentials, and when AWS does not accept them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.client
import pytest
from botocore.exceptions import ClientError

from key_rotation_cli.exits import Exit
from key_rotation_cli.main import main

COMMANDS = [
    ["status"],
    ["plan"],
    ["rotate", "alice", "--reason", "leaver"],
    ["emergency", "alice", "AKIAIOSFODNN7EXAMPLE", "--reason", "leaked"],
    ["emergency", "AKIAIOSFODNN7EXAMPLE", "--reason", "leaked"],
    ["restore", "alice"],
    ["usage", "alice"],
    ["report", "--html", "report.html"],
    ["adopt"],
    ["status", "--accounts", "map.json"],
    ["report", "--accounts", "map.json", "--html", "report.html"],
]
commands = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of whoever runs the test."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.json").write_text('{"accounts": {"shop": {"id": "444455556666"}}}')


@commands
def test_no_credentials(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--region", "eu-west-1"]) == Exit.USAGE
    assert "no credentials: give --profile, or sign in" in capsys.readouterr().err


@commands
@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException"])
def test_credentials_that_aws_does_not_accept(
    command: list[str],
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(_client: object, operation: str, _arguments: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", refuse)

    assert main([*command, "--region", "eu-west-1"]) == Exit.AWS
    assert code in capsys.readouterr().err


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("key-rotation ")
