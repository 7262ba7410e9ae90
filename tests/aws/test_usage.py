"""`key-rotation usage` as an operator runs it: IAM in moto, CloudTrail's history on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from key_rotation_cli.connection import USAGE, Connection
from key_rotation_cli.exits import Exit
from tests.aws.account import ACCOUNT_ID, REGION, SESSION, START, Account
from tests.aws.command_line import CommandLine, Outcome
from tests.aws.event_history import EventHistory, served
from tests.aws.test_command_line import calls

BOTO = "Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux"
STS = {"eventSource": "sts.amazonaws.com", "sourceIPAddress": "203.0.113.7", "userAgent": BOTO}


@pytest.fixture
def history(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventHistory]:
    assert account
    history = EventHistory()
    with served(history, monkeypatch):
        yield history


@pytest.fixture
def usage(key_rotation: CommandLine, history: EventHistory) -> CommandLine:
    assert history
    return key_rotation


def run(usage: CommandLine, *arguments: str, region: str = REGION) -> Outcome:
    return usage("usage", *arguments, name=None, region=region)


def test_who_uses_a_key(account: Account, usage: CommandLine, history: EventHistory) -> None:
    [key] = account.add_user("alice", 100)
    account.use(key, days_ago=1)
    for days in (1, 2, 3, 40):
        history.add(REGION, key, START - timedelta(days=days), **STS)
    history.add(REGION, key, START - timedelta(hours=1), **STS | {"errorCode": "AccessDenied"})
    iam = {"eventSource": "iam.amazonaws.com", "sourceIPAddress": "AWS Internal"}
    history.add("us-east-1", key, START - timedelta(days=5), **iam)

    outcome = run(usage, "alice")

    assert outcome.status == Exit.OK
    assert outcome.err == ""
    heading, columns, first, second, where, *notes = outcome.lines
    assert heading == (
        f"{key}: Active, created 2026-02-21, last used 2026-05-31 12:00 UTC by s3 in {REGION}"
    )
    assert columns.split() == [
        *("service", "region", "address", "calls", "refused", "first", "last", "user", "agent")
    ]
    assert first.split(maxsplit=9) == [
        *("sts", REGION, "203.0.113.7", "5", "1"),
        *("2026-04-22", "12:00", "2026-06-01", "11:00", BOTO),
    ]
    assert second.split(maxsplit=10) == [
        *("iam", "us-east-1", "AWS", "Internal", "1", "0"),
        *("2026-05-27", "12:00", "2026-05-27", "12:00", "unknown"),
    ]
    assert where == (
        f"looked in {REGION}, us-east-1 from 2026-03-03 12:00 UTC to 2026-06-01 12:00 UTC "
        f"(account {ACCOUNT_ID})"
    )
    assert "up to 15 minutes late" in notes[0]
    assert "Data events (S3 objects, Lambda invokes, DynamoDB items" in notes[1]


def test_two_keys_of_which_one_was_never_used(
    account: Account, usage: CommandLine, history: EventHistory
) -> None:
    old, new = account.add_user("alice", 100, 2)
    account.use(old, days_ago=1)
    history.add(REGION, old, START - timedelta(days=1), **STS)

    both, one = run(usage, "alice"), run(usage, "alice", new)

    assert [line for line in both.lines if "AKIA" in line] == [
        f"{old}: Active, created 2026-02-21, last used 2026-05-31 12:00 UTC by s3 in {REGION}",
        f"{new}: Active, created 2026-05-30, never used",
    ]
    assert one.lines[:2] == [
        f"{new}: Active, created 2026-05-30, never used",
        "no call in 90 days",
    ]
    assert history.asked == [
        *((region, key) for region in (REGION, "us-east-1") for key in (old, new)),
        *((region, new) for region in (REGION, "us-east-1")),
    ]


def test_looks_where_a_key_was_last_used(
    account: Account, usage: CommandLine, history: EventHistory
) -> None:
    [key] = account.add_user("alice", 100)
    account.use(key)
    history.add(REGION, key, START, **STS)

    outcome = run(usage, "alice", region="ap-southeast-2")

    assert [region for region, _ in history.asked] == ["ap-southeast-2", "us-east-1", REGION]
    assert f"sts      {REGION}" in outcome.out


def test_all_regions_are_those_that_the_account_enabled(
    account: Account, usage: CommandLine, history: EventHistory
) -> None:
    [key] = account.add_user("alice", 100)
    answer = account.client("ec2").describe_regions()["Regions"]
    enabled = {region["RegionName"] for region in answer}
    history.add("sa-east-1", key, START, **STS)

    outcome = run(usage, "alice", "--all-regions")

    asked = [region for region, _ in history.asked]
    assert asked[:2] == [REGION, "us-east-1"]
    assert len(asked) == len(set(asked))
    assert set(asked) == enabled
    assert "sa-east-1  203.0.113.7" in outcome.out


def test_an_unmanaged_user_will_do(
    account: Account, usage: CommandLine, history: EventHistory
) -> None:
    [key] = account.add_user("printer", 400, managed=None, password=False)
    history.add("us-east-1", key, START - timedelta(days=90), **STS)
    history.add("us-east-1", key, START - timedelta(days=91), **STS)

    [found] = json.loads(run(usage, "printer", "--json").out)["keys"]

    assert [use["calls"] for use in found["uses"]] == [1]  # CloudTrail keeps no more


def test_fewer_days(account: Account, usage: CommandLine, history: EventHistory) -> None:
    [key] = account.add_user("alice", 100)
    history.add(REGION, key, START - timedelta(days=2), **STS)

    outcome = run(usage, "alice", "--days", "1")

    assert "no call in 1 day" in outcome.lines
    assert "from 2026-05-31 12:00 UTC to 2026-06-01 12:00 UTC" in outcome.out


def test_json(account: Account, usage: CommandLine, history: EventHistory) -> None:
    used, unused = account.add_user("alice", 100, 2)
    account.use(used, days_ago=1)
    account.set_status(unused, "Inactive")
    history.add(REGION, used, START - timedelta(days=1), **STS)
    history.add(REGION, used, START - timedelta(days=2), **STS | {"errorCode": "AccessDenied"})
    secret = {"name": "/db/password", "value": "hunter2"}
    history.add(REGION, used, START - timedelta(days=3), **STS, requestParameters=secret)

    outcome = run(usage, "alice", "--json")

    document = json.loads(outcome.out)
    assert outcome.status == Exit.OK
    assert "data events" in " ".join(document.pop("notes")).lower()
    assert document == {
        "user": "alice",
        "account_id": ACCOUNT_ID,
        "since": "2026-03-03T12:00:00Z",
        "until": "2026-06-01T12:00:00Z",
        "regions": [REGION, "us-east-1"],
        "keys": [
            {
                "access_key_id": used,
                "status": "Active",
                "created": "2026-02-21T12:00:00Z",
                "last_used": {"at": "2026-05-31T12:00:00Z", "service": "s3", "region": REGION},
                "uses": [
                    {
                        "source_address": "203.0.113.7",
                        "user_agent": BOTO,
                        "service": "sts.amazonaws.com",
                        "region": REGION,
                        "first": "2026-05-29T12:00:00Z",
                        "last": "2026-05-31T12:00:00Z",
                        "calls": 3,
                        "refused": {"AccessDenied": 1},
                    }
                ],
            },
            {
                "access_key_id": unused,
                "status": "Inactive",
                "created": "2026-05-30T12:00:00Z",
                "last_used": None,
                "uses": [],
            },
        ],
        "unread": [],
    }
    assert "hunter2" not in outcome.out


def test_no_parameter_of_a_call_is_shown(
    account: Account, usage: CommandLine, history: EventHistory
) -> None:
    [key] = account.add_user("alice", 100)
    secret = {"name": "/db/password", "value": "hunter2"}
    history.add(REGION, key, START, **STS, requestParameters=secret, responseElements=secret)

    outcome = run(usage, "alice")

    assert BOTO in outcome.out
    assert "hunter2" not in outcome.out + outcome.err


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_words_of_strangers_steer_no_terminal(
    account: Account, usage: CommandLine, history: EventHistory, form: list[str]
) -> None:
    [key] = account.add_user("alice", 100)
    hostile = "a\x1b[2J\x1b]0;owned\x07\u202e\r\nAKIA: [bold]Active"
    record = {"sourceIPAddress": hostile, "userAgent": hostile, "errorCode": hostile}
    history.add(REGION, key, START, **record, eventSource=hostile)

    outcome = run(usage, "alice", *form)

    printed = outcome.out + outcome.err
    assert [c for c in printed if not c.isprintable() and c != "\n"] == []
    assert "[bold]Active" in outcome.out
    assert outcome.status == Exit.OK


# -- when it goes wrong ----------------------------------------------------------------------------


def test_a_refused_region_is_named_beside_what_the_others_say(
    account: Account, usage: CommandLine, history: EventHistory
) -> None:
    old, _new = account.add_user("alice", 100, 2)
    history.add("us-east-1", old, START, **STS)
    history.refusals[REGION] = "AccessDeniedException"

    shown, document = run(usage, "alice"), run(usage, "alice", "--json")

    assert shown.status == document.status == Exit.AWS
    assert "203.0.113.7" in shown.out
    [line] = shown.err.splitlines()  # not one for each key
    assert line.startswith(f"key-rotation: {REGION} could not be read: ")
    assert "AccessDeniedException" in line
    unread = json.loads(document.out)["unread"]
    assert [(one["region"], one["read_back_to"]) for one in unread] == [(REGION, None)] * 2
    assert unread[0]["access_key_id"] == old
    assert "AccessDeniedException" in unread[0]["error"]


def test_a_region_that_is_not_read_to_the_end_is_named_beside_what_was_read(
    account: Account, usage: CommandLine, history: EventHistory
) -> None:
    [key] = account.add_user("alice", 100)
    for days in (1, 2, 3):
        history.add(REGION, key, START - timedelta(days=days), **STS)
    history.expired.add(REGION)
    history.refusals["us-east-1"] = "AccessDeniedException"

    shown, document = run(usage, "alice"), json.loads(run(usage, "alice", "--json").out)

    assert shown.status == Exit.AWS
    assert f"sts      {REGION}  203.0.113.7  2 " in shown.out
    assert (
        f"{REGION}: {key} could be read back to 2026-05-30 12:00 UTC only: InvalidNextToken"
        in shown.err
    )
    assert [one["read_back_to"] for one in document["unread"]] == ["2026-05-30T12:00:00Z", None]
    assert [use["calls"] for use in document["keys"][0]["uses"]] == [2]


def test_the_client_of_cloudtrail_leaves_it_to_us_to_try_again(history: EventHistory) -> None:
    history.refusals[REGION] = "ThrottlingException"
    client = Connection(SESSION, USAGE).client("cloudtrail")
    attribute = {"AttributeKey": "AccessKeyId", "AttributeValue": "AKIAIOSFODNN7EXAMPLE"}

    with pytest.raises(ClientError, match="ThrottlingException"):
        client.lookup_events(LookupAttributes=[attribute])

    assert len(history.asked) == 1


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_region_could_be_read(
    account: Account, usage: CommandLine, history: EventHistory, form: list[str]
) -> None:
    account.add_user("alice", 100)
    history.refusals |= dict.fromkeys((REGION, "us-east-1"), "UnrecognizedClientException")

    outcome = run(usage, "alice", *form)

    assert (outcome.status, outcome.out) == (Exit.AWS, "")
    first, second, last = outcome.err.splitlines()
    assert f"{REGION} could not be read" in first
    assert "us-east-1 could not be read" in second
    assert "(is the region enabled in this account?)" in first
    assert last == "key-rotation: no region could be read: nothing is known of these keys"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["nobody"], "there is no IAM user 'nobody' in this account", id="user"),
        pytest.param(["a b"], "there is no IAM user 'a b' in this account", id="no name"),
        pytest.param(["alice", "AKIANOBODYS"], "alice has no access key 'AKIANOBODYS'", id="key"),
        pytest.param(["bob", "AKIANOBODYS"], "'AKIANOBODYS', but none", id="no key"),
    ],
)
def test_who_is_not_there(
    account: Account, usage: CommandLine, history: EventHistory, arguments: list[str], words: str
) -> None:
    account.add_user("alice", 100)
    account.add_user("bob")

    outcome = run(usage, *arguments)

    assert (outcome.status, outcome.out) == (Exit.USAGE, "")
    assert words in outcome.err
    assert history.asked == []


def test_a_key_of_somebody_else(
    account: Account, usage: CommandLine, history: EventHistory
) -> None:
    [hers], [his] = account.add_user("alice", 100), account.add_user("bob", 100)

    outcome = run(usage, "alice", his)

    assert outcome.status == Exit.USAGE
    assert f"alice has no access key '{his}', but {hers}" in outcome.err


def test_a_user_without_keys(account: Account, usage: CommandLine) -> None:
    account.add_user("alice")

    outcome = run(usage, "alice")

    assert (outcome.status, outcome.out) == (Exit.OK, "alice has no access key\n")
    assert json.loads(run(usage, "alice", "--json").out)["keys"] == []


def test_looking_changes_nothing(
    account: Account, usage: CommandLine, history: EventHistory
) -> None:
    account.add_user("alice", 100)
    with calls() as made:
        run(usage, "alice", "--all-regions")

    assert set(made) == {
        *("GetCallerIdentity", "ListAccessKeys", "GetAccessKeyLastUsed", "DescribeRegions"),
        "LookupEvents",
    }


def test_a_region_is_needed(
    account: Account, usage: CommandLine, monkeypatch: pytest.MonkeyPatch, history: EventHistory
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)

    outcome = run(usage, "alice", region="")

    assert (outcome.status, outcome.out) == (Exit.USAGE, "")
    assert "no region: give --region" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no user"),
        pytest.param(["alice", "--days", "0"], id="no days"),
        pytest.param(["alice", "--days", "91"], id="more than CloudTrail keeps"),
        pytest.param(["alice", "--days", "x"], id="no number"),
        pytest.param(["alice", "--name", "other"], id="asks no installation"),
    ],
)
def test_bad_arguments_end_with_2(usage: CommandLine, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(usage, *arguments)

    assert ended.value.code == Exit.USAGE
