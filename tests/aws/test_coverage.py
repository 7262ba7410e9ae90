"""Users who are not managed and have active keys, on the AWS wire: tags, report, metrics."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from key_rotation_cli.exits import Exit
from tests.aws.account import Account
from tests.aws.command_line import CommandLine
from tests.aws.test_command_line import calls, refused
from tests.aws.test_discovery import GAAD, answered, counted

EXEMPT = {"key": "access-key-rotation", "value": "exempt"}


def said(response: dict[str, Any]) -> dict[str, str]:
    """What a response says of users who are not managed."""
    reasons = ("unmanaged_users", "coverage_unknown")
    return {row["reason"]: row["detail"] for row in response["users"] if row["reason"] in reasons}


def gauges(account: Account) -> dict[str, float]:
    """The metrics of these users that were sent."""
    now, found = account.clock.now(), dict[str, float]()
    for name in ("UnmanagedUsersWithKeys", "UnmanagedKeysOverLimit"):
        answer = account.client("cloudwatch").get_metric_statistics(
            Namespace="AccessKeyRotation",
            MetricName=name,
            StartTime=now - timedelta(minutes=1),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Maximum"],
        )
        for point in answer["Datapoints"]:
            found[name] = point["Maximum"]
    return found


@pytest.mark.parametrize("bulk", ["true", "false"])
def test_they_are_counted(account: Account, bulk: str) -> None:
    account.set_parameter("bulk_discovery", bulk)
    account.add_user("alice", 10)
    account.add_user("carol", 200, 100, managed=None)
    account.add_user("dave", managed=None)  # has no key
    account.add_user("erin", 10, managed="Enabled")
    off = account.add_user("frank", 300, managed=None)
    account.set_status(off[0], "Inactive", "frank")

    response = account.run()

    assert said(response) == {
        "unmanaged_users": "2 users who are not managed have active keys, 2 keys over the limit of "
        "90 days, 2 new"  # moto's users are all of today
    }
    assert gauges(account) == {"UnmanagedUsersWithKeys": 2, "UnmanagedKeysOverLimit": 2}


@pytest.mark.parametrize("bulk", ["true", "false"])
def test_a_tag_exempts(account: Account, bulk: str) -> None:
    account.set_parameter("bulk_discovery", bulk)
    account.set_parameter("coverage_exempt_tag", json.dumps(EXEMPT))
    account.add_user("carol", 200, managed=None, tags={"Access-Key-Rotation": "exempt"})
    account.add_user("dave", 200, managed="exempt ")

    response = account.run()

    assert said(response)["unmanaged_users"].startswith("1 user who is not managed has active keys")
    assert said(response)["unmanaged_users"].endswith("; 1 more exempt")
    # The value that exempts is none that nobody expects.
    unexpected = [row for row in response["users"] if row["reason"] == "unexpected_tag_value"]
    assert [row["user"] for row in unexpected] == ["dave"]


def test_tags_that_the_role_may_not_read_make_the_number_unknown(account: Account) -> None:
    account.set_parameter("bulk_discovery", "false")
    account.set_parameter("user_path_prefix", "/services/")
    account.set_parameter("coverage_exempt_tag", json.dumps(EXEMPT))
    account.add_user("carol", 200, managed=None)

    response = account.run()

    assert said(response) == {
        "coverage_unknown": "nobody knows how many users who are not managed have keys: the tags "
        "of carol could not be read"
    }
    assert gauges(account) == {}


def test_without_an_exempt_tag_they_need_not_be_read(account: Account) -> None:
    account.set_parameter("bulk_discovery", "false")
    account.set_parameter("user_path_prefix", "/services/")
    account.add_user("carol", 200, managed=None)

    assert list(said(account.run())) == ["unmanaged_users"]


def test_a_refused_report_is_never_nobody(account: Account) -> None:
    account.add_user("carol", 200, managed=None)

    with answered("GetCredentialReport", "AccessDenied"):
        response = account.run()

    assert list(said(response)) == ["coverage_unknown"]
    assert gauges(account) == {}


def test_it_takes_no_call(account: Account) -> None:
    for number in range(20):
        account.add_user(f"user-{number}", 200, managed=None)

    with counted() as calls:
        account.run()

    assert calls == {"GenerateCredentialReport": 1, GAAD: 1, "GetCredentialReport": 1}


def test_the_digest_of_a_monday_names_them(account: Account) -> None:
    account.add_user("carol", 200, managed=None)

    account.run()

    [digest] = account.messages("operators")
    [line] = digest["lines"]
    assert (line["event"], line["user"], line["reason"]) == ("unmanaged", "carol", "not_tagged")


# -- the command line ------------------------------------------------------------------------------


def test_status_names_who_is_not_managed(account: Account, key_rotation: CommandLine) -> None:
    account.add_user("alice", 10)
    account.add_user("carol", 200, managed=None)

    status = key_rotation("status")
    table = key_rotation("status", "--unmanaged")
    document = json.loads(key_rotation("status", "--unmanaged", "--json").out)
    lines = key_rotation("status", "--unmanaged", "--csv").out.splitlines()

    assert "1 user who is not managed has active keys" in status.out.splitlines()[-1]
    assert "carol" not in status.out
    assert table.out.splitlines()[1].split()[:2] == ["carol", "1"]
    assert "alice" not in table.out
    assert [user["user"] for user in document["users"]] == ["carol"]
    assert [line.partition(",")[0] for line in lines] == ["user", "carol"]


@pytest.mark.parametrize("exact", [True, False])
def test_the_report_dates_who_is_not_managed_or_reads_their_keys(
    account: Account, key_rotation: CommandLine, tmp_path: Path, exact: bool
) -> None:
    account.add_user("carol", 10, managed=None)
    account.add_user("dave", managed=None)
    target = tmp_path / "report.html"

    with calls() as made:
        outcome = key_rotation("report", "--html", str(target), *(["--exact"] if exact else []))

    assert outcome.status == Exit.OK
    assert made.count("ListAccessKeys") == exact
    assert ("<strong>Compliant</strong>" in target.read_text()) is exact
    assert ("as far as the credential report dates keys" in target.read_text()) is not exact


def test_keys_that_could_not_be_listed_are_dated_by_the_report(
    account: Account, key_rotation: CommandLine, tmp_path: Path
) -> None:
    account.add_user("carol", 10, managed=None)
    target = tmp_path / "report.html"

    with refused("ListAccessKeys"):
        outcome = key_rotation("report", "--exact", "--html", str(target))

    assert "dates the keys of 1 user not managed, which could not be listed: carol: " in outcome.err
    assert "<strong>Compliant, as far as the credential report dates keys" in target.read_text()


@pytest.mark.parametrize(("age", "status"), [(200, Exit.FINDINGS), (10, Exit.OK)])
def test_check_counts_their_keys(
    account: Account, key_rotation: CommandLine, age: float, status: Exit
) -> None:
    account.add_user("alice", 10)
    account.add_user("carol", age, managed=None)

    assert key_rotation("status", "--check").status == status
    assert key_rotation("status", "--check", "--user", "alice").status == Exit.OK


def test_unmanaged_users_are_not_selected_by_state(
    account: Account, key_rotation: CommandLine
) -> None:
    outcome = key_rotation("status", "--unmanaged", "--state", "ok")

    assert outcome.status == Exit.USAGE
    assert "leave out --state" in outcome.err


def test_status_names_what_terraform_was_told_in_vain(
    account: Account, key_rotation: CommandLine
) -> None:
    names = {"alice": False, "bob": True, "Carol": False}
    account.set_parameter("user_names-000-000", json.dumps(names))
    account.add_user("alice", 10)
    account.add_user("bob", 10)
    account.add_user("carol", 10)

    said = key_rotation("status").err

    assert "Carol: named in `users`, but the user's name is 'carol': write it so" in said
    assert "bob: the subscription of the owner's address is not confirmed, or is gone" in said
    document = json.loads(key_rotation("status", "--json").out)
    assert list(document["named_in_vain"]) == ["Carol"]
    assert list(document["owners_without_subscription"]) == ["bob"]
