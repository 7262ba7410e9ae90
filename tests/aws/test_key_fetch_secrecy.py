"""key-fetch as a program of its own: what runs, what others see of it, and what it leaves behind.

Every command and many a failure is searched for the secret access keys: what it prints, the
process list all the time, the home folder and the folder of temporary files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from botocore.session import Session

from key_fetch.failures import Exit
from key_fetch.key import Key
from tests.aws.gateway import gateway
from tests.aws.iam_checks import iam_checks
from tests.aws.owners_host import USER, OwnersHost, profile

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "key_fetch"]


@dataclass
class Program:
    """key-fetch in processes of their own, against moto by HTTP."""

    host: OwnersHost
    url: str
    seen: list[str] = field(default_factory=list)  # the process list, while they ran

    @property
    def environment(self) -> dict[str, str]:
        temporary = self.host.home / "tmp"
        temporary.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.host.home),
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(ROOT / "cli"),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def __call__(self, command: str, *arguments: str, **more: str) -> tuple[int, str, str]:
        """The exit status, and what it printed."""
        words = [*PROGRAM, command, "--secret-id", self.host.secret_arn, *arguments]
        with (
            iam_checks(),
            subprocess.Popen(
                words,
                env=self.environment | more,
                cwd=self.host.home,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as running,
        ):
            while running.poll() is None:
                self.seen.append(process_list())
                sleep(0.01)
            out, err = running.communicate()
        return running.returncode, out, err

    def pull(self, *arguments: str, **more: str) -> tuple[int, str, str]:
        return self("pull", "--profile", USER, *arguments, **more)


def process_list() -> str:
    """The arguments of all processes, as everybody on a host may see them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return "\n".join(found)


@pytest.fixture
def program(host: OwnersHost) -> Iterator[Program]:
    with gateway() as url:
        yield Program(host, url)


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_service_that_never_stops_takes_every_new_key(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timer pulls; the program asks `key-fetch process` by botocore, and is never refused."""
    host = program.host
    words = [*PROGRAM, "process", "--secret-id", host.secret_arn, "--profile", USER]
    host.config.write_text(
        f"[profile {USER}-live]\nregion = eu-west-1\n"
        f"credential_process = {' '.join(words)} --lifetime-minutes 1\n"
    )
    for name, value in program.environment.items():
        monkeypatch.setenv(name, value)
    service: Any = Session(profile=f"{USER}-live").create_client("sts")

    for _ in range(3):
        with iam_checks():
            assert service.get_caller_identity()["Arn"].endswith(f":user/{USER}")
        assert program.pull()[0] == Exit.DONE
        with iam_checks():
            assert service.get_caller_identity()["Arn"].endswith(f":user/{USER}")
        host.delete(host.old)
        host.old, host.new = host.new, host.add_key()
        host.put(host.new)

    found = Session(profile=f"{USER}-live").get_credentials()
    assert found is not None
    assert found.access_key == host.new.id


def test_no_secret_access_key_is_seen_or_left(program: Program) -> None:
    host = program.host
    secrets = [host.old.secret, host.new.secret]
    live = ["--profile", USER]
    inherited = {"AWS_PROFILE": f"{USER}-live"}
    host.config.write_text(
        f"[profile {USER}-live]\ncredential_process = "
        f"{' '.join(PROGRAM)} process --secret-id {host.secret_arn}\n"
    )
    shown: list[tuple[int, str, str]] = []

    host.put({"Placeholder": host.new.secret})
    shown += [program.pull(), program("process", *live), program("env", *live, "--", "true")]
    host.put({"AccessKeyId": host.new.id, "SecretAccessKey": [host.new.secret]})
    shown += [program.pull(), program("process", *live), program("env", *live, "--", "true")]
    host.put(f'{{"AccessKeyId": "{host.new.id}", "SecretAccessKey": "{host.new.secret}')
    shown += [program.pull(), program("process", *live), program("env", *live, "--", "true")]
    host.put(host.new)
    known = host.hide(host.new)
    shown += [program.pull("--wait", "0")]
    known()
    text = host.text
    for broken in (
        f"{text}{host.old.secret}\n",  # a line without a name
        f"{text}{host.old.secret}=\n{host.old.secret}=\n",  # an option twice
        f"{host.old.secret}\n{text}",  # before any section
        text.replace(f"_key = {host.old.secret}", f"_key = {host.old.secret}\n  {host.old.secret}"),
        text.replace(host.old.secret, f"{host.old.secret} # {host.old.secret}"),
    ):
        host.write(broken)
        shown += [program.pull(), program("process", *live)]
    host.write(text)
    host.credentials.chmod(0o400)
    shown += [program.pull()]
    host.credentials.chmod(0o600)
    shown += [program.pull(AWS_ENDPOINT_URL="http://127.0.0.1:9")]
    shown += [program("process", **inherited), program("env", *live, "--", "no-such-command")]
    shown += [program("env", *live, "--", host.credentials.as_posix())]
    statuses = {status for status, _, _ in shown}
    assert statuses == {
        *(Exit.PLACEHOLDER, Exit.UNUSABLE, Exit.NOT_ACCEPTED_YET, Exit.FILE, Exit.SIGN_IN),
        *(Exit.UNREACHABLE, Exit.NOT_FOUND, Exit.NOT_EXECUTABLE),
    }
    shown += [program.pull(), program.pull(), program("env", *live, "--", "true")]
    assert [status for status, _, _ in shown[-3:]] == [Exit.DONE] * 3
    status, answer, err = program("process", *live)
    shown += [(status, "", err)]

    assert json.loads(answer)["SecretAccessKey"] == host.new.secret
    for secret in secrets:
        assert [found for found in shown if secret in found[1] + found[2]] == []
        assert [found for found in program.seen if secret in found] == []
    assert any("key_fetch" in found for found in program.seen)
    assert [name for name, text in files(host.home).items() if host.old.secret in text] == []
    assert [name for name, text in files(host.home).items() if host.new.secret in text] == [
        ".aws/credentials"
    ]
    assert [err for _, _, err in shown if "Traceback" in err or err.count("\n") > 1] == []


def test_a_process_that_signs_with_itself_ends(program: Program) -> None:
    host = program.host
    host.config.write_text(
        f"[profile {USER}-live]\ncredential_process = "
        f"{' '.join(PROGRAM)} process --secret-id {host.secret_arn}\n"
    )

    status, out, err = program("process", AWS_PROFILE=f"{USER}-live")

    assert (status, out) == (Exit.SIGN_IN, "")
    assert "key-fetch process was started by itself" in err


# -- env -------------------------------------------------------------------------------------------


def test_env_gives_the_key_and_nothing_else_of_a_sign_in(program: Program) -> None:
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    signed_in = {
        "AWS_ACCESS_KEY_ID": program.host.old.id,
        "AWS_SECRET_ACCESS_KEY": program.host.old.secret,
        "AWS_CREDENTIAL_EXPIRATION": "2999-06-01T12:00:00Z",
        "AWS_DEFAULT_PROFILE": USER,
        "AWS_REGION": "us-east-1",
    }

    status, out, err = program("env", "--", sys.executable, "-c", code, **signed_in)

    assert (status, err) == (Exit.DONE, "")
    found = {name: value for name, value in json.loads(out).items() if name.startswith("AWS_")}
    assert found == {
        "AWS_ACCESS_KEY_ID": program.host.new.id,
        "AWS_SECRET_ACCESS_KEY": program.host.new.secret,
        "AWS_ENDPOINT_URL": program.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
    }


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -PIPE $$"], -13),
        (["sh", "-c", 'test "$1" = "--secret-id"', "sh", "--secret-id"], 0),
        (["no-such-command"], Exit.NOT_FOUND),
        (["/etc"], Exit.NOT_EXECUTABLE),
    ],
)
def test_env_ends_as_its_command_does(program: Program, command: list[str], status: int) -> None:
    assert program("env", "--profile", USER, "--", *command)[0] == status


def test_a_pull_goes_on_where_nobody_can_read_what_it_says(program: Program) -> None:
    host = program.host
    host.credentials.with_name("credentials.key-fetch.tmp").write_text("left")
    words = [*PROGRAM, "pull", "--secret-id", host.secret_arn, "--profile", USER]

    with iam_checks(), Path("/dev/full").open("w") as full:
        done = subprocess.run(
            words, env=program.environment, stdout=full, stderr=subprocess.PIPE, text=True
        )

    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    assert host.text.startswith(profile(USER, host.new))


def test_a_pull_without_any_environment(program: Program) -> None:
    """As cron and systemd start it."""
    host = program.host
    host.write("\r\n".join(["# ours", *profile(USER, host.old).splitlines(), ""]))

    status, out, err = program.pull()

    assert (status, err) == (Exit.DONE, "")
    assert host.new.id in out
    assert host.credentials.read_bytes().count(b"\r\n") == host.text.count("\n")
    assert Key(host.new.id, host.new.secret).secret in host.text
