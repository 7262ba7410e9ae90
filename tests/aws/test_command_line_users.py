"""The command line on the AWS wire (moto): which users it shows, and what holds the runs back."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from key_rotation_cli.exits import Exit
from tests.aws.account import RULE, Account
from tests.aws.command_line import CommandLine
from tests.aws.test_command_line import calls, refused

# -- what holds the runs back ----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["status", "plan"])
def test_no_run_comes_while_the_schedule_is_off(
    account: Account, key_rotation: CommandLine, command: str
) -> None:
    account.add_user("alice", 95)
    rule = "the schedule (EventBridge rule 'key-rotation')"

    assert key_rotation(command).err == ""
    account.client("events").disable_rule(Name=RULE)
    off = key_rotation(command)
    state = json.loads(key_rotation("status", "--json").out)["schedule"]
    account.client("events").delete_rule(Name=RULE)
    gone = key_rotation(command)

    until = "no run starts by itself until schedule_enabled is true"
    assert off.err.splitlines()[0] == f"{rule} is off: {until}"
    assert gone.err.splitlines()[0].startswith(f"{rule} does not exist in this region")
    assert off.status == gone.status == Exit.OK
    assert (off.out, state) == (gone.out, "off")


@pytest.mark.parametrize("command", ["status", "plan"])
def test_whoever_may_not_look_at_the_schedule_sees_the_rest(
    account: Account, key_rotation: CommandLine, command: str
) -> None:
    account.add_user("alice", 95)

    with refused("DescribeRule"):
        outcome = key_rotation(command)

    assert outcome.status == Exit.OK
    assert "alice" in outcome.out
    assert "(EventBridge rule 'key-rotation') is on is unknown: " in outcome.err
    assert "AccessDenied" in outcome.err


def test_whose_rotation_the_limit_puts_off(account: Account, key_rotation: CommandLine) -> None:
    """As the function does it: status, plan and the run agree."""
    for number, name in enumerate(("carol", "alice", "dave", "bob")):
        account.add_user(name, 95 + number)
    account.add_user("erin", 10)
    account.set_parameter("max_rotations_per_run", "1")
    said = (
        "max_rotations_per_run is 1: 3 of 4 rotations that are due wait for a later run, the "
        "oldest keys first: dave, alice, carol"
    )

    status, plan = key_rotation("status"), key_rotation("plan")

    assert status.err.splitlines() == plan.err.splitlines() == [said]
    when = {row[0]: row[-2:] for row in status.columns()}
    assert when["bob"] == ["next", "run"]
    assert when["dave"] == when["alice"] == when["carol"] == ["later", "run"]
    document = json.loads(key_rotation("status", "--json").out)
    assert document["put_off_by_rotation_limit"] == ["dave", "alice", "carol"]
    assert [row[:2] for row in plan.columns()] == [
        ["bob", "rotate"],
        ["bob", "announce"],
        ["bob", "disable"],
        ["dave", "defer"],
        ["alice", "defer"],
        ["carol", "defer"],
    ]
    rows = account.run()["users"]
    assert [r["user"] for r in rows if r["action"] == "defer"] == ["dave", "alice", "carol"]
    assert [r["user"] for r in rows if r["action"] == "rotate"] == ["bob"]


def test_the_report_says_what_holds_the_runs_back(
    account: Account, key_rotation: CommandLine, tmp_path: Path
) -> None:
    account.add_user("alice", 95)
    account.add_user("bob", 99)
    account.set_parameter("max_rotations_per_run", "1")
    account.set_parameter("dry_run", "true")
    account.client("events").disable_rule(Name=RULE)
    target = tmp_path / "report.html"

    outcome = key_rotation("report", "--html", str(target))

    for said in ("dry_run is true", "max_rotations_per_run is 1: 1 of 2", "is off: no run starts"):
        assert said in outcome.err
        assert said in " ".join(target.read_text().split())


# -- which users -----------------------------------------------------------------------------------


def test_users_by_name_are_read_and_no_others(account: Account, key_rotation: CommandLine) -> None:
    [key] = account.add_user("alice", 10)
    for name in ("bob", "carol"):
        account.add_user(name, 95)

    with calls() as made:
        outcome = key_rotation("status", "--user", "alice", "--user", "bob", "--check")

    assert made.count("ListAccessKeys") == 2
    assert [row[0] for row in outcome.columns()] == ["bob", "alice"]
    assert key in outcome.out
    assert outcome.lines[-1].startswith("2 of 3 managed users, of 3 IAM users, 2 active keys")
    assert outcome.status == Exit.FINDINGS
    assert "carol" not in outcome.err
    document = json.loads(key_rotation("status", "--user", "bob", "--json").out)
    assert [user["user"] for user in document["users"]] == ["bob"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "'nobody' is not an IAM user of this account that carries the tag"),
        ("zoe", "'zoe' is not an IAM user of this account that carries the tag"),
        ("Alice", "access-key-rotation = enabled (but 'alice' is)"),
        ("bob", "'bob' is out of the function's reach, by the setting never_user_arns"),
    ],
)
def test_a_name_that_is_no_managed_users(
    account: Account, key_rotation: CommandLine, name: str, said: str
) -> None:
    for user in ("alice", "bob"):
        account.add_user(user, 10)
    account.add_user("zoe", 10, managed=None)
    account.set_parameter("never_user_arns", json.dumps([account.arn("bob")]))

    outcome = key_rotation("status", "--user", name)

    assert (outcome.status, outcome.out) == (Exit.USAGE, "")
    assert said in outcome.err


def test_users_by_state(account: Account, key_rotation: CommandLine) -> None:
    account.add_user("alice", 10)
    account.add_user("bob", 95)
    for key in account.add_user("carol", 90.5, 10):
        account.use(key)

    due = key_rotation("status", "--state", "due")
    both = key_rotation("status", "--state", "due,blocked")
    repeated = key_rotation("status", "--state", "due", "--state", "blocked")
    rows = csv.DictReader(io.StringIO(key_rotation("status", "--state", "due", "--csv").out))

    assert [row[0] for row in due.columns()] == ["bob"]
    assert both.out == repeated.out
    assert both.columns()[0][0] == "carol"
    assert [row["user"] for row in rows] == ["bob"]
