"""A page of a proxy, or of a network that wants a sign-in, in place of each answer of AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from key_rotation_cli.connection import INVOCATION, Connection, session
from key_rotation_cli.exits import DeclinedError, Exit
from key_rotation_cli.invocation import invoke
from key_rotation_cli.main import main
from tests.aws.answering_server import AnsweringServer, answering_server
from tests.unit.test_cli_exits import COMMANDS

WELL_FORMED = "<html><body>Sign in</body></html>"
NOT_XML = "<html><meta charset=utf-8><body>Sign in<br></body></html>"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AnsweringServer]:
    """In place of every service."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.json").write_text('{"accounts": {"shop": {"id": "444455556666"}}}')
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with answering_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
@pytest.mark.parametrize("page", [WELL_FORMED, NOT_XML], ids=["XML", "not XML"])
@pytest.mark.parametrize("status", [200, 403])
def test_a_page_is_no_answer(
    proxy: AnsweringServer,
    command: list[str],
    page: str,
    status: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    proxy.be_a_proxy(page)
    proxy.status = status
    yes = ["--yes"] if command[0] in ("rotate", "emergency") else []

    assert main([*command, *yes, "--region", "eu-west-1"]) == Exit.AWS
    assert "a web page came back in place of an answer to" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["usage", "alice"], ["status", "--accounts", "map.json"]])
def test_what_cannot_be_parsed_is_no_answer_either(
    proxy: AnsweringServer, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    proxy.be_a_proxy(NOT_XML + "x" * 10_000, "application/octet-stream")

    assert main([*command, "--region", "eu-west-1"]) == Exit.AWS
    said = capsys.readouterr().err
    assert "Unable to parse response" in said
    assert len(said) < 600


@pytest.mark.parametrize("content_type", ["text/html", "text/plain"])
def test_an_invocation_that_a_page_answered_may_have_happened(
    proxy: AnsweringServer, content_type: str
) -> None:
    proxy.be_a_proxy(NOT_XML, content_type)
    client = Connection(session(None, "eu-west-1"), INVOCATION).client("lambda")

    with pytest.raises(DeclinedError, match=r"nobody knows$") as declined:
        invoke(client, "key-rotation", {}, "nobody knows")

    assert declined.value.status == Exit.AWS
