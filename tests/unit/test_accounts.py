"""The script that goes through all accounts: its order, its table, what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scripts.accounts import ACCOUNTS, FOLDER, ROOT, Accounts, Outcome, in_order, main, table

from key_rotation_cli.accounts.map import AccountMapError

NAMES = ["data", "security", "shop"]


@pytest.mark.parametrize(
    ("command", "accounts", "order"),
    [
        ("plan", NAMES, ["security", "data", "shop"]),
        ("apply", NAMES, ["security", "data", "shop"]),
        ("destroy", NAMES, ["data", "shop", "security"]),
        ("apply", ["shop"], ["shop"]),
    ],
)
def test_the_central_account_is_first_and_goes_last(
    command: str, accounts: list[str], order: list[str]
) -> None:
    done: list[str] = []

    def do(account: str) -> Outcome:
        done.append(account)
        return Outcome(account, "1" * 12, (0, 0, 0), "done")

    outcomes = in_order(accounts, "security", command, do, jobs=1)

    assert done == [outcome.account for outcome in outcomes] == order


def test_the_table_shows_what_failed() -> None:
    text = table(
        [
            Outcome("security", "111122223333", (47, 0, 0), "done"),
            Outcome("shop", "444455556666", None, "no such role", failed=True),
        ]
    )

    assert text.splitlines() == [
        "account   id            add  change  destroy  result",
        "security  111122223333   47       0        0  done",
        "shop      444455556666    -       -        -  no such role",
    ]


def test_nothing_is_applied_that_was_not_planned(tmp_path: Path) -> None:
    map_ = {"central_account": "a", "accounts": {"a": {"id": "1" * 12}}}
    (tmp_path / ACCOUNTS).write_text(json.dumps(map_))

    outcome = Accounts(tmp_path, {}).apply("a")

    assert (outcome.failed, outcome.result) == (True, "not planned: run plan first")


def test_the_script_needs_a_central_account(tmp_path: Path) -> None:
    (tmp_path / ACCOUNTS).write_text('{"accounts": {"a": {"id": "111122223333"}}}')

    with pytest.raises(AccountMapError, match="json needs central_account"):
        Accounts(tmp_path, {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], r"^\S+/accounts\.auto\.tfvars\.json: not JSON", id="the map"),
        pytest.param(["--only=x"], "not JSON", id="before --only"),
    ],
)
def test_a_map_that_cannot_be_read_ends_the_script(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / ACCOUNTS).write_text("{")

    with pytest.raises(SystemExit, match=message):
        main(["plan", *arguments], tmp_path)


def test_an_account_that_is_not_in_the_map_ends_the_script() -> None:
    with pytest.raises(SystemExit, match="there is no account 'shopp'; known: security, shop"):
        main(["plan", "--only", "shop,shopp"], FOLDER)


def test_the_script_runs_with_the_standard_library_alone(tmp_path: Path) -> None:
    """-I: neither the folder it is started in nor any package that is installed for the user;
    -S: none of the site's."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", ROOT / "scripts" / "accounts.py", "plan", "--only", "nobody"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "there is no account 'nobody'; known: security, shop, warehouse" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "100"])
def test_a_number_of_jobs_that_cannot_be_is_refused(
    jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["plan", f"--jobs={jobs}"])
    assert f"'{jobs}' is not a number from 1 to 99" in capsys.readouterr().err


@pytest.mark.parametrize("failing", ["init", "workspace list", "workspace new"])
def test_what_terraform_refuses_at_the_start_ends_it(tmp_path: Path, failing: str) -> None:
    map_ = {"central_account": "a", "accounts": {"a": {"id": "1" * 12}}}
    (tmp_path / ACCOUNTS).write_text(json.dumps(map_))
    terraform = tmp_path / "terraform"
    terraform.write_text(
        f'#!/bin/sh\nshift\ncase "$*" in "{failing}"*) echo "no {failing}" >&2; exit 1;; esac\n'
    )
    terraform.chmod(0o755)

    with pytest.raises(SystemExit, match=f"no {failing}"):
        Accounts(tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin"}).prepare()


HOSTILE = "\x1b[31mno\x1b[0m \x1b]0;title\x07such \u202erole\x9b2J"


def test_no_text_of_a_provider_steers_the_terminal(tmp_path: Path) -> None:
    map_ = {"central_account": "a", "accounts": {"a": {"id": "1" * 12}}}
    (tmp_path / ACCOUNTS).write_text(json.dumps(map_))
    terraform = tmp_path / "terraform"
    diagnostic = {"severity": "error", "summary": HOSTILE, "detail": f"first\n{HOSTILE}"}
    said = json.dumps({"type": "diagnostic", "diagnostic": diagnostic})
    terraform.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit 1\n")
    terraform.chmod(0o755)
    accounts = Accounts(tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin"})

    with pytest.raises(SystemExit) as ended:
        accounts.prepare()
    shown = [accounts.plan("a").result, *str(ended.value).splitlines()]

    assert [c for line in shown for c in line if not c.isprintable()] == []
    assert shown[0].startswith("no ")
    assert "first no " in shown[0]


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["aply"])
    assert "invalid choice: 'aply'" in capsys.readouterr().err


def test_the_examples_map_is_whole() -> None:
    accounts = Accounts(FOLDER, {})

    assert accounts.central in accounts.ids
    assert all(re.fullmatch(r"\d{12}", account_id) for account_id in accounts.ids.values())


def test_somebody_is_told_in_every_account_of_the_example() -> None:
    """Or else no key would be rotated there."""
    settings = json.loads((FOLDER / ACCOUNTS).read_text())

    for account in settings["accounts"].values():
        assert account.get("operator_emails", settings["operator_emails"]) != []


def test_the_central_topic_admits_every_alarm_of_the_module() -> None:
    root = Path(__file__).resolve().parents[2]
    made = re.findall(
        r"^ {6}([a-z-]+) += \{\n +description", (root / "monitoring.tf").read_text(), re.MULTILINE
    )
    central = (root / "examples" / "multi-account" / "central.tf").read_text()

    assert json.dumps(sorted(made)) in central
    assert len(made) == 5
