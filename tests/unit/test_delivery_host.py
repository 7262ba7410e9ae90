"""examples/delivery/host: key-fetch takes the commands as they stand, and the files agree.

Python has no parser for units. `systemd-analyze verify` was run by hand; nothing here repeats it.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.configloader import load_config, raw_config_parse

from key_fetch.failures import Exit
from tests.unit.secret_server import SecretServer, secret_server

ROOT = Path(__file__).resolve().parents[2]
HOST = ROOT / "examples" / "delivery" / "host"
PROGRAM = "/usr/local/bin/key-fetch"
CREDENTIALS = "/var/lib/build-agent/.aws/credentials"
SECRET_ARN = (
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/build-agent-a1B2c3"
)


def _unit(name: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((HOST / name).read_text())
    return unit


def _cron_line() -> str:
    lines = (HOST / "key-fetch.cron").read_text().splitlines()
    [line] = [line for line in lines if re.match(r"[\d*]", line)]
    return line


SERVICE = _unit("key-fetch.service")
KEY = raw_config_parse(str(HOST / "credentials"))["build-agent"]
PROFILES = load_config(str(HOST / "config"))["profiles"]
MINUTE_TO_USER, CRON_COMMAND = _cron_line().split()[:6], _cron_line().split(maxsplit=6)[6]
COMMANDS = {
    "service": SERVICE["Service"]["ExecStart"],
    "cron": re.findall(rf"{PROGRAM} pull .*?(?= 2>&1)", CRON_COMMAND)[0],
    "config": PROFILES["build-agent-live"]["credential_process"],
}
NO_FAILURE = {0, *map(int, SERVICE["Service"]["SuccessExitStatus"].split())}


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    copy = tmp_path / "credentials"
    copy.write_text((HOST / "credentials").read_text())
    copy.chmod(0o600)
    return copy


@pytest.fixture
def server() -> Iterator[SecretServer]:
    names = ("aws_access_key_id", "aws_secret_access_key")
    key_id, secret = (KEY[name] for name in names)
    with secret_server({"Version": 1, "AccessKeyId": key_id, "SecretAccessKey": secret}) as served:
        yield served


def _run(command: str, credentials: Path, server: SecretServer) -> subprocess.CompletedProcess[str]:
    """The command as the file has it, but for the places of program and credentials."""
    program, *arguments = shlex.split(command)
    assert program == PROGRAM
    places = {CREDENTIALS: str(credentials)}
    return subprocess.run(
        [sys.executable, "-m", "key_fetch", *(places.get(word, word) for word in arguments)],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "cli"),
            "AWS_ENDPOINT_URL": server.url,
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_CONFIG_FILE": str(HOST / "config"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_works_as_it_stands(name: str, credentials: Path, server: SecretServer) -> None:
    before = credentials.read_text()

    done = _run(COMMANDS[name], credentials, server)

    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    assert server.calls == [("GetSecretValue", SECRET_ARN, KEY["aws_access_key_id"])]
    assert credentials.read_text() == before
    if name == "config":
        assert json.loads(done.stdout)["AccessKeyId"] == KEY["aws_access_key_id"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_misspelt_option_is_refused(name: str, credentials: Path, server: SecretServer) -> None:
    done = _run(COMMANDS[name].replace("--secret-id", "--secret-ib"), credentials, server)

    assert done.returncode == Exit.USAGE
    assert server.calls == []


def test_service_and_cron_pull_alike() -> None:
    assert COMMANDS["cron"] == COMMANDS["service"]
    assert MINUTE_TO_USER[5] == SERVICE["Service"]["User"]


@pytest.mark.parametrize("status", list(Exit))
def test_cron_mails_what_systemd_calls_a_failure(status: Exit, tmp_path: Path) -> None:
    program = tmp_path / "key-fetch"
    program.write_text(f"#!/bin/sh\necho 'what it said' >&2\nexit {status.value}\n")
    program.chmod(0o755)
    line = CRON_COMMAND.replace(PROGRAM, shlex.quote(str(program)))

    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)

    assert done.stdout == ("" if status in NO_FAILURE else "what it said\n")
    assert done.stderr == ""


def test_what_is_no_failure() -> None:
    assert sorted(NO_FAILURE) == [Exit.DONE, Exit.PLACEHOLDER, Exit.BUSY]


def test_cron_fields() -> None:
    """Five of time, the user, the command on the rest of one line, where "%" would be a new one."""
    limits = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
    for value, (least, most) in zip(MINUTE_TO_USER, limits, strict=False):
        assert value == "*" or least <= int(value) <= most
    assert "%" not in CRON_COMMAND
    assert re.search(r"^MAILTO=\S+@\S+$", (HOST / "key-fetch.cron").read_text(), re.MULTILINE)
    assert (HOST / "key-fetch.cron").read_text().endswith("\n"), "cron ignores such a last line"


def test_a_pull_can_write_beside_its_file() -> None:
    assert SERVICE["Service"]["ReadWritePaths"].split() == [str(Path(CREDENTIALS).parent)]
    assert f"--credentials-file {CREDENTIALS}" in COMMANDS["service"]


def test_the_timer_starts_the_service() -> None:
    timer = _unit("key-fetch.timer")

    assert "Unit" not in timer["Timer"], "without it, the service of the same name"
    assert timer["Timer"]["Persistent"] == "true"
    assert "Install" not in SERVICE, "started by the timer alone"


def test_the_live_profile_holds_no_key_of_its_own() -> None:
    """A profile that does would ignore its `credential_process`."""
    assert set(PROFILES) == {"build-agent", "build-agent-live"}
    assert "build-agent-live" not in raw_config_parse(str(HOST / "credentials"))
    assert COMMANDS["config"].endswith("--profile build-agent")


@pytest.mark.parametrize("name", COMMANDS)
def test_all_are_about_one_secret(name: str) -> None:
    words = shlex.split(COMMANDS[name])

    assert words[words.index("--secret-id") + 1] == SECRET_ARN
