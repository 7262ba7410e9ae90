"""The command line against the deployed function, as an operator would use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from key_rotation_cli.exits import Exit
from key_rotation_cli.main import main
from tests.stage.waiting import wait_until

from .conftest import VARIABLES
from .stage import Person, Stage

NAME = ("--name", VARIABLES["name"])


def test_emergency_is_the_functions_doing(
    stage: Stage, person: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    leaver = person(10)
    key = leaver.keys[0].id

    status = main(["emergency", leaver.name, key, "--reason", "in a public repo", *NAME])

    assert status == Exit.OK
    assert f"{key} is disabled" in capsys.readouterr().out
    new = stage.secret(leaver.name)["AccessKeyId"]
    assert leaver.statuses() == {key: "Inactive", new: "Active"}


def test_emergency_sent_twice_says_that_the_key_is_off(
    stage: Stage, person: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    leaver = person(10)
    command = ["emergency", leaver.name, leaver.keys[0].id, "--reason", "leaked", *NAME]

    assert [main(command), main(command)] == [Exit.OK, Exit.OK]
    assert "is inactive already" in capsys.readouterr().out
    assert len(leaver.statuses()) == 2


def test_rotate_replaces_a_young_key_once_a_day(
    stage: Stage, person: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    service = person(10, password=False)
    old = service.keys[0].id
    command = ["rotate", service.name, "it-erin", "--reason", "the supplier left", *NAME, "--yes"]

    assert main(command) == Exit.FINDINGS
    printed = capsys.readouterr()
    assert main(command) == Exit.FINDINGS
    again = capsys.readouterr()

    new = stage.secret(service.name)["AccessKeyId"]
    assert service.statuses() == {old: "Active", new: "Active"}
    assert f"{service.name} is rotated: new key {new} is in the secret" in printed.out
    assert "'it-erin' is not an IAM user of this account that carries the tag" in printed.err
    assert f"{service.name}: not rotated: the key in the secret is less than a day old" in again.out


def test_emergency_while_the_setting_dry_run_is_on_is_no_success(
    stage: Stage, person: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    leaver = person(10)
    key = leaver.keys[0].id
    with stage.setting("dry_run", "true"):
        status = main(["emergency", leaver.name, key, "--reason", "leaked", *NAME])

    assert status == Exit.FINDINGS
    assert f"{key} IS STILL ACTIVE" in capsys.readouterr().err
    assert leaver.statuses() == {key: "Active"}


def test_emergency_of_an_unknown_key_is_refused_by_the_function(
    person: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    leaver = person(10)

    status = main(["emergency", leaver.name, "AKIAIOSFODNN7EXAMPLE", "--reason", "x", *NAME])

    assert status == Exit.USAGE
    assert "has no access key AKIAIOSFODNN7EXAMPLE; nothing was done" in capsys.readouterr().err


def test_emergency_without_a_function(capsys: pytest.CaptureFixture[str], stage: Stage) -> None:
    assert stage
    status = main(["emergency", "alice", "AKIAIOSFODNN7EXAMPLE", "--reason", "x", "--name", "no"])

    assert status == Exit.USAGE
    assert "there is no function 'no'" in capsys.readouterr().err


def test_restored_key_stays_on_after_the_functions_next_run(
    stage: Stage, person: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    owner = person(95)
    old = owner.keys[0].id
    stage.run({"users": [owner.name]})
    assert owner.statuses()[old] == "Inactive"

    status = main(["restore", owner.name, *NAME])
    stage.run({"users": [owner.name]})

    assert status == Exit.OK, capsys.readouterr().err
    assert owner.statuses()[old] == "Active"


def test_history_knows_from_the_deployed_function_who_asked_and_why(
    stage: Stage, person: Callable[..., Person], capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines are Lambda's: its JSON format has the fields of the log's extras."""
    leaver = person(10)
    key = leaver.keys[0].id
    assert main(["emergency", leaver.name, key, "--reason", "in a public repo", *NAME]) == Exit.OK
    new = stage.secret(leaver.name)["AccessKeyId"]
    capsys.readouterr()

    def history() -> list[tuple[str, str, str, str]]:
        """Of this user: others had the name before. LocalStack puts the lines into the group when
        the invocation is over."""
        assert main(["history", "--json", "--user", leaver.name, *NAME]) == Exit.OK
        found = json.loads(capsys.readouterr().out)
        assert found["retention_days"] == 365
        assert found["runs"] > 0
        return [
            (one["action"], one["access_key_id"], one["reason"], one["by"])
            for one in found["changes"]
            if one["access_key_id"] in (key, new)
        ]

    caller = stage.account.sts().get_caller_identity()["Arn"]
    wait_until("the lines are in the log", lambda: len(history()) == 2)
    assert history() == [
        ("create", new, "emergency", caller),
        ("disable", key, "emergency", caller),
    ]
    assert main(["history", "--user", leaver.name, *NAME]) == Exit.OK
    assert "'in a public repo'" in capsys.readouterr().out


def test_status_plan_and_report(
    stage: Stage,
    person: Callable[..., Person],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    due = person(95)
    target = tmp_path / "report.html"

    assert main(["status", "--json", *NAME]) == Exit.OK
    users = {user["user"]: user for user in json.loads(capsys.readouterr().out)["users"]}
    assert main(["plan", "--json", *NAME]) == Exit.OK
    planned = json.loads(capsys.readouterr().out)
    assert main(["report", "--html", str(target), *NAME]) == Exit.OK

    assert users[due.name]["state"] == "due"
    assert [row["action"] for row in planned["users"] if row["user"] == due.name] == [
        "rotate",
        "announce",
        "disable",
    ]
    assert due.keys[0].id in target.read_text()


def test_every_managed_user_is_in_status_and_report_and_the_plan_is_done(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    managed = sorted(name for name, user in stage.outputs["iam_users"].items() if user["managed"])
    target = tmp_path / "report.html"

    assert main(["status", "--json", *NAME]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert main(["plan", *NAME]) == Exit.OK
    planned = capsys.readouterr().out
    assert main(["report", "--html", str(target), *NAME]) == Exit.OK

    assert [user["user"] for user in found["users"]] == managed
    assert f"nothing to do for {len(managed)} managed users" in planned
    page = target.read_text()
    assert [name for name in managed if name not in page] == []
