"""The command line on the AWS wire (moto): what it shows, what it calls, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import socket
from typing import Any

import botocore.client
import pytest
from botocore.exceptions import ClientError

from key_rotation.notify.response import RotationFailedError
from key_rotation.run.payload import PayloadError
from key_rotation_cli.connection import (
    READS,
    RESTORATION,
    USAGE,
    Connection,
    UndeclaredCallError,
)
from key_rotation_cli.exits import Exit
from tests.aws.account import ACCOUNT_ID, REGION, SESSION, Account
from tests.aws.command_line import CommandLine, Outcome
from tests.serving import served

_WRITES = re.compile(r"(Create|Update|Delete|Put|Tag|Untag|Publish|Restore)")


def tag_of(account: Account, name: str, user: str = "alice") -> str | None:
    tags = account.client("iam").list_user_tags(UserName=user)["Tags"]
    return next((tag["Value"] for tag in tags if tag["Key"] == f"access-key-rotation:{name}"), None)


def superseded(account: Account, days_ago: float = 10) -> tuple[str, str]:
    """alice, whose key was rotated and disabled so long ago: the old key and the new."""
    [old] = account.add_user("alice", 90)
    account.run()
    account.pass_days(days_ago)
    account.messages("alice")
    return old, account.secret_value()["AccessKeyId"]


# -- status ----------------------------------------------------------------------------------------


def test_status_shows_each_key_with_what_comes_next(
    account: Account, key_rotation: CommandLine
) -> None:
    [young] = account.add_user("alice", 10)
    [due] = account.add_user("bob", 95)
    account.add_user("carol")
    account.add_user("dave", 10, managed=None)

    outcome = key_rotation("status")

    assert outcome.status == Exit.OK
    assert outcome.columns() == [
        ["bob", due, "95", "d", "Active", *["due:", "key", "too", "old", "rotate", "next", "run"]],
        ["alice", young, "10", "d", "Active", "ok", "warn", "2026-08-13"],
        ["carol", "-", *["ok:", "no", "key"]],
        outcome.lines[-2].split(),
    ]
    assert outcome.lines[-2].startswith(
        "3 managed of 4 IAM users, 2 active keys, oldest 95 d, 1 over the limit, 1 due"
    )
    assert outcome.lines[-1].startswith("1 user who is not managed has active keys, 0 keys over")


def test_status_in_a_pipe_is_plain(account: Account, key_rotation: CommandLine) -> None:
    account.add_user("a-user-with-a-name-of-sixty-four-characters-which-is-the-most-x", 95)

    outcome = key_rotation("status")

    assert len(outcome.lines) == 3
    assert "\x1b" not in outcome.out + outcome.err
    assert all(line == line.rstrip() for line in outcome.lines)


def test_status_as_json(account: Account, key_rotation: CommandLine) -> None:
    old, new = superseded(account)

    document = json.loads(key_rotation("status", "--json").out)

    assert document["account_id"] == ACCOUNT_ID
    assert document["installation"] == "key-rotation"
    [alice] = document["users"]
    assert (alice["state"], alice["reason"]) == ("ok", "waiting_to_delete")
    assert alice["next"] == {"action": "delete", "at": "2026-07-01T12:00:00Z"}
    shown = [(k["access_key_id"], k["status"], k["age_days"], k["next"]) for k in alice["keys"]]
    assert shown == [
        (old, "Inactive", 100, {"action": "delete", "at": "2026-07-01T12:00:00Z"}),
        (new, "Active", 10, {"action": "warn", "at": "2026-08-23T12:00:00Z"}),
    ]


def test_status_shows_who_has_moved(account: Account, key_rotation: CommandLine) -> None:
    """alice uses the old key alone, bob the new one."""
    users = "alice", "bob"
    old = {name: account.add_user(name, 90, password=False)[0] for name in users}
    account.run()
    account.pass_days(1)
    new = account.secret_value("bob")["AccessKeyId"]
    account.use(old["alice"])
    account.use(new)

    outcome = key_rotation("status")
    [alice, bob] = json.loads(key_rotation("status", "--json").out)["users"]
    rows = csv.DictReader(io.StringIO(key_rotation("status", "--csv").out))

    plain = [re.sub(" +", " ", line) for line in outcome.lines]
    assert (
        f"alice {old['alice']} s3 in eu-west-1, 2026-06-02 not fetched 2026-06-08 to 07-01" in plain
    )
    assert f"bob {old['bob']} never moved 2026-06-08" in plain
    assert f"bob {new} s3 in eu-west-1, 2026-06-02" in plain
    use = {"time": "2026-06-02T12:00:00Z", "service": "s3", "region": "eu-west-1"}
    trial = {"time": "2026-06-01T12:00:00Z", "service": "sts", "region": "eu-west-1"}
    uses = [[k["last_used"] for k in u["keys"]] for u in (alice, bob)]
    assert uses == [[use, trial], [None, use]]
    seen = [(k["hand_over"], k["held_until"]) for u in (alice, bob) for k in u["keys"]]
    none = (None, None)
    assert seen == [("not_fetched", "2026-07-01T12:00:00Z"), none, ("moved", None), none]
    assert [(r["last_used"], r["hand_over"]) for r in rows] == [
        ("2026-06-02T12:00:00Z", "not_fetched"),
        ("2026-06-01T12:00:00Z", ""),
        ("never", "moved"),
        ("2026-06-02T12:00:00Z", ""),
    ]


def test_status_costs_nothing_more_for_a_settled_user(
    account: Account, key_rotation: CommandLine
) -> None:
    superseded(account)
    account.add_user("bob", 10)
    with calls() as made:
        key_rotation("status", "--json")

    assert "GetAccessKeyLastUsed" not in made
    assert "GetLoginProfile" in made  # what the forecast of the next rotation needs, as ever


def test_status_as_csv(account: Account, key_rotation: CommandLine) -> None:
    [key] = account.add_user("alice", 95)
    account.add_user("bob")

    rows = list(csv.DictReader(io.StringIO(key_rotation("status", "--csv").out)))

    assert [(r["user"], r["access_key_id"], r["over_limit"], r["next"]) for r in rows] == [
        ("alice", key, "true", "rotate"),
        ("bob", "", "", ""),
    ]


def test_csv_shows_a_name_that_a_spreadsheet_would_calculate(
    account: Account, key_rotation: CommandLine
) -> None:
    for name in ("=1+1", "+ops", "-ops", "@ops"):
        account.add_user(name, 10)

    rows = csv.DictReader(io.StringIO(key_rotation("status", "--csv").out))

    assert {row["user"] for row in rows} == {"'=1+1", "'+ops", "'-ops", "'@ops"}
    document = json.loads(key_rotation("status", "--json").out)
    assert {user["user"] for user in document["users"]} == {"=1+1", "+ops", "-ops", "@ops"}


@pytest.mark.parametrize(
    ("ages", "arguments", "status"),
    [
        pytest.param([10], ["--check"], Exit.OK, id="young"),
        pytest.param([90.5], ["--check"], Exit.OK, id="within a day's slack"),
        pytest.param([90.5], ["--check", "--slack-days", "0"], Exit.FINDINGS, id="no slack"),
        pytest.param([95], ["--check"], Exit.FINDINGS, id="over the limit"),
        pytest.param([95], [], Exit.OK, id="not asked"),
    ],
)
def test_status_check(
    account: Account,
    key_rotation: CommandLine,
    ages: list[float],
    arguments: list[str],
    status: Exit,
) -> None:
    account.add_user("alice", *ages)

    assert key_rotation("status", *arguments).status == status


def test_status_check_finds_a_blocked_user(account: Account, key_rotation: CommandLine) -> None:
    keys = account.add_user("alice", 90.5, 10)
    for key in keys:
        account.use(key)

    outcome = key_rotation("status", "--check")

    assert outcome.status == Exit.FINDINGS
    assert "blocked: two active keys due" in outcome.out
    assert "a person" in outcome.out
    assert "alice is blocked: two active keys due" in outcome.err


def test_status_check_names_the_keys_that_are_over_the_limit(
    account: Account, key_rotation: CommandLine
) -> None:
    [old] = account.add_user("alice", 95, password=False)
    account.run()

    outcome = key_rotation("status", "--check")

    assert outcome.status == Exit.FINDINGS
    assert f"alice: key {old} is 95 days old, over the limit of 90 (in grace; disable: 2026-" in (
        outcome.err
    )


def test_check_may_accept_a_key_in_its_announced_grace_and_no_longer(
    account: Account, key_rotation: CommandLine
) -> None:
    [old] = account.add_user("alice", 95, password=False)
    account.run()
    check = ("status", "--check", "--accept-grace")

    assert key_rotation(*check).status == Exit.OK
    assert key_rotation("status", "--check").status == Exit.FINDINGS
    account.pass_days(8)  # the grace of 7 days is over, and no run disabled the key
    outcome = key_rotation(*check)
    assert outcome.status == Exit.FINDINGS
    assert f"alice: key {old} is 103 days old" in outcome.err


def test_status_names_odd_tags_and_ignored_overrides(
    account: Account, key_rotation: CommandLine
) -> None:
    account.add_user("alice", 10, tags={"access-key-rotation:grace-days": "many"})
    account.add_user("zoe", 10, managed="Enabled")

    err = key_rotation("status").err

    assert "zoe: the tag access-key-rotation is 'Enabled', not 'enabled': left alone" in err
    assert "alice: override tag ignored: grace-days must be a whole number" in err


def test_status_shows_tagged_users_out_of_reach(
    account: Account, key_rotation: CommandLine, tmp_path: Path
) -> None:
    """As the run reports them; nothing else is known of them."""
    account.add_user("alice", 10)
    account.add_user("bob", 95)
    account.add_user("zoe", 10)
    account.set_parameter("never_user_arns", json.dumps([account.arn("bob")]))

    outcome = key_rotation("status", "--check")

    assert outcome.status == Exit.FINDINGS  # nobody rotates bob's key
    assert [row[0] for row in outcome.columns()[:-1]] == ["bob", "alice", "zoe"]
    assert outcome.columns()[0] == ["bob", "-", "out", "of", "reach:", "never_user_arns"]
    assert "2 managed of 3 IAM users, 2 active keys" in outcome.lines[-2]
    assert "0 blocked, 1 out of reach (account" in outcome.lines[-2]
    document = json.loads(key_rotation("status", "--json").out)
    assert document["out_of_reach"] == {"bob": "never_user_arns"}
    assert [user["user"] for user in document["users"]] == ["alice", "zoe"]
    rows = [(r["user"], r["reason"]) for r in account.run()["users"]]
    assert ("bob", "out_of_reach") in rows
    key_rotation("report", "--html", str(tmp_path / "report.html"))
    assert "reach by a setting: bob (never_user_arns)." in (tmp_path / "report.html").read_text()


def test_status_of_an_account_in_which_all_are_out_of_reach(
    account: Account, key_rotation: CommandLine
) -> None:
    account.add_user("bob", 95)
    account.set_parameter("user_path_prefix", "/services/")

    outcome = key_rotation("status")

    assert outcome.columns()[:-1] == [["bob", "-", "out", "of", "reach:", "user_path_prefix"]]
    assert "1 out of reach" in outcome.out


def test_status_names_the_operators_who_do_not_get_the_digest(
    account: Account, key_rotation: CommandLine
) -> None:
    account.set_parameter("operator_emails", '["ops@example.com"]')
    account.add_user("alice", 10)

    assert "operator ops@example.com has no subscription any more" in key_rotation("status").err
    [(email, why)] = json.loads(key_rotation("status", "--json").out)["unreached_operators"].items()
    assert (email, why[:3]) == ("ops@example.com", "has")


def test_nobody_is_marked(account: Account, key_rotation: CommandLine) -> None:
    assert "no IAM user carries the tag" in key_rotation("status").out


# -- administrators --------------------------------------------------------------------------------

EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)


def make_administrator(account: Account, way: str, user: str = "bob") -> None:
    iam = account.client("iam")
    if way == "inline":
        iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=EVERYTHING)
        return
    if way == "attached":
        arn = iam.create_policy(PolicyName="all", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
        iam.attach_user_policy(UserName=user, PolicyArn=arn)
        return
    iam.create_group(GroupName="ops")
    iam.add_user_to_group(GroupName="ops", UserName=user)
    if way == "attached to a group":
        arn = iam.create_policy(PolicyName="all", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
        iam.attach_group_policy(GroupName="ops", PolicyArn=arn)
    else:
        iam.put_group_policy(GroupName="ops", PolicyName="all", PolicyDocument=EVERYTHING)


@pytest.mark.parametrize(
    ("way", "by"),
    [
        ("attached", "all"),
        ("inline", "all"),
        ("attached to a group", "all of the group ops"),
        ("inline in a group", "all of the group ops"),
    ],
)
def test_managed_administrator_is_a_finding(
    account: Account, key_rotation: CommandLine, tmp_path: Path, way: str, by: str
) -> None:
    account.add_user("alice", 10)
    account.add_user("bob", 10)
    account.add_user("root", 10, managed=None)
    make_administrator(account, way)

    shown, checked = key_rotation("status"), key_rotation("status", "--check")
    planned, of_alice = key_rotation("plan"), key_rotation("plan", "alice")
    reported = key_rotation("report", "--html", str(tmp_path / "report.html"))

    for outcome in (shown, checked, planned, reported):
        assert f"bob is an administrator (by {by}): whoever holds" in outcome.err
        assert "alice" not in outcome.err
    assert "bob" not in of_alice.err
    statuses = [outcome.status for outcome in (shown, checked, planned, reported)]
    assert statuses == [Exit.OK, Exit.FINDINGS, Exit.OK, Exit.OK]
    assert f"<td>{by}</td>" in (tmp_path / "report.html").read_text()
    document = json.loads(key_rotation("status", "--json").out)
    assert {u["user"]: (u["administrator"], u["administrator_by"]) for u in document["users"]} == {
        "alice": ("no", []),
        "bob": ("yes", [by]),
    }
    rows = csv.DictReader(io.StringIO(key_rotation("status", "--csv").out))
    assert [row["administrator"] for row in rows] == ["no", "yes"]


def test_an_unmanaged_administrator_is_none_of_ours(
    account: Account, key_rotation: CommandLine
) -> None:
    account.add_user("bob", 10, managed=None)
    make_administrator(account, "inline")

    assert key_rotation("status", "--check").err == ""


# -- plan ------------------------------------------------------------------------------------------


def test_plan_is_the_dry_run_of_the_function(account: Account, key_rotation: CommandLine) -> None:
    account.add_user("alice", 95)
    account.add_user("bob", 85)

    planned = json.loads(key_rotation("plan", "--json").out)

    assert planned == account.run({"dry_run": True})


def test_plan_shows_rows(account: Account, key_rotation: CommandLine) -> None:
    [key] = account.add_user("alice", 95)

    outcome = key_rotation("plan")

    assert outcome.columns() == [
        ["alice", "rotate", key, "key", "too", "old"],
        ["alice", "announce", "key", "too", "old"],
        ["alice", "disable", key, "superseded"],
    ]
    assert outcome.status == Exit.OK


def test_plan_shows_what_is_seen_of_who_gets_a_new_key(
    account: Account, key_rotation: CommandLine
) -> None:
    [old] = account.add_user("alice", 90, password=False)
    account.run()
    for days, action in ((4, "remind"), (4, "hold")):
        account.pass_days(days)
        account.use(old)
        planned = key_rotation("plan").out

        assert "  not fetched, last used on 2026-06-" in planned
        assert f"alice  {action}" in planned
        [row] = json.loads(key_rotation("plan", "--json").out)["users"]
        assert row["detail"].endswith(" 12:00 UTC by s3 in eu-west-1")
        account.run()


def test_plan_of_some_users(account: Account, key_rotation: CommandLine) -> None:
    account.add_user("alice", 95)
    account.add_user("bob", 95)

    assert {row[0] for row in key_rotation("plan", "bob").columns()} == {"bob"}
    unknown = key_rotation("plan", "nobody")
    assert unknown.status == Exit.USAGE
    assert "'nobody'" in unknown.err


def test_plan_with_nothing_to_do(account: Account, key_rotation: CommandLine) -> None:
    account.add_user("alice", 10)

    assert key_rotation("plan").out == "nothing to do for 1 managed user\n"


@pytest.mark.parametrize("command", ["status", "plan"])
def test_what_a_run_would_do_is_no_promise_under_dry_run(
    account: Account, key_rotation: CommandLine, command: str
) -> None:
    account.add_user("alice", 95)
    said = "the setting dry_run is true: runs change nothing until it is false"

    assert said not in key_rotation(command).err
    account.set_parameter("dry_run", "true")
    assert key_rotation(command).err.splitlines()[0] == said


# -- restore ---------------------------------------------------------------------------------------


def test_restored_key_survives_the_runs_until_the_day_that_was_told(
    account: Account, key_rotation: CommandLine
) -> None:
    old, new = superseded(account)

    outcome = key_rotation("restore", "alice")

    assert outcome.status == Exit.OK
    assert account.statuses() == {old: "Active", new: "Active"}
    assert tag_of(account, "hold-until") == f"2026-07-01 {old}"
    assert "inactive-since" not in account.secret_tags()
    assert "first run after 2026-07-01 12:00 UTC" in outcome.out
    for _ in range(19):
        account.pass_days(1)
        account.run()
    account.pass_days(0.9)
    account.run()
    assert account.statuses() == {old: "Active", new: "Active"}
    account.pass_days(0.1)
    account.run()
    assert account.statuses() == {old: "Inactive", new: "Active"}


def test_the_tag_of_a_restored_key_does_not_hold_the_old_key_of_a_later_rotation(
    account: Account, key_rotation: CommandLine
) -> None:
    """What broke is mended before the day of the tag, and the key is deleted by hand. Nobody takes
    the tag off. Then somebody asks for a rotation, since the key that is left must go."""
    restored, leaked = superseded(account)
    key_rotation("restore", "alice")
    account.run()
    account.client("iam").delete_access_key(UserName="alice", AccessKeyId=restored)
    account.pass_days(2)

    account.run({"rotate": {"users": ["alice"], "reason": "the supplier left"}})

    assert tag_of(account, "hold-until") == f"2026-07-01 {restored}"
    assert account.statuses()[leaked] == "Inactive"


def test_beyond_the_longest_overlap_a_key_is_restored_once_for_the_days_of_the_last_notice(
    account: Account, key_rotation: CommandLine
) -> None:
    old, new = superseded(account, 35)

    outcome = key_rotation("restore", "alice")

    assert "first run after 2026-07-09 12:00 UTC" in outcome.out
    assert f"or after 2026-07-06 12:00 UTC if {new} is in use by then" in outcome.out
    account.run()
    assert [m["event"] for m in account.messages("alice")] == ["held"]
    account.pass_days(2.9)
    account.run()
    assert account.statuses()[old] == "Active"
    account.pass_days(0.1)
    account.run()
    assert account.statuses()[old] == "Inactive"
    again = key_rotation("restore", "alice")
    assert again.status == Exit.FINDINGS
    assert "until 2026-07-09 12:00 UTC" in again.err


def test_beyond_the_longest_overlap_no_key_is_restored_to_an_owner_who_has_moved(
    account: Account, key_rotation: CommandLine
) -> None:
    old, new = superseded(account, 30)
    account.use(new)

    outcome = key_rotation("restore", "alice")

    assert outcome.status == Exit.FINDINGS
    assert "max_overlap_days (30)" in outcome.err
    assert account.statuses()[old] == "Inactive"


def test_restored_until_a_day(account: Account, key_rotation: CommandLine) -> None:
    old, _ = superseded(account)

    key_rotation("restore", "alice", "--until", "2026-06-13")
    account.pass_days(2)
    account.run()
    assert account.statuses()[old] == "Active"
    account.pass_days(1)
    account.run()

    assert account.statuses()[old] == "Inactive"


def test_restoring_twice_is_harmless(account: Account, key_rotation: CommandLine) -> None:
    superseded(account)
    first = key_rotation("restore", "alice")
    statuses = account.statuses()

    assert key_rotation("restore", "alice") == first
    assert account.statuses() == statuses


def test_a_restored_key_that_nobody_uses_is_warned_about_before_it_goes_again(
    account: Account, key_rotation: CommandLine
) -> None:
    account.set_parameter("disable_unused_after_days", "45")
    [unused] = account.add_user("alice", 40)
    account.run()
    account.pass_days(7)
    account.run()
    assert account.statuses() == {unused: "Inactive"}

    first = key_rotation("restore", "alice", "--until", "2026-06-30")

    assert first.status == Exit.OK
    assert account.statuses() == {unused: "Active"}
    assert tag_of(account, "hold-until") == f"2026-06-30 {unused}"
    assert "first run after 2026-07-01 00:00 UTC" in first.out
    assert key_rotation("restore", "alice", "--until", "2026-06-30") == first
    done = []
    while account.statuses()[unused] == "Active":
        done += [(f"{account.clock.now():%m-%d}", row["action"]) for row in account.run()["users"]]
        account.pass_days(1)
    assert done == [("06-24", "prepare"), ("06-24", "warn"), ("07-01", "disable")]


@pytest.mark.parametrize(
    ("days_ago", "arguments", "words"),
    [
        pytest.param(29.99, ["--dry-run"], "would be active again", id="dry run"),
        pytest.param(10, ["--until", "2026-06-10"], "is over", id="a day of the past"),
    ],
)
def test_not_restored(
    account: Account,
    key_rotation: CommandLine,
    days_ago: float,
    arguments: list[str],
    words: str,
) -> None:
    superseded(account, days_ago)
    before = account.statuses(), account.secret_tags(), tag_of(account, "hold-until")

    outcome = key_rotation("restore", "alice", *arguments)

    assert words in outcome.out + outcome.err
    assert (account.statuses(), account.secret_tags(), tag_of(account, "hold-until")) == before
    assert outcome.status == (Exit.OK if "--dry-run" in arguments else Exit.FINDINGS)


def test_leaked_key_is_not_restored_by_mistake(account: Account, key_rotation: CommandLine) -> None:
    [old] = account.add_user("alice", 40)
    account.run({"emergency": {"user": "alice", "access_key_id": old, "reason": "leaked"}})

    outcome = key_rotation("restore", "alice")

    assert outcome.status == Exit.FINDINGS
    assert "that is what an emergency does" in outcome.err
    assert account.statuses()[old] == "Inactive"
    assert "was reported as leaked" in outcome.err
    assert key_rotation("restore", "alice", "--not-leaked").status == Exit.OK
    assert account.statuses()[old] == "Active"
    account.run()
    assert account.statuses()[old] == "Active"


def test_restore_of_an_unmanaged_user(account: Account, key_rotation: CommandLine) -> None:
    account.add_user("alice", 10, managed=None)

    outcome = key_rotation("restore", "alice")

    assert outcome.status == Exit.USAGE
    assert "'alice' is not an IAM user of this account that carries the tag" in outcome.err


# -- report ----------------------------------------------------------------------------------------


def test_report_is_written(account: Account, key_rotation: CommandLine, tmp_path: Path) -> None:
    superseded(account)
    account.add_user("bob", 95)
    target = tmp_path / "report.html"

    outcome = key_rotation("report", "--html", str(target))

    text = target.read_text()
    assert outcome.status == Exit.OK
    assert "2 managed users, 2 active keys, 1 over 90 days, 0 users blocked" in outcome.out
    assert account.secret_value()["AccessKeyId"] in text
    assert account.secret_value()["SecretAccessKey"] not in text
    assert "1 key failing" in text


@pytest.mark.parametrize("mode", [None, 0o644])
def test_report_is_for_its_owner_alone(
    account: Account, key_rotation: CommandLine, tmp_path: Path, mode: int | None
) -> None:
    target = tmp_path / "report.html"
    if mode is not None:
        target.write_text("an older report")
        target.chmod(mode)
        before = target.open()

    assert key_rotation("report", "--html", str(target)).status == Exit.OK

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    if mode is not None:
        assert before.read() == "an older report"  # who has it open does not see the new one
        before.close()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_report_is_written_to_nothing_but_a_file(
    account: Account, key_rotation: CommandLine, tmp_path: Path, kind: str
) -> None:
    target, elsewhere = tmp_path / "report.html", tmp_path / "elsewhere"
    elsewhere.write_text("as it was")
    if kind == "link":
        target.symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(target)
    else:
        target.mkdir()

    outcome = key_rotation("report", "--html", str(target))

    assert outcome.status == Exit.USAGE
    assert outcome.err.strip().endswith("is not a regular file")
    assert elsewhere.read_text() == "as it was"


def test_report_needs_a_folder(account: Account, key_rotation: CommandLine, tmp_path: Path) -> None:
    outcome = key_rotation("report", "--html", str(tmp_path / "no" / "report.html"))

    assert outcome.status == Exit.USAGE
    assert outcome.err.strip().endswith("is not a folder")


# -- what is called --------------------------------------------------------------------------------


def looking(key_rotation: CommandLine, tmp_path: Path) -> list[Outcome]:
    return [
        key_rotation("status"),
        key_rotation("plan"),
        key_rotation("report", "--html", str(tmp_path / "report.html")),
    ]


def test_looking_changes_nothing_and_sends_nothing(
    account: Account, key_rotation: CommandLine, tmp_path: Path
) -> None:
    account.add_user("alice", 95)
    account.add_user("bob", 85, 95)
    with calls() as made:
        outcomes = looking(key_rotation, tmp_path)

    assert {outcome.status for outcome in outcomes} == {Exit.OK}
    assert made
    assert not [call for call in made if _WRITES.match(call)]
    assert account.messages("alice") == account.messages("operators") == []


def test_no_command_reads_a_secrets_value(
    account: Account, key_rotation: CommandLine, tmp_path: Path
) -> None:
    superseded(account)
    with calls() as made:
        looking(key_rotation, tmp_path)
        key_rotation("restore", "alice")

    assert "TagUser" in made
    assert not {call for call in made if "GetSecretValue" in call}


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("secretsmanager", lambda client: client.get_secret_value(SecretId="x")),
        ("secretsmanager", lambda client: client.batch_get_secret_value(SecretIdList=["x"])),
        ("iam", lambda client: client.create_access_key(UserName="alice")),
        ("iam", lambda client: client.delete_access_key(UserName="alice", AccessKeyId="A" * 20)),
        ("sns", lambda client: client.publish(TopicArn="arn:x", Message="x")),
        ("cloudwatch", lambda client: client.put_metric_data(Namespace="x", MetricData=[])),
    ],
)
def test_a_call_that_a_command_does_not_declare_is_never_sent(
    account: Account, service: str, call: Callable[[Any], Any]
) -> None:
    for allowed in (READS, RESTORATION, USAGE):
        client = Connection(SESSION, allowed).client(service)
        with pytest.raises(UndeclaredCallError, match="not among the calls"):
            call(client)


@contextmanager
def calls() -> Iterator[list[str]]:
    """The names of the operations that any client sends meanwhile."""
    made: list[str] = []
    send = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(self: Any, operation: str, arguments: Any) -> Any:
        made.append(operation)
        return send(self, operation, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.client.BaseClient, "_make_api_call", counted)
        yield made


@contextmanager
def refused(operation: str, user: str | None = None) -> Iterator[None]:
    """AWS answers this operation with an error, whichever client asks, or about this user only."""
    send = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def answer(self: Any, name: str, arguments: Any) -> Any:
        if name == operation and user in (None, arguments.get("UserName")):
            error = {"Error": {"Code": "AccessDenied", "Message": "no"}}
            raise ClientError(error, name)  # type: ignore[arg-type]
        return send(self, name, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.client.BaseClient, "_make_api_call", answer)
        yield


# -- when it goes wrong ----------------------------------------------------------------------------


def test_no_such_installation(account: Account, key_rotation: CommandLine) -> None:
    outcome = key_rotation("status", name="other")

    assert outcome.status == Exit.USAGE
    assert f"there is no installation 'other' in {REGION}" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_malformed_setting(account: Account, key_rotation: CommandLine) -> None:
    account.set_parameter("grace_days", "soon")

    outcome = key_rotation("plan")

    assert outcome.status == Exit.USAGE
    assert "parameter /key-rotation/config/grace_days" in outcome.err


@pytest.mark.parametrize("default", [None, "us-east-1"])
def test_the_region_is_that_of_aws_region(
    account: Account,
    key_rotation: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    default: str | None,
) -> None:
    """boto3 knows AWS_DEFAULT_REGION alone. The AWS CLI takes AWS_REGION first."""
    account.add_user("alice", 10)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    if default is not None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", default)
    monkeypatch.setenv("AWS_REGION", REGION)

    document = json.loads(key_rotation("status", "--json", region=None).out)

    assert document["region"] == REGION
    assert [user["user"] for user in document["users"]] == ["alice"]


def test_unknown_profile(account: Account, key_rotation: CommandLine) -> None:
    outcome = key_rotation("status", "--profile", "nobody")

    assert outcome.status == Exit.USAGE
    assert "nobody" in outcome.err


def test_emergency_with_a_malformed_key_calls_nothing(
    account: Account, key_rotation: CommandLine
) -> None:
    with calls() as made:
        outcome = key_rotation("emergency", "alice", "short", "--reason", "leaked")

    assert outcome.status == Exit.USAGE
    assert "emergency.access_key_id" in outcome.err
    assert made == []


def test_emergency_without_an_answer(
    key_rotation: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket() as silent:  # bound, and no subscription
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{port}")
        outcome = key_rotation("emergency", "alice", "AKIAIOSFODNN7EXAMPLE", "--reason", "leaked")

    assert outcome.status == Exit.AWS
    assert "AKIAIOSFODNN7EXAMPLE IS STILL ACTIVE" in outcome.err


@contextmanager
def deployed(account: Account, endpoint: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Lambda's end of the wire, with the function behind it. The payloads that came."""
    payloads: list[Any] = []

    class Invoke(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payloads.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            try:
                answer = account.run(payloads[-1])
            except (PayloadError, RotationFailedError) as error:
                answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
                self.send_header("X-Amz-Function-Error", "Unhandled")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Nothing on standard error, which is the command's."""

    with served(Invoke) as url:
        endpoint.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
        yield payloads


def test_emergency_of_a_key_alone(
    account: Account, key_rotation: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds a key often does not know whose it is."""
    [leaked] = account.add_user("alice", 40)
    with deployed(account, monkeypatch) as payloads:
        outcome = key_rotation("emergency", leaked, "--reason", "in a public repo")

    assert outcome.status == Exit.OK
    [payload] = payloads
    assert payload == {
        "emergency": {"access_key_id": leaked, "reason": "in a public repo"},
        "requested_by": account.client("sts").get_caller_identity()["Arn"],
    }
    assert account.statuses()[leaked] == "Inactive"


def test_a_leaked_key_does_not_wait_until_it_is_known_who_asks(
    account: Account,
    key_rotation: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [leaked] = account.add_user("alice", 40)
    with deployed(account, monkeypatch) as payloads:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
        outcome = key_rotation("emergency", leaked, "--reason", "in a public repo")

    assert outcome.status == Exit.OK
    assert "the log will not say who asked" in outcome.err
    assert [payload.keys() for payload in payloads] == [{"emergency"}]
    assert account.statuses()[leaked] == "Inactive"


def test_emergency_that_would_cut_a_service_off_needs_a_yes(
    account: Account, key_rotation: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    [leaked] = account.add_user("robot", 40, password=False)
    command = ("emergency", "robot", leaked, "--reason", "in a public repo")
    with deployed(account, monkeypatch) as payloads:
        planned = key_rotation(*command, "--dry-run")
        in_a_script = key_rotation(*command)
        before = account.statuses("robot")
        unasked = key_rotation(*command, "--yes")

    assert planned.status == in_a_script.status == Exit.FINDINGS
    assert "it would be refused (nobody_can_fetch)" in planned.err
    assert f"nothing was done, {leaked} IS STILL ACTIVE" in in_a_script.err
    assert "--yes" in in_a_script.err
    assert before == {leaked: "Active"}
    assert unasked.status == Exit.OK
    assert account.statuses("robot")[leaked] == "Inactive"
    flags = [payload["emergency"].get("even_if_nobody_can_fetch") for payload in payloads]
    assert flags == [None, None, True]
    assert key_rotation("restore", "robot", "--not-leaked").status == Exit.OK  # as it is told
    account.run()
    assert account.statuses("robot")[leaked] == "Active"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no command"),
        pytest.param(["status", "--json", "--csv"], id="two forms"),
        pytest.param(["status", "--slack-days", "-1"], id="slack"),
        pytest.param(["status", "--name", "1/x"], id="name"),
        pytest.param(["status", "--state", "due,late"], id="state"),
        pytest.param(["restore", "alice", "--until", "tomorrow"], id="date"),
        pytest.param(["emergency", "alice", "AKIAIOSFODNN7EXAMPLE"], id="no reason"),
        pytest.param(["rotate", "alice"], id="no reason to rotate"),
        pytest.param(["rotate", "--reason", "leaver"], id="nobody to rotate"),
        pytest.param(["report"], id="no file"),
    ],
)
def test_bad_arguments_end_with_2(
    account: Account, key_rotation: CommandLine, arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        key_rotation(*arguments)

    assert ended.value.code == Exit.USAGE
