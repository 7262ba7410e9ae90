"""The arguments of key-fetch, and what it leaves to whom."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import key_fetch
from key_fetch.failures import Exit
from key_fetch.main import main
from tests.unit.test_architecture import called_at_import, reads_environment

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(key_fetch.__file__).parent
SOURCES = {path.stem: path.read_text() for path in sorted(PACKAGE.glob("*.py"))}
GUIDE = (ROOT / "docs" / "key-fetch.md").read_text()
HARMLESS = {"re.compile", "dataclass", "field", "Config", "auto", "getattr", "timedelta"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param([], "COMMAND", id="no command"),
        pytest.param(["push"], "invalid choice", id="unknown command"),
        pytest.param(["pull", "--profile", "a"], "--secret-id", id="no secret"),
        pytest.param(["pull", "--secret-id", "s"], "--profile", id="no profile"),
        pytest.param(["pull", "--secret-id", "", "--profile", "a"], "nor a name", id="empty"),
        pytest.param(["pull", "--secret-id", "a b", "--profile", "a"], "nor a name", id="blank"),
        pytest.param(["pull", "--secret-id", "s", "--profile", "a]"], "no profile", id="bracket"),
        pytest.param(
            ["pull", "--secret-id", "s", "--profile", "a", "--wait", "-1"], "0 to 3600", id="wait"
        ),
        pytest.param(
            ["pull", "--secret-id", "s", "--profile", "a", "--wait", "x"], "0 to 3600", id="word"
        ),
        pytest.param(
            ["process", "--secret-id", "s", "--lifetime-minutes", "721"], "1 to 720", id="long"
        ),
        pytest.param(
            ["process", "--secret-id", "s", "--lifetime-minutes", "0"], "1 to 720", id="short"
        ),
        pytest.param(["process", "--secret-id", "s", "--", "ls"], "no command", id="a command"),
        pytest.param(["env", "--secret-id", "s"], "after `--`", id="no command for env"),
        pytest.param(["env", "--secret-id", "s", "--"], "after `--`", id="nothing after it"),
        pytest.param(["env", "--secret-id", "s", "ls"], "unrecognized", id="command before it"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)

    printed = capsys.readouterr()
    assert end.value.code == Exit.USAGE
    assert printed.out == ""
    assert why in printed.err


def test_a_secret_by_name_without_a_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))

    assert main(["process", "--secret-id", "iam-access-key/build-agent"]) == Exit.USAGE
    assert capsys.readouterr().err == (
        "key-fetch: no region: name the secret by its ARN, give --region, or set AWS_REGION\n"
    )


@pytest.mark.parametrize("status", [status for status in Exit if status != Exit.INTERRUPTED])
def test_every_exit_status_is_documented(status: Exit) -> None:
    assert re.search(rf"^\| {status.value} \| ", GUIDE, re.MULTILINE)


@pytest.mark.parametrize("module", SOURCES)
def test_nothing_is_read_or_connected_at_import(module: str) -> None:
    calls = called_at_import(SOURCES[module])
    if module == "__main__":
        assert calls == {"sys.exit", "main"}
    else:
        assert calls - HARMLESS == set()


@pytest.mark.parametrize("module", [name for name in SOURCES if name != "main"])
def test_only_main_reads_the_environment(module: str) -> None:
    assert not reads_environment(SOURCES[module])


def modules_after(statement: str) -> set[str]:
    """The libraries that are loaded after it, in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport json, sys\nprint(json.dumps([*sys.modules]))"],
        cwd=ROOT / "cli",
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import key_fetch.main", {"boto3", "botocore", "configupdater"}),
        ("import key_fetch.aws, key_fetch.process", {"boto3", "configupdater"}),
        ("import key_fetch.pull, key_fetch.run_command", {"boto3"}),
    ],
)
def test_a_command_loads_what_it_needs(statement: str, absent: set[str]) -> None:
    loaded = modules_after(statement)

    assert loaded & (absent | {"jinja2", "key_rotation", "key_rotation_cli", "rich"}) == set()
    assert "key_fetch" in loaded


@pytest.mark.parametrize("library", ["jinja2", "rich"])
def test_the_operators_command_says_what_it_lacks(library: str) -> None:
    code = f"import sys\nsys.modules[{library!r}] = None\n"
    code += "from key_rotation_cli.entry import main\nsys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{ROOT / 'lambda'}:{ROOT / 'cli'}"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"key-rotation: {library} is not installed: pip install 'key-rotation[operator]'\n"
    )


def test_no_module_prints_but_main() -> None:
    printing = {
        name
        for name, source in SOURCES.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.stdout.write")
    }

    assert printing == {"main"}
