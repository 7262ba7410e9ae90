"""`--accounts` on the AWS wire (moto): by a role into each account, each with users of its own."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moto.sts.models import sts_backends

from key_rotation_cli.connection import ASSUMPTION
from key_rotation_cli.exits import Exit
from tests.aws.account import Account
from tests.aws.command_line import CommandLine, Outcome
from tests.aws.member_account import MemberAccount
from tests.aws.test_command_line import calls, refused

SHOP, WAREHOUSE, NEW = "444455556666", "777788889999", "222233334444"

type AllAccounts = Callable[..., Outcome]


@pytest.fixture
def shop(account: Account) -> MemberAccount:
    return MemberAccount(account.clock, SHOP)


@pytest.fixture
def warehouse(account: Account) -> MemberAccount:
    return MemberAccount(account.clock, WAREHOUSE)


@pytest.fixture
def all_accounts(key_rotation: CommandLine, tmp_path: Path) -> AllAccounts:
    """Runs a command over a map, whose name of the installation is that of the tests."""

    def run(command: str, *arguments: str, ids: dict[str, str], **said: Any) -> Outcome:
        file = tmp_path / "accounts.auto.tfvars.json"
        accounts = {name: {"id": account_id} for name, account_id in ids.items()}
        file.write_text(json.dumps({"name": "key-rotation", "accounts": accounts, **said}))
        return key_rotation(command, "--accounts", str(file), *arguments, name=None, region=None)

    return run


BOTH = {"shop": SHOP, "warehouse": WAREHOUSE}


def test_status_shows_every_account_with_who_needs_attention_first(
    shop: MemberAccount, warehouse: MemberAccount, all_accounts: AllAccounts
) -> None:
    [young] = shop.add_user("alice", 10)
    [over] = warehouse.add_user("alice", 95)
    warehouse.add_user("carol")

    outcome = all_accounts("status", ids=BOTH)

    assert outcome.status == Exit.OK
    users, counts = (
        [line.split() for line in part.splitlines()] for part in outcome.out.split("\n\n")
    )
    assert [row[:3] for row in users] == [
        ["account", "user", "key"],
        ["warehouse", "alice", over],
        ["shop", "alice", young],
        ["warehouse", "carol", "-"],
    ]
    assert users[1][-6:] == ["key", "too", "old", "rotate", "next", "run"]
    assert counts[1:] == [
        ["shop", SHOP, "1", "1", "1", "10", "d", "0", "0", "0", "0", "0"],
        ["warehouse", WAREHOUSE, "2", "2", "1", "95", "d", "1", "1", "0", "0", "0"],
        ["total", "2", "accounts", "3", "3", "2", "95", "d", "1", "1", "0", "0", "0"],
    ]


def test_an_account_that_cannot_be_read_is_a_row(
    shop: MemberAccount, all_accounts: AllAccounts
) -> None:
    """There is no installation in the new account."""
    [key] = shop.add_user("alice", 10)
    ids = {"new": NEW, "shop": SHOP}

    outcome = all_accounts("status", "--check", ids=ids)

    assert outcome.status == Exit.AWS
    assert outcome.lines[1].split()[:3] == ["shop", "alice", key]
    headings, new, *_rest, of_all = outcome.out.split("\n\n")[1].splitlines()
    assert headings.endswith("  could not be read")
    assert re.split("  +", new) == [
        "new", NEW, "there is no installation 'key-rotation' in eu-west-1: no parameters under "
        "/key-rotation/config (--name, --region)",
    ]  # fmt: skip
    assert of_all.split()[:4] == ["total", "1", "of", "2"]
    assert f"new ({NEW}) could not be read: there is no installation" in outcome.err

    document = json.loads(all_accounts("status", "--json", ids=ids).out)
    [unread] = document["unread_accounts"]
    assert (unread["account"], unread["account_id"]) == ("new", NEW)
    assert [account["account"] for account in document["accounts"]] == ["shop"]

    rows = list(csv.DictReader(io.StringIO(all_accounts("status", "--csv", ids=ids).out)))
    assert [(row["account"], row["account_id"], row["state"]) for row in rows] == [
        ("new", NEW, "unread"),
        ("shop", SHOP, "ok"),
    ]


def test_json_and_csv_have_the_account_in_each_row(
    shop: MemberAccount, warehouse: MemberAccount, all_accounts: AllAccounts
) -> None:
    keys = [shop.add_user("alice", 10)[0], warehouse.add_user("alice", 95)[0]]

    document = json.loads(all_accounts("status", "--json", ids=BOTH).out)
    rows = list(csv.DictReader(io.StringIO(all_accounts("status", "--csv", ids=BOTH).out)))

    users = [user for account in document["accounts"] for user in account["users"]]
    assert [(user["account"], user["user"]) for user in users] == [
        ("shop", "alice"),
        ("warehouse", "alice"),
    ]
    assert [account["account_id"] for account in document["accounts"]] == [SHOP, WAREHOUSE]
    assert [account["counts"]["over_limit"] for account in document["accounts"]] == [0, 1]
    assert document["total"]["managed_users"] == 2
    assert document["total"]["oldest_days"] == 95
    assert [(row["account"], row["account_id"], row["access_key_id"]) for row in rows] == [
        ("shop", SHOP, keys[0]),
        ("warehouse", WAREHOUSE, keys[1]),
    ]


def test_unmanaged_users_of_all_accounts(
    shop: MemberAccount, warehouse: MemberAccount, all_accounts: AllAccounts
) -> None:
    shop.add_user("alice", 95, managed=None)
    warehouse.add_user("bob", 10, managed=None)
    warehouse.pass_days(1)

    table = all_accounts("status", "--unmanaged", ids=BOTH)
    checked = all_accounts("status", "--check", ids=BOTH)
    document = json.loads(
        all_accounts("status", "--unmanaged", "--json", ids=BOTH | {"new": NEW}).out
    )
    text = all_accounts("status", "--unmanaged", "--csv", ids=BOTH | {"new": NEW}).out
    declined = all_accounts("status", "--unmanaged", "--state", "ok", ids=BOTH)

    assert table.status == Exit.OK
    assert {tuple(line.split()[:2]) for line in table.lines[1:3]} == {
        ("shop", "alice"), ("warehouse", "bob"),
    }  # fmt: skip
    assert checked.status == Exit.FINDINGS
    assert "shop: 1 key of 1 user not managed over the limit" in checked.err
    users = [user for account in document["accounts"] for user in account["users"]]
    assert [(user["account"], user["user"]) for user in users] == [
        ("shop", "alice"),
        ("warehouse", "bob"),
    ]
    assert [each["account"] for each in document["unread_accounts"]] == ["new"]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["account"], row["account_id"], row["user"]) for row in rows] == [
        ("new", NEW, ""), ("shop", SHOP, "alice"), ("warehouse", WAREHOUSE, "bob"),
    ]  # fmt: skip
    assert rows[0]["reason"].startswith("there is no installation")
    assert declined.status == Exit.USAGE
    assert "--unmanaged shows all of them: leave out --state" in declined.err


@pytest.mark.parametrize("operation", ["ListSubscriptionsByTopic", "GetSubscriptionAttributes"])
def test_of_which_account_the_subscriptions_could_not_be_read(
    operation: str, shop: MemberAccount, all_accounts: AllAccounts, tmp_path: Path
) -> None:
    shop.add_user("dave", 400, managed=None)

    with refused(operation):
        outcome = all_accounts("status", "--check", ids={"shop": SHOP})
        report = all_accounts("report", "--html", str(tmp_path / "all.html"), ids={"shop": SHOP})

    assert outcome.status == Exit.AWS
    assert "shop: the subscriptions could not be read: ClientError" in outcome.err
    assert "shop: 1 key of 1 user not managed over the limit" in outcome.err
    assert report.status == Exit.OK  # it has nothing of them


def test_an_account_without_a_credential_report_is_never_compliant(
    shop: MemberAccount, all_accounts: AllAccounts, tmp_path: Path
) -> None:
    """Nobody knows of users who are not managed."""
    shop.add_user("alice", 10)
    shop.add_user("dave", 400, managed=None)
    file = tmp_path / "all.html"

    with refused("GetCredentialReport"):
        checked = all_accounts("status", "--check", ids={"shop": SHOP})
        all_accounts("report", "--html", str(file), ids={"shop": SHOP})

    assert checked.status == Exit.FINDINGS
    assert "shop: " in checked.err
    assert "Nobody knows how many users who are not managed have keys." in file.read_text()
    assert "<strong>Incomplete</strong>" in file.read_text()


def test_check_is_over_all_accounts(
    shop: MemberAccount, warehouse: MemberAccount, all_accounts: AllAccounts
) -> None:
    shop.add_user("alice", 10)
    assert all_accounts("status", "--check", ids=BOTH).status == Exit.OK
    warehouse.add_user("bob", 95)

    outcome = all_accounts("status", "--check", ids=BOTH)

    assert outcome.status == Exit.FINDINGS
    assert "warehouse: bob: key AKIA" in outcome.err
    assert all_accounts("status", "--check", "--only", "shop", ids=BOTH).status == Exit.OK


def test_a_user_is_looked_for_in_every_account(
    shop: MemberAccount, warehouse: MemberAccount, all_accounts: AllAccounts
) -> None:
    shop.add_user("alice", 10)
    shop.add_user("bob", 95)
    warehouse.add_user("carol", 10)

    outcome = all_accounts("status", "--user", "alice", "--json", ids=BOTH)
    nobody = all_accounts("status", "--user", "alicia", ids=BOTH)

    accounts = json.loads(outcome.out)["accounts"]
    assert outcome.status == Exit.OK
    assert [[user["user"] for user in account["users"]] for account in accounts] == [["alice"], []]
    assert nobody.status == Exit.USAGE
    assert "'alicia' is not a managed user of any of these accounts: shop, wareh" in nobody.err


def test_settled_users_of_many_accounts_are_not_read(
    shop: MemberAccount, warehouse: MemberAccount, all_accounts: AllAccounts
) -> None:
    """Of one account so few would be."""
    assert shop
    for number in range(51):
        warehouse.add_user(f"user-{number}", 10)
    warehouse.pass_days(1)

    with calls() as made:
        outcome = all_accounts("status", ids=BOTH)

    assert outcome.status == Exit.OK
    assert "warehouse: 51 settled users not read one by one" in outcome.out
    assert "ListAccessKeys" not in made
    assert len(made) < 40


def test_it_assumes_the_role_of_the_map_once_an_account(
    shop: MemberAccount, warehouse: MemberAccount, all_accounts: AllAccounts
) -> None:
    assert shop.id != warehouse.id
    with calls() as made:
        all_accounts("status", ids=BOTH, role_name="teams/viewer")

    assert made.count("AssumeRole") == 2
    assert {f"sts:{call}" for call in made[:2]} <= ASSUMPTION
    for account_id in BOTH.values():
        entered = sts_backends[account_id]["aws"].assumed_roles[-1]
        assert entered.role_arn == f"arn:aws:iam::{account_id}:role/teams/viewer"
        assert entered.session_name == "key-rotation"


def test_the_role_of_the_command_line_comes_before_that_of_the_map(
    shop: MemberAccount, all_accounts: AllAccounts
) -> None:
    all_accounts("status", "--role-name", "viewer", ids={"shop": SHOP}, role_name="terraform")

    entered = sts_backends[shop.id]["aws"].assumed_roles[-1]
    assert entered.role_arn == f"arn:aws:iam::{SHOP}:role/viewer"


@pytest.mark.parametrize("option", ["--name", "--region"])
def test_name_and_region_of_the_command_line_come_before_those_of_the_map(
    shop: MemberAccount, all_accounts: AllAccounts, option: str
) -> None:
    """The name as it is by default is said all the same."""
    assert shop
    value = {"--name": "access-key-rotation", "--region": "eu-central-1"}[option]

    outcome = all_accounts("status", option, value, ids={"shop": SHOP})

    assert outcome.status == Exit.AWS
    assert "there is no installation" in outcome.err
    assert value in outcome.err


def test_the_report_is_one_file_over_all_accounts(
    shop: MemberAccount, warehouse: MemberAccount, all_accounts: AllAccounts, tmp_path: Path
) -> None:
    keys = [shop.add_user("alice", 10)[0], warehouse.add_user("alice", 95)[0]]
    target = tmp_path / "report.html"

    outcome = all_accounts("report", "--html", str(target), ids=BOTH)

    assert outcome.status == Exit.OK
    assert outcome.out == (
        f"{target}: 2 accounts, 2 managed users, 2 active keys, 1 over 90 days, 0 users blocked\n"
    )
    text = target.read_text()
    assert [key for key in keys if key not in text] == []
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_the_report_names_an_account_that_could_not_be_read(
    shop: MemberAccount, all_accounts: AllAccounts, tmp_path: Path
) -> None:
    assert shop
    target = tmp_path / "report.html"

    outcome = all_accounts("report", "--html", str(target), ids={"new": NEW, "shop": SHOP})

    assert outcome.status == Exit.AWS
    assert "<strong>Incomplete</strong>" in target.read_text()
    assert "1 account could not be read" in target.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--only", "shop"], "--only is for the map of --accounts", id="--only"),
        pytest.param(["--role-name", "a"], "--role-name is for the map", id="--role-name"),
    ],
)
def test_what_belongs_to_a_map_is_refused_without_one(
    key_rotation: CommandLine, arguments: list[str], message: str
) -> None:
    outcome = key_rotation("status", *arguments)

    assert outcome.status == Exit.USAGE
    assert message in outcome.err


def test_a_map_that_cannot_be_used_ends_it_before_any_call(all_accounts: AllAccounts) -> None:
    with calls() as made:
        outcome = all_accounts("status", ids={"shop": "4444"})
        unknown = all_accounts("status", ids=BOTH, regoin="eu-west-1")
        nobody = all_accounts("status", "--only", "shopp", ids=BOTH)

    assert [one.status for one in (outcome, unknown, nobody)] == [Exit.USAGE] * 3
    assert "accounts.shop.id: must be the 12 digits" in outcome.err
    assert "there is no field regoin" in unknown.err
    assert "--only: there is no account 'shopp'" in nobody.err
    assert made == []


def test_a_role_that_is_none_is_refused(
    key_rotation: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        key_rotation("status", "--accounts", "map.json", "--role-name", "no role")
    assert "'no role' is not the name of a role" in capsys.readouterr().err
