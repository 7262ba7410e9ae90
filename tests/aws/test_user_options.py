"""Options of single users on the AWS wire: read, pinned, and of effect for that user only."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from key_rotation import handler
from key_rotation.domain.settings import SettingsError
from key_rotation.domain.user_options import options_sha256
from tests.aws.account import PATH, Account
from tests.aws.command_line import CommandLine
from tests.aws.test_access import readers_of
from tests.aws.test_pins import Context, assert_untouched

OWN = "arn:aws:iam::999999999999:role/of-alice"
ANOTHER = "arn:aws:iam::999999999999:role/another"
EVERYBODYS = "arn:aws:iam::999999999999:role/deploy"
BESIDE = "/key-rotation/users"


def actions(response: dict[str, Any], name: str = "alice") -> list[tuple[str, str]]:
    return [(row["action"], row["reason"]) for row in response["users"] if row["user"] == name]


def pages_read(account: Account) -> list[str]:
    """The paths of all pages of parameters that the next run reads."""
    read: list[str] = []
    events = account.client("ssm").meta.events

    def note(params: dict[str, Any], **_: Any) -> None:
        read.append(json.loads(params["body"])["Path"])

    events.register("before-call.ssm.GetParametersByPath", note)
    try:
        account.run()
    finally:
        events.unregister("before-call.ssm.GetParametersByPath", note)
    return read


# -- what it costs ---------------------------------------------------------------------------------


def test_without_options_nothing_more_is_read(account: Account) -> None:
    assert pages_read(account) == [PATH] * 4


def test_a_hundred_and_sixteen_chunks_are_twelve_pages_more(account: Account) -> None:
    """As of 5,000 users who all have one reader."""
    ssm = account.client("ssm")
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    chunks = {"00-000": json.dumps({"alice": {"reader_arns": [OWN]}})}
    for number in range(1, 116):
        name, value = f"00-{number:03}", json.dumps({f"user-{number}": {"first_key": True}})
        chunks[name] = value
        ssm.put_parameter(Name=f"{BESIDE}/{name}", Value=value, Type="String")
    account.set_parameter("user_options_sha256", options_sha256(chunks))

    assert pages_read(account) == [PATH] * 4 + [BESIDE] * 12


# -- pinned ----------------------------------------------------------------------------------------


def added(account: Account) -> None:
    account.client("ssm").put_parameter(Name=f"{BESIDE}/00-001", Value="{}", Type="String")


def changed(account: Account) -> None:
    value = json.dumps({"alice": {"reader_arns": [ANOTHER]}})
    account.client("ssm").put_parameter(
        Name=f"{BESIDE}/00-000", Value=value, Type="String", Overwrite=True
    )


def missing(account: Account) -> None:
    account.client("ssm").delete_parameter(Name=f"{BESIDE}/00-000")


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (added, "00-001 was added"),
        (changed, "00-000 was changed"),
        (missing, "00-000 is missing"),
    ],
)
def test_a_chunk_that_somebody_touched_ends_the_run_before_the_first_change(
    account: Account, monkeypatch: pytest.MonkeyPatch, act: Any, named: str
) -> None:
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    [key] = account.add_user("alice", 90)
    act(account)
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=re.escape(f"wrote them ({BESIDE}/{named}):")):
        handler.lambda_handler({}, Context())

    assert_untouched(account, key)


def test_the_hash_cannot_be_changed_along_with_a_chunk(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    [key] = account.add_user("alice", 90)
    environment = account.environment()
    account.set_user_options({"alice": {"reader_arns": [ANOTHER]}})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match="config/user_options_sha256 is not as Terraform"):
        handler.lambda_handler({}, Context())

    assert_untouched(account, key)


def test_options_as_terraform_wrote_them_let_the_function_work(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    [key] = account.add_user("alice", 90)
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)

    handler.lambda_handler({}, Context())

    assert account.statuses()[key] == "Inactive"
    assert readers_of(account) == [OWN]


# -- options of nobody -----------------------------------------------------------------------------


def test_options_of_a_user_who_is_not_managed_are_reported_and_fail_nothing(
    account: Account,
) -> None:
    account.set_user_options({n: {"reader_arns": [OWN]} for n in ("bob", "carol")})
    account.add_user("alice", 90)
    account.add_user("bob", 90, managed=None)

    response = account.run()

    assert actions(response, "bob") == [("report", "named_in_vain")]
    assert actions(response, "carol") == [("report", "named_in_vain")]
    assert response["failed"] == 0
    assert ("rotate", "key_too_old") in actions(response)


def test_a_run_for_named_users_says_nothing_of_others(account: Account) -> None:
    account.set_user_options({"carol": {"reader_arns": [OWN]}})
    account.add_user("alice", 40)

    assert account.run({"users": ["alice"]})["users"] == []


# -- the command line ------------------------------------------------------------------------------


def test_status_shows_options_and_those_of_nobody(
    account: Account, key_rotation: CommandLine
) -> None:
    account.set_user_options(
        {"alice": {"reader_arns": [OWN]}, "carol": {"smtp_regions": ["eu-west-1"]}}
    )
    account.add_user("alice", 40)
    account.add_user("bob", 40)

    document = json.loads(key_rotation("status", "--json").out)

    assert {user["user"]: user["options"] for user in document["users"]} == {
        "alice": {"reader_arns": [OWN]},
        "bob": {},
    }
    assert list(document["named_in_vain"]) == ["carol"]
    said = key_rotation("status").err
    assert "carol: named in `users`, but no IAM user has that name" in said
    assert "The options (smtp_regions) have no effect" in said


def test_the_forecast_knows_who_else_can_fetch(account: Account, key_rotation: CommandLine) -> None:
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    account.add_user("alice", 90, password=False)
    account.add_user("bob", 90, password=False)

    rows = json.loads(key_rotation("plan", "--json").out)["users"]

    assert [row["user"] for row in rows if row["action"] == "disable"] == ["alice"]


def test_the_command_line_sees_a_chunk_that_somebody_touched(
    account: Account, key_rotation: CommandLine
) -> None:
    account.set_user_options({"alice": {"reader_arns": [OWN]}})
    changed(account)

    outcome = key_rotation("status")

    assert outcome.status == 2
    assert f"the parameters under {BESIDE} are not as Terraform wrote them" in outcome.err
