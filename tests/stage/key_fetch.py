"""A host whose service pulls its key by a timer, and a program on it that never stops."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .account import REGION, HeldKey
from .shell import Shell
from .waiting import wait_until

PROFILE, LIVE = "build-agent", "build-agent-live"
_EVERY_SECONDS = 1.0
# A program with boto3, as people write it: one client for its whole life. It prints a line a call.
_PROGRAM = """\
import json, time
import boto3
from botocore.config import Config

session = boto3.Session()
sts = session.client("sts", config=Config(retries={"total_max_attempts": 1}))
while True:
    try:
        sts.get_caller_identity()
        line = {"key": session.get_credentials().access_key}
    except Exception as error:
        line = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(line), flush=True)
    time.sleep(0.3)
"""


@dataclass
class Host:
    """A home folder with a credentials file; `secret_arn` is the secret of the key in it."""

    shell: Shell
    secret_arn: str
    said: list[str] = field(default_factory=list)  # all that key-fetch and the program printed
    statuses: list[int] = field(default_factory=list)  # of each pull

    @property
    def credentials(self) -> Path:
        return self.shell.home / ".aws" / "credentials"

    def install(self, key: HeldKey) -> None:
        """What the owner does once: the key in one profile, the program's own profile."""
        self.credentials.touch(mode=0o600)
        self.credentials.write_text("# of the build agent\n")
        self.shell.add_profile(PROFILE, key)
        command = f"key-fetch process --secret-id {self.secret_arn} --profile {PROFILE}"
        (self.credentials.parent / "config").write_text(
            f"[profile {LIVE}]\nregion = {REGION}\n"
            f"credential_process = {command} --lifetime-minutes 5\n"
        )

    def pull(self) -> int:
        """Its exit status."""
        answer = subprocess.run(
            ["bash", "-c", f"key-fetch pull --secret-id {self.secret_arn} --profile {PROFILE}"],
            env=self.shell.environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.said += [*answer.stdout.splitlines(), *answer.stderr.splitlines()]
        self.statuses.append(answer.returncode)
        return answer.returncode

    @contextmanager
    def timer(self) -> Iterator[None]:
        """Pulls again and again, as a timer does."""
        over = threading.Event()

        def tick() -> None:
            while not over.wait(_EVERY_SECONDS):
                self.pull()

        thread = threading.Thread(target=tick)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextmanager
    def program(self) -> Iterator[Program]:
        """A process with boto3 that calls AWS all the time."""
        environment = self.shell.environment(profile=LIVE)
        command = [sys.executable, "-c", _PROGRAM]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as made:
            program = Program(made, self.said)
            try:
                yield program
            finally:
                made.kill()
                program.reader.join()

    def wait_for(self, key_id: str) -> None:
        """Until the timer has put that key into the file. Raises TimeoutError."""
        wait_until(f"{key_id} was pulled", lambda: key_id in self.credentials.read_text())

    def wait_for_a_whole_pull(self) -> None:
        """Until the timer has begun one, and ended it. Raises TimeoutError."""
        pulls = len(self.statuses)
        wait_until("the timer has pulled", lambda: len(self.statuses) > pulls + 1)


class Program:
    """What the program that never stops said of its calls."""

    def __init__(self, process: subprocess.Popen[str], said: list[str]) -> None:
        self.keys: list[str] = []  # which signed a call, in their order
        self.errors: list[str] = []
        self.calls = 0
        self._process = process
        self._said = said
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def wait_for(self, key_id: str) -> None:
        """Until a call was signed with that key. Raises TimeoutError."""
        wait_until(f"a call was signed with {key_id}", lambda: key_id in self.keys)

    def wait_for_a_call(self) -> None:
        """Until it has begun one, and ended it. Raises TimeoutError."""
        calls = self.calls
        wait_until("the program has called", lambda: self.calls > calls + 1)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self._said.append(text)
            self.calls += 1
            line = json.loads(text)
            if "error" in line:
                self.errors.append(line["error"])
            elif line["key"] not in self.keys:
                self.keys.append(line["key"])
