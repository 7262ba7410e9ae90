"""docs/cli.md says what is so: samples, permissions, exit statuses, options."""

from __future__ import annotations

import json
import re

import pytest
from scripts.docs import ROOT

from key_rotation_cli import adopt, emergency, plan, restore, rotate, status
from key_rotation_cli.accounts.status_table import show as show_accounts
from key_rotation_cli.connection import ASSUMPTION
from key_rotation_cli.exits import Exit
from key_rotation_cli.history import answer as history_answer
from key_rotation_cli.history import command as history
from key_rotation_cli.main import main
from key_rotation_cli.report import command as report
from key_rotation_cli.screen import Screen
from key_rotation_cli.status_document import as_document
from key_rotation_cli.status_table import show
from key_rotation_cli.usage import answer
from key_rotation_cli.usage import command as usage
from tests.unit.accounts_sample import gathered
from tests.unit.history_sample import history_sample
from tests.unit.sample import excerpt, nobodys
from tests.unit.usage_sample import usage_sample

DOCUMENT = (ROOT / "docs" / "cli.md").read_text()


def section(heading: str) -> str:
    return DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def block(heading: str, language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", section(heading), re.MULTILINE | re.DOTALL)
    return str(found)


def rows(heading: str) -> list[list[str]]:
    """The cells of the rows of the table below a heading."""
    lines = [line.strip("| ") for line in section(heading).splitlines() if line.startswith("|")]
    return [line.split(" | ") for line in lines[2:]]


def test_sample_of_status(capsys: pytest.CaptureFixture[str]) -> None:
    show(excerpt(), Screen())

    assert capsys.readouterr().out == block("status", "text")


def test_sample_of_all_accounts(capsys: pytest.CaptureFixture[str]) -> None:
    show_accounts(gathered(), Screen())

    assert capsys.readouterr().out == block("All accounts", "text")


def test_sample_of_a_user() -> None:
    users = as_document(excerpt(), nobodys(excerpt()))["users"]

    assert json.loads(block("status", "json")) in users


def test_sample_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    answer.show(usage_sample(), Screen())

    assert capsys.readouterr().out == block("usage", "text")


def test_sample_of_the_use_of_a_key() -> None:
    [key] = answer.as_document(usage_sample())["keys"]

    assert json.loads(block("usage", "json")) == key | {"uses": key["uses"][1:]}


def test_sample_of_history(capsys: pytest.CaptureFixture[str]) -> None:
    history_answer.show(history_sample(), Screen())

    assert capsys.readouterr().out == block("history", "text")


def test_sample_of_the_history_of_a_key() -> None:
    document = history_answer.as_document(history_sample(), "access-key-rotation", "eu-west-1")

    assert json.loads(block("history", "json")) == document["changes"][3]


def test_sample_of_import_blocks() -> None:
    blocks = [
        adopt.import_block(address, id_)
        for address, id_ in (
            ("module.key_rotation.aws_kms_key.this[0]", "1234abcd-12ab-34cd-56ef-1234567890ab"),
            (
                'module.key_rotation.aws_secretsmanager_secret.user["alice"]',
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/alice-AbCdEf",
            ),
        )
    ]

    assert "".join(blocks) == block("adopt", "text")


def test_permissions_are_the_calls_that_are_declared() -> None:
    allowed = {
        command: set(re.findall(r"`(\w+:\w+)`", actions))
        for commands, actions in rows("What you may need to be allowed")
        for command in re.findall(r"`(\w+)`", commands)
    }
    for command in ("report", "restore"):
        allowed[command] |= allowed["status"]

    assert allowed == {
        "status": status.CALLS,
        "plan": plan.CALLS,
        "report": report.CALLS,
        "rotate": rotate.CALLS,
        "emergency": emergency.CALLS,
        "restore": restore.CALLS,
        "usage": usage.CALLS,
        "history": history.CALLS,
        "adopt": adopt.CALLS,
    }


def test_permissions_to_enter_other_accounts_are_declared() -> None:
    [actions] = [row[1] for row in rows("What you may need to be allowed") if "--acc" in row[0]]

    assert set(re.findall(r"`(\w+:\w+)`", actions)) == ASSUMPTION


def test_exit_statuses() -> None:
    assert [int(row[0]) for row in rows("How it ends")] == [code.value for code in Exit]


COMMANDS = [
    *("status", "plan", "rotate", "emergency", "restore", "usage", "history", "report", "adopt")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_options_are_those_of_the_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    notified = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}

    assert {option for option in notified if option not in DOCUMENT} == set()
