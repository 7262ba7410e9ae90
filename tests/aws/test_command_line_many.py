"""The command line where there are many users: read in bulk, on the AWS wire (moto)."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from key_rotation_cli.account import FEW_USERS
from key_rotation_cli.exits import Exit
from tests.aws.account import Account
from tests.aws.command_line import CommandLine
from tests.aws.test_command_line import calls, refused

SETTLED = FEW_USERS + 1
PER_USER = {"ListAccessKeys", "DescribeSecret", "GetLoginProfile", "GetAccessKeyLastUsed"}


@pytest.fixture
def crowd(account: Account) -> Account:
    """More users than are read one by one, all of them settled."""
    for number in range(SETTLED):
        account.add_user(f"user-{number:03d}", 10 + number % 60)
    return account


def looking(tmp_path: Path) -> list[tuple[str, ...]]:
    return [
        ("status",),
        ("status", "--check"),
        ("plan",),
        ("report", "--html", str(tmp_path / "report.html")),
    ]


def test_settled_users_cost_no_call(
    crowd: Account, key_rotation: CommandLine, tmp_path: Path
) -> None:
    for command in looking(tmp_path):
        with calls() as made:
            assert key_rotation(*command).status == Exit.OK
        assert not PER_USER & set(made), command
        assert made.index("GenerateCredentialReport") < made.index("GetAccountAuthorizationDetails")


def test_users_who_may_need_attention_are_read(
    crowd: Account, key_rotation: CommandLine, tmp_path: Path
) -> None:
    [old] = crowd.add_user("bob", 95)
    for command in looking(tmp_path):
        with calls() as made:
            outcome = key_rotation(*command)
        assert made.count("ListAccessKeys") == 1, command
        is_file = command[0] == "report"
        assert old in ((tmp_path / "report.html").read_text() if is_file else outcome.out)


def test_a_settled_users_row_says_that_it_is_the_reports(
    crowd: Account, key_rotation: CommandLine
) -> None:
    [old] = crowd.add_user("bob", 95)

    users = {u["user"]: u for u in json.loads(key_rotation("status", "--json").out)["users"]}
    rows = csv.DictReader(io.StringIO(key_rotation("status", "--csv").out))

    assert len(users) == SETTLED + 1
    assert users["bob"]["from_report"] is False
    assert users["user-007"]["from_report"] is True
    [key] = users["user-007"]["keys"]
    assert (key["access_key_id"], key["status"], key["age_days"]) == (None, "Active", 17)
    assert key["next"] == {"action": "warn", "at": "2026-08-06T12:00:00Z"}
    by_user = {row["user"]: row for row in rows}
    assert by_user["bob"]["access_key_id"] == old
    assert (by_user["user-007"]["access_key_id"], by_user["user-007"]["from_report"]) == (
        "",
        "true",
    )


def test_a_table_begins_with_who_needs_attention_and_counts_the_others(
    crowd: Account, key_rotation: CommandLine
) -> None:
    crowd.add_user("zoe", 95)

    shown = key_rotation("status")
    everybody = key_rotation("status", "--all")
    ok = key_rotation("status", "--state", "ok")

    assert [line.split()[0] for line in shown.lines[1:2]] == ["zoe"]
    assert shown.lines[2] == f"not shown: {SETTLED} users, {SETTLED} ok (--all, --state, --user)"
    assert shown.lines[3].startswith(f"{SETTLED} settled users not read one by one: their keys are")
    assert shown.lines[4].startswith(f"{SETTLED + 1} managed of {SETTLED + 1} IAM users")
    assert everybody.lines[1].split()[0] == "zoe"
    assert everybody.lines[2].split() == [
        *("user-000", "not", "read", "10+", "d", "Active", "ok", "warn", "2026-08-13")
    ]
    assert len(everybody.lines) == len(ok.lines) + 1 == SETTLED + 4
    assert "not shown" not in everybody.out + ok.out


def test_a_named_user_is_read_in_full(crowd: Account, key_rotation: CommandLine) -> None:
    [key] = crowd.client("iam").list_access_keys(UserName="user-007")["AccessKeyMetadata"]
    with calls() as made:
        outcome = key_rotation("status", "--user", "user-007")

    assert made.count("ListAccessKeys") == 1
    assert key["AccessKeyId"] in outcome.out


def test_exact_reads_everybody(crowd: Account, key_rotation: CommandLine, tmp_path: Path) -> None:
    for command in (("status",), ("report", "--html", str(tmp_path / "report.html"))):
        with calls() as made:
            outcome = key_rotation(*command, "--exact")
        assert made.count("ListAccessKeys") == SETTLED
        assert "not read" not in outcome.out + outcome.err


def test_check_reads_everybody_on_the_day_on_which_runs_do(
    crowd: Account, key_rotation: CommandLine
) -> None:
    crowd.pass_days(27)
    with calls() as made:
        key_rotation("status")
        by_report = made.count("ListAccessKeys")
        key_rotation("status", "--check")

    assert by_report < SETTLED
    assert made.count("ListAccessKeys") == by_report + SETTLED


@pytest.mark.parametrize("operation", ["GenerateCredentialReport", "GetCredentialReport"])
def test_without_a_credential_report_everybody_is_read_and_it_says_so(
    crowd: Account, key_rotation: CommandLine, operation: str
) -> None:
    with calls() as made, refused(operation):
        outcome = key_rotation("status", "--check")

    assert outcome.status == Exit.FINDINGS
    assert "nobody knows how many users who are not managed have keys" in outcome.err
    assert made.count("ListAccessKeys") == SETTLED
    assert "every user was read one by one, without a credential report: " in outcome.err
    assert "AccessDenied" in outcome.err
    assert "not read" not in outcome.out
