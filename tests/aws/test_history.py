"""`key-rotation history` as an auditor runs it: the function's own lines in moto's log group."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from key_rotation_cli.connection import HISTORY
from key_rotation_cli.exits import Exit
from tests.aws.account import ACCOUNT_ID, REGION, Account
from tests.aws.command_line import CommandLine, Outcome
from tests.aws.function_log import GROUP, FunctionLog, logged
from tests.aws.test_command_line import calls, refused

CALLER = "arn:aws:sts::123456789012:assumed-role/operators/bob"


@pytest.fixture
def log(account: Account) -> Iterator[FunctionLog]:
    with logged(account) as log:
        yield log


@pytest.fixture
def key_rotation(account: Account, key_rotation: CommandLine) -> CommandLine:
    """Asked a while after what was done."""
    return Later(key_rotation.captured, account)


@dataclass(frozen=True)
class Later(CommandLine):
    account: Account

    def __call__(self, *arguments: str, **installation: Any) -> Outcome:
        self.account.pass_days(seconds=1)
        return super().__call__(*arguments, **installation)


def document(key_rotation: CommandLine, *arguments: str) -> dict[str, Any]:
    outcome = key_rotation("history", "--json", *arguments)
    assert outcome.status == Exit.OK
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def test_the_life_of_a_key(account: Account, key_rotation: CommandLine, log: FunctionLog) -> None:
    assert log
    [old] = account.add_user("alice", 90)
    account.run()
    new = account.secret_value()["AccessKeyId"]
    for _ in range(4):
        account.pass_days(10)
        account.use_new_key()
        account.run()

    outcome = key_rotation("history")

    assert outcome.status == Exit.OK
    heading, created, disabled, deleted, summary, knows, runs, *notes = outcome.lines
    assert heading.split() == ["when", "(UTC)", "user", "key", "what", "why", "by"]
    assert created.split() == [
        *("2026-06-01", "12:00", "alice", new, "created"),
        *("key", "too", "old,", "replaces", old, "the", "schedule"),
    ]
    assert disabled.split()[2:] == ["alice", old, "disabled", "superseded", "the", "schedule"]
    assert deleted.split() == [
        *("2026-07-01", "12:00", "alice", old, "deleted", "superseded", "the", "schedule")
    ]
    assert summary == (
        "3 changes of keys of 1 user from 2026-06-01 12:00 UTC to 2026-07-11 12:00 UTC "
        f"(account {ACCOUNT_ID}, log group {GROUP})"
    )
    assert knows == (
        "The log has 5 runs of this time. The longest time without one: 10 days, from 2026-06-01 "
        "12:00 UTC to 2026-06-11 12:00 UTC."
    )
    assert "restore did, is in CloudTrail" in runs
    assert "as stated in the payload" in notes[0]


def test_who_asked_and_why(account: Account, key_rotation: CommandLine, log: FunctionLog) -> None:
    assert log
    [leaked] = account.add_user("alice", 10)
    account.add_user("robot", 10)
    named = {"user": "alice", "access_key_id": leaked, "reason": "pushed to a public repo"}
    account.run({"emergency": named, "requested_by": CALLER}, "the-emergency")
    account.run({"rotate": {"users": ["robot"], "reason": "the supplier left"}})

    changes = document(key_rotation)["changes"]

    assert [(one["user"], one["action"], one["reason"], one["by"]) for one in changes] == [
        ("alice", "create", "emergency", CALLER),
        ("alice", "disable", "emergency", CALLER),
        ("robot", "create", "requested", None),
        ("robot", "disable", "superseded", None),
    ]
    assert changes[1] == {
        "at": "2026-06-01T12:00:00Z",
        "user": "alice",
        "user_id": changes[0]["user_id"],
        "access_key_id": leaked,
        "action": "disable",
        "reason": "emergency",
        "replaces": None,
        "by": CALLER,
        "event_id": None,
        "note": "Reason, as given by whoever asked: pushed to a public repo",
        "run": "the-emergency",
    }
    shown = key_rotation("history").out
    assert f"{CALLER}, as stated by the caller" in shown
    assert "emergency, replaces" in shown
    assert re.search(r"'the supplier left' +a caller who is not stated\n", shown)


def test_one_user_as_csv(account: Account, key_rotation: CommandLine, log: FunctionLog) -> None:
    assert log
    account.add_user("alice", 90)
    account.add_user("bob", 90)
    account.run()

    outcome = key_rotation("history", "--csv", "--user", "bob")

    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    assert [(row["user"], row["action"], row["by"]) for row in rows] == [
        ("bob", "create", "schedule"),
        ("bob", "disable", "schedule"),
    ]
    assert rows[1]["replaces"] == ""
    assert "The log has 1 run of this time" in outcome.err


def test_only_the_days_asked_for(
    account: Account, key_rotation: CommandLine, log: FunctionLog
) -> None:
    assert log
    account.add_user("alice", 90)
    account.run()
    account.pass_days(30)
    account.use_new_key()
    account.run()

    def found(*days: str) -> list[str]:
        return [one["action"] for one in document(key_rotation, *days)["changes"]]

    assert found("--since", "2026-06-02") == ["delete"]
    assert found("--until", "2026-06-30") == ["create", "disable"]
    assert found("--since", "2026-06-01", "--until", "2026-06-01") == ["create", "disable"]
    assert found("--since", "2026-06-02", "--until", "2026-06-30") == []
    reversed_ = key_rotation("history", "--since", "2026-06-03", "--until", "2026-06-01")
    assert reversed_.status == Exit.USAGE
    assert "--since 2026-06-03 is not before the end" in reversed_.err


@pytest.mark.parametrize(
    ("days", "retention", "known_from"),
    [
        (10, 365, "2026-06-01T12:00"),
        (40, 30, "2026-06-11T12:00"),
        (500, None, "2026-06-01T12:00"),
    ],
)
def test_from_when_on_the_log_can_know(
    account: Account,
    key_rotation: CommandLine,
    days: int,
    retention: int | None,
    known_from: str,
) -> None:
    with logged(account, retention):
        account.pass_days(days)

    found = document(key_rotation)
    asked_for_more = key_rotation("history", "--since", "2026-01-01")

    assert (found["known_from"][:16], found["retention_days"]) == (known_from, retention)
    assert found["since"] >= found["known_from"]
    kept = "" if retention is None else f", and keeps {retention} days"
    assert (
        f"The log knows nothing before {known_from[:10]} 12:00 UTC: it was made on 2026-06-01{kept}"
    ) in asked_for_more.out


def test_a_log_without_runs_proves_nothing(
    account: Account, key_rotation: CommandLine, log: FunctionLog
) -> None:
    """As one whose level, or format, keeps the lines out."""
    log.put("[INFO]\t2026-06-01T12:00:00Z\t8f2f1c0a\tkey changed")
    account.pass_days(1)

    outcome = key_rotation("history")

    assert "0 changes of keys of 0 users" in outcome.lines[0]
    assert (
        "The log has no run of this time, so that no change is in it proves nothing" in outcome.out
    )
    assert document(key_rotation)["longest_time_without_run"] is None


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({"message": "key changed"}, id="no fields"),
        pytest.param({"message": "key changed", "user": 7}, id="no text"),
    ],
)
def test_a_line_that_does_not_say_enough_is_counted(
    account: Account, key_rotation: CommandLine, log: FunctionLog, line: object
) -> None:
    log.put(line)
    log.put(["key changed"])
    log.put({"message": "another", "user": "key changed"})
    account.pass_days(1)

    assert document(key_rotation)["unreadable_lines"] == 1
    assert "1 line about a changed key could not be read" in key_rotation("history").out


def test_somebody_elses_text_steers_nothing(
    account: Account, key_rotation: CommandLine, log: FunctionLog
) -> None:
    """Whoever has the role's credentials can write lines."""
    texts = dict.fromkeys(("user", "user_id", "access_key_id", "reason", "run"), "\x1b[2J=cmd")
    log.put({"message": "key changed", "action": "create", **texts})
    account.pass_days(1)

    assert "\x1b" not in key_rotation("history").out
    [row] = csv.DictReader(io.StringIO(key_rotation("history", "--csv").out))
    assert not row["user"].startswith("=")


def test_no_log_group(account: Account, key_rotation: CommandLine) -> None:
    account.client("logs").create_log_group(logGroupName=f"{GROUP}-of-another")

    outcome = key_rotation("history")

    assert outcome.status == Exit.USAGE
    assert f"there is no log group '{GROUP}' in this region (--name, --region)" in outcome.err


def test_the_report_has_the_rotations_of_the_log(
    account: Account, key_rotation: CommandLine, log: FunctionLog, tmp_path: Path
) -> None:
    assert log
    [old] = account.add_user("alice", 90)
    account.run()
    target = tmp_path / "report.html"

    outcome = key_rotation("report", "--html", str(target))

    assert outcome.status == Exit.OK
    text = " ".join(target.read_text().split())
    assert "1 key made by the function and 0 runs for an emergency" in text
    assert f'key too old, replaces {old}</td><td class="long">the schedule</td>' in text


@pytest.mark.parametrize("denied", ["DescribeLogGroups", "FilterLogEvents"])
def test_a_report_without_the_right_to_read_the_log_says_so(
    account: Account,
    key_rotation: CommandLine,
    log: FunctionLog,
    tmp_path: Path,
    denied: str,
) -> None:
    assert log
    account.add_user("alice", 10)
    target = tmp_path / "report.html"

    with refused(denied):
        outcome = key_rotation("report", "--html", str(target))

    assert outcome.status == Exit.OK
    assert "without the rotations of the last twelve months: ClientError" in outcome.err
    assert "AccessDenied" in outcome.err
    assert ">not readable</span>" in target.read_text()


def test_a_report_of_an_installation_without_a_log_group_says_so(
    account: Account, key_rotation: CommandLine, tmp_path: Path
) -> None:
    account.add_user("alice", 10)
    target = tmp_path / "report.html"

    assert key_rotation("report", "--html", str(target)).status == Exit.OK

    assert f"there is no log group &#39;{GROUP}&#39;" in target.read_text()


def test_it_reads_the_log_and_nothing_else(
    account: Account, key_rotation: CommandLine, log: FunctionLog
) -> None:
    assert log
    account.pass_days(1)
    with calls() as made:
        assert document(key_rotation)["region"] == REGION

    assert set(made) <= {call.split(":")[1] for call in HISTORY}
