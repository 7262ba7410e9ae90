"""A rotation that somebody asks for, on the AWS wire (moto): the function, and the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from key_rotation_cli.exits import Exit
from tests.aws.account import Account
from tests.aws.command_line import CommandLine
from tests.aws.test_command_line import calls, deployed

WHY = ("--reason", "the supplier left")
NOTE = "Reason, as given by whoever asked: the supplier left"


def asked(*users: str) -> dict[str, Any]:
    return {"rotate": {"users": list(users), "reason": "the supplier left"}}


def rows(response: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(row["user"], row["action"], row["reason"]) for row in response["users"]]


# -- the function ----------------------------------------------------------------------------------


def test_young_keys_are_rotated_with_their_grace_and_nobody_else_is(account: Account) -> None:
    [persons] = account.add_user("alice", 10)
    account.subscribe("robot", user="robot", audience="user")
    [services] = account.add_user("robot", 20, password=False)
    [others] = account.add_user("carol", 85)

    response = account.run(asked("robot", "alice"))

    assert response["scanned"] == 2
    assert account.statuses()[persons] == "Inactive"
    assert account.statuses("robot")[services] == "Active"
    assert account.statuses("carol") == {others: "Active"}
    for name in ("alice", "robot"):
        [mail] = account.messages(name)
        assert (mail["event"], mail["reason"]) == ("rotated", NOTE)
        assert account.statuses(name)[account.secret_value(name)["AccessKeyId"]] == "Active"
    [digest] = account.messages("operators")
    assert [line["reason"] for line in digest["lines"]] == ["requested"] * 2
    assert all(NOTE in line["text"] for line in digest["lines"])


def test_asked_again_within_a_day_nothing_is_done_whatever_the_records_say(
    account: Account,
) -> None:
    [old] = account.add_user("alice", 10)
    account.run(asked("alice"))
    iam, secrets = account.client("iam"), account.client("secretsmanager")
    iam.delete_access_key(UserName="alice", AccessKeyId=old)
    tags = [f"access-key-rotation:{name}" for name in ("announced", "intent", "inactive-since")]
    secrets.untag_resource(SecretId=account.secret_name(), TagKeys=tags)
    before = account.statuses()
    account.pass_days(hours=23)

    response = account.run(asked("alice"))

    assert ("alice", "report", "rotated_today") in rows(response)
    assert account.statuses() == before
    account.pass_days(hours=2)
    assert ("alice", "rotate", "requested") in rows(account.run(asked("alice")))


@pytest.mark.parametrize("bulk", ["true", "false"])
def test_who_cannot_be_served_has_a_row_and_the_others_are_served(
    account: Account, bulk: str
) -> None:
    account.set_parameter("bulk_discovery", bulk)
    [old] = account.add_user("alice", 10)
    account.add_user("eve", 10, managed=None)
    account.add_user("erin", 10, managed="Enabled")
    account.add_user("admin", 10)
    account.add_user("guest")
    account.set_parameter("never_user_arns", json.dumps([account.arn("admin")]))

    response = account.run(asked("eve", "erin", "nobody", "admin", "guest", "alice"))

    found = [row for row in rows(response) if row[0] not in ("alice", "(account)")]
    assert found == [
        ("eve", "report", "not_managed"),
        ("erin", "report", "not_managed"),
        ("nobody", "report", "not_managed"),
        ("admin", "report", "out_of_reach"),
        ("guest", "report", "no_key"),
    ]
    assert response["failed"] == 0
    assert account.statuses()[old] == "Inactive"


def test_while_the_setting_dry_run_is_on_nothing_is_done(account: Account) -> None:
    [old] = account.add_user("alice", 10)
    account.set_parameter("dry_run", "true")

    response = account.run(asked("alice"))

    assert response["dry_run"] is True
    assert account.statuses() == {old: "Active"}


# -- the command line ------------------------------------------------------------------------------


def test_rotate_shows_the_plan_and_asks_unless_it_is_told_yes(
    account: Account, key_rotation: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    [old] = account.add_user("alice", 10)
    with deployed(account, monkeypatch) as payloads:
        planned = key_rotation("rotate", "alice", *WHY, "--dry-run")
        in_a_script = key_rotation("rotate", "alice", *WHY)
        before = account.statuses()
        done = key_rotation("rotate", "alice", *WHY, "--yes")
        again = key_rotation("rotate", "alice", *WHY, "--yes")

    assert planned.status == Exit.OK
    assert "alice would be rotated" in planned.out
    assert in_a_script.status == Exit.FINDINGS
    assert "nothing was done: say yes, or --yes in a script" in in_a_script.err
    assert before == {old: "Active"}
    assert done.status == Exit.OK
    new = account.secret_value()["AccessKeyId"]
    assert f"alice is rotated: new key {new} is in the secret" in done.out
    assert account.statuses() == {old: "Inactive", new: "Active"}
    assert again.status == Exit.OK
    assert "alice: not rotated: the key in the secret is less than a day old" in again.out
    assert [payload.get("dry_run") for payload in payloads] == [True, True, None, None]
    caller = account.client("sts").get_caller_identity()["Arn"]
    assert {payload["requested_by"] for payload in payloads} == {caller}
    assert {json.dumps(payload["rotate"]) for payload in payloads} == {
        json.dumps(asked("alice")["rotate"])
    }


def test_rotate_says_of_each_user_what_became_of_it(
    account: Account, key_rotation: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.add_user("alice", 10)
    account.add_user("bob", 50, 20)
    with deployed(account, monkeypatch):
        outcome = key_rotation("rotate", "bob", "nobody", "alice", *WHY, "--yes")

    assert outcome.status == Exit.FINDINGS
    assert "alice is rotated: " in outcome.out
    bob, nobody = outcome.err.splitlines()
    assert "bob is not rotated: key AKIA" in bob
    assert "the user has two active keys, and IAM allows no third" in bob
    assert "'nobody' is not an IAM user of this account" in nobody


def test_rotate_asks_nothing_where_nobody_would_be_rotated(
    account: Account, key_rotation: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.add_user("alice")
    with deployed(account, monkeypatch) as payloads:
        outcome = key_rotation("rotate", "alice", *WHY)

    assert outcome.status == Exit.FINDINGS
    assert "alice: not rotated: the user has no access key" in outcome.err
    assert len(payloads) == 1


def test_rotate_while_the_setting_dry_run_is_on_is_no_success(
    account: Account, key_rotation: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.add_user("alice", 10)
    account.set_parameter("dry_run", "true")
    with deployed(account, monkeypatch):
        outcome = key_rotation("rotate", "alice", *WHY, "--yes")

    assert outcome.status == Exit.FINDINGS
    assert "the setting dry_run is true: nothing was changed" in outcome.err


def test_rotate_that_failed_for_somebody_is_to_be_sent_again(
    account: Account, key_rotation: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.add_user("alice", 10)
    account.clock.left *= 0
    with deployed(account, monkeypatch):
        outcome = key_rotation("rotate", "alice", *WHY, "--yes")

    assert outcome.status == Exit.FINDINGS
    assert "alice: out_of_time: not rotated, ask again; send it again" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(["al ice", *WHY], "rotate.users holds 'al ice'", id="no name"),
        pytest.param(["alice", "--reason", " "], "rotate.reason must be a text", id="no reason"),
        pytest.param(["alice", "--reason", "see www.x.org"], "must not hold a link", id="a link"),
    ],
)
def test_rotate_with_a_malformed_request_calls_nothing(
    account: Account, key_rotation: CommandLine, arguments: list[str], problem: str
) -> None:
    with calls() as made:
        outcome = key_rotation("rotate", *arguments)

    assert outcome.status == Exit.USAGE
    assert problem in outcome.err
    assert made == []
