"""The script that goes through all accounts: its command line, its order, its table."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from key_rotation_accounts.account_map import ACCOUNTS, RefusalError, read_map
from key_rotation_accounts.accounts import Accounts, in_order
from key_rotation_accounts.artefact import Artefact
from key_rotation_accounts.main import main
from key_rotation_accounts.outcome import Outcome, Result, failures_in_full, table
from key_rotation_accounts.terraform import Terraform
from key_rotation_cli.accounts import map as command_line

from .fake_terraform import FakeTerraform

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "accounts"
FOLDER = ROOT / "examples" / "multi-account"
NAMES = ["data", "security", "shop"]


def outcome(account: str, result: Result, why: str = "") -> Outcome:
    return Outcome(account, "1" * 12, result, None, why)


@pytest.mark.parametrize(
    ("accounts", "order"),
    [(NAMES, ["security", "data", "shop"]), (["shop"], ["shop"])],
)
def test_the_central_account_is_first(accounts: list[str], order: list[str]) -> None:
    done: list[str] = []

    def act(account: str) -> Outcome:
        done.append(account)
        return outcome(account, Result.APPLIED)

    outcomes = in_order(accounts, "security", act, jobs=1)

    assert done == [each.account for each in outcomes] == order


@pytest.mark.parametrize(
    ("failing", "order"),
    [
        (None, ["data", "shop", "security"]),
        ("data", ["data", "shop"]),
    ],
)
def test_the_central_account_goes_last_and_stays_while_another_one_does(
    failing: str | None, order: list[str]
) -> None:
    done: list[str] = []

    def act(account: str) -> Outcome:
        done.append(account)
        return outcome(account, Result.FAILED if account == failing else Result.DESTROYED)

    def spare(failed: object) -> Outcome:
        return outcome("security", Result.FAILED, f"spared for {failed}")

    outcomes = in_order(NAMES, "security", act, 1, spare)

    assert done == order
    assert outcomes[-1].why == ("" if failing is None else "spared for ['data']")


def test_the_table_tells_failed_from_no_change() -> None:
    outcomes = [
        Outcome("security", "111122223333", Result.APPLIED, (47, 0, 0)),
        Outcome("data", "222233334444", Result.NO_CHANGE, (0, 0, 0)),
        Outcome("shop", "444455556666", Result.FAILED, None, "no such\nrole" + " x" * 60),
    ]

    assert table(outcomes).splitlines() == [
        "account   id            add  change  destroy  result",
        "security  111122223333   47       0        0  applied",
        "data      222233334444    0       0        0  no change",
        "shop      444455556666    -       -        -  failed: no such role" + " x" * 43 + "…",
    ]
    assert failures_in_full(outcomes) == "shop failed:\nno such\nrole" + " x" * 60


MAPS = [
    pytest.param("{", id="no JSON"),
    pytest.param("[]", id="no object"),
    pytest.param("{}", id="no accounts"),
    pytest.param('{"accounts": {"a": {}}}', id="no id"),
    pytest.param('{"accounts": {"a": {"id": 1}}}', id="an odd id"),
    pytest.param(
        json.dumps({"accounts": {"a": {"id": "1" * 12}, "b": {"id": "1" * 12}}}), id="twins"
    ),
    pytest.param(
        json.dumps({"accounts": {"a": {"id": "1" * 12}}, "central_account": "b"}), id="no such"
    ),
]


@pytest.mark.parametrize("text", MAPS)
def test_the_script_refuses_what_the_command_line_refuses_in_its_words(
    tmp_path: Path, text: str
) -> None:
    """Two readings of one file, since the script must run without the command line."""
    file = tmp_path / ACCOUNTS
    file.write_text(text)
    with pytest.raises(command_line.AccountMapError) as refused:
        command_line.read_map(file)

    with pytest.raises(RefusalError, match=f"^{re.escape(str(refused.value))}$"):
        read_map(tmp_path)


def test_both_read_the_same_accounts() -> None:
    ours, theirs = read_map(FOLDER), command_line.read_map(FOLDER / ACCOUNTS)

    assert (ours.ids, ours.central) == (theirs.ids, theirs.central)
    assert list(ours.ids) == list(theirs.ids)


@pytest.mark.parametrize(
    ("map_", "message"),
    [
        ({"accounts": {"a": {"id": "1" * 12}}}, "json needs central_account: the name of"),
        ({"accounts": {"../a": {"id": "1" * 12}}}, "'../a' cannot be the name of a workspace"),
        ({"accounts": {"default": {"id": "1" * 12}}}, "'default' is a workspace that Terraform"),
    ],
)
def test_what_the_script_needs_beyond_that(
    tmp_path: Path, map_: dict[str, object], message: str
) -> None:
    (tmp_path / ACCOUNTS).write_text(json.dumps(map_))

    with pytest.raises(RefusalError, match=message):
        read_map(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["aply"], "invalid choice: 'aply'"),
        (["plan", "--jobs=0"], "'0' is not a number from 1 to 99"),
        (["plan", "--jobs=two"], "'two' is not a number from 1 to 99"),
        (["drift", "--out=x"], "unrecognized arguments: --out=x"),
        ([], "required: COMMAND"),
    ],
)
def test_a_typing_error_never_passes_for_drift(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "No such file or directory. --folder names the folder of the root module"),
        (["--folder", FOLDER, "--only", "shop,shopp"], "no account 'shopp' in .*; known: security"),
        (["--folder", FOLDER, "--destroy"], "which accounts\\? Name them: --only shop, or --all"),
        (["--folder", FOLDER, "--destroy", "--all", "--only=shop"], "exclude each other"),
        (["--folder", FOLDER, "--destroy", "--only=security"], "and shop and warehouse send to"),
    ],
)
def test_what_is_refused_before_terraform_begins(
    arguments: list[object],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake = FakeTerraform(tmp_path)
    monkeypatch.setenv("PATH", fake.environment["PATH"])
    monkeypatch.delenv("TF", raising=False)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)

    assert main(["plan", *(str(argument) for argument in arguments)]) == 1
    assert re.search(f"^error: .*{message}", capsys.readouterr().err, re.MULTILINE)


def test_the_script_runs_where_it_was_copied_to_with_the_standard_library_alone(
    tmp_path: Path,
) -> None:
    """-I: neither the folder it is started in nor any package that is installed for the user;
    -S: none of the site's."""
    copy = tmp_path / "tools" / "many accounts"
    shutil.copytree(SCRIPT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    fake = FakeTerraform(tmp_path)
    fake.plans("shop", "aws_sns_topic.this")

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", copy, "plan", "--folder", "rotation"],
        cwd=tmp_path,
        env=fake.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr.splitlines()) == (
        0,
        [
            f"Terraform 1.11.4, {tmp_path}/rotation",
            *(f"{name}: plan …" for name in ("security", "data", "shop")),
        ],
    )
    assert done.stdout.splitlines()[-7:] == [
        "account   id            add  change  destroy  result",
        "security  111122223333    0       0        0  no change",
        "data      222233334444    0       0        0  no change",
        "shop      444455556666    0       1        0  planned",
        "",
        "To read them:  rotation/plans/plans.md",
        f"To apply them: python {copy} apply --folder rotation --out rotation/plans",
    ]


@pytest.mark.parametrize(
    ("named", "there", "taken"),
    [
        (None, ["terraform", "tofu"], "terraform"),
        (None, ["tofu"], "tofu"),
        ("tofu", ["terraform", "tofu"], "tofu"),
        ("tofu", ["terraform"], "TF is 'tofu', which is no program on the PATH"),
        (None, [], "neither terraform nor tofu is on the PATH"),
    ],
)
def test_tofu_is_taken_where_there_is_no_terraform_or_where_it_is_named(
    tmp_path: Path, named: str | None, there: list[str], taken: str
) -> None:
    fake = FakeTerraform(tmp_path)
    fake.uninstall("terraform")
    for program in there:
        fake.install(program)
    terraform = Terraform(tmp_path, fake.environment | ({"TF": named} if named else {}))

    try:
        found = Path(terraform.program).name
    except RefusalError as refused:
        found = str(refused)

    assert found.startswith(taken)


def test_a_workspace_of_the_environment_is_not_heeded(tmp_path: Path) -> None:
    fake = FakeTerraform(tmp_path)

    Terraform(fake.module, fake.environment | {"TF_WORKSPACE": "sold"}).init()

    assert fake.calls == ["- init"]


@pytest.mark.parametrize("failing", ["version", "init", "workspace list", "workspace new"])
def test_what_terraform_refuses_at_the_start_ends_it(tmp_path: Path, failing: str) -> None:
    fake = FakeTerraform(tmp_path)
    fake.write("refused", failing)
    terraform = Terraform(fake.module, fake.environment)
    accounts = Accounts(read_map(fake.module), terraform, 1, lambda _text: None)

    with pytest.raises(RefusalError, match=f"no {failing}"):
        accounts.plan(NAMES, Artefact(tmp_path / "out"), destroy=False)


HOSTILE = "\x1b[31mno\x1b[0m \x1b]0;title\x07such \u202erole\x9b2J"


def test_no_text_of_a_provider_steers_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeTerraform(tmp_path)
    fake.plans("shop", problem=HOSTILE)
    fake.plans("data", f"aws_x.this[{HOSTILE!r}]", f"aws_y.{HOSTILE}", text=HOSTILE)
    fake.write("workspaces", "  data\n  shop\n  security\n")
    monkeypatch.setenv("PATH", fake.environment["PATH"])
    monkeypatch.delenv("TF", raising=False)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)

    main(["plan", "--folder", str(fake.module), "--out", str(tmp_path / "out")])
    main(["drift", "--folder", str(fake.module)])
    shown = capsys.readouterr().out

    assert [c for c in shown if not c.isprintable() and c != "\n"] == []
    assert "failed: no " in shown
    assert "aws_y.no " in shown
    assert HOSTILE not in (tmp_path / "out" / "plans.md").read_text()


def test_somebody_is_told_in_every_account_of_the_example() -> None:
    """Or else no key would be rotated there."""
    settings = json.loads((FOLDER / ACCOUNTS).read_text())

    for account in settings["accounts"].values():
        assert account.get("operator_emails", settings["operator_emails"]) != []


def test_the_central_topic_admits_every_alarm_of_the_module() -> None:
    made = re.findall(
        r"^ {6}([a-z-]+) += \{\n +description", (ROOT / "monitoring.tf").read_text(), re.MULTILINE
    )
    central = (FOLDER / "central.tf").read_text()

    assert json.dumps(sorted(made)) in central
    assert len(made) == 5


def test_no_module_of_the_example_waits_for_the_central_policies() -> None:
    """It would make all of the module known only after the apply, whenever an account is added."""
    assert not re.search(r"^ *depends_on *=", (FOLDER / "main.tf").read_text(), re.MULTILINE)
