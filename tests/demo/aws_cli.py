"""The AWS CLI that the mails' commands call, in a virtual environment of its own."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "awscli.txt"
FOLDER = ROOT / "build" / "awscli"
_STAMP = FOLDER / "lock.sha256"
_LOG = FOLDER.with_suffix(".pip.log")


class AwsCliError(Exception):
    """The AWS CLI could not be installed."""


class Installation:
    """In the background, while Terraform waits for AWS; nothing to do if the lock is the same."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256(LOCK.read_bytes()).hexdigest()
        self._running: subprocess.Popen[bytes] | None = None
        self._given_up = False
        self._status: int | None = None
        self._thread = threading.Thread(target=self._install, daemon=True)
        if not self._is_current():
            self._thread.start()

    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> Path:
        """The folder that holds `aws`. Raises AwsCliError."""
        if self._thread.ident is not None:
            self._thread.join()
        if not self._is_current():
            raise AwsCliError(
                f"the AWS CLI could not be installed (exit status {self._status}; log: {_LOG})"
            )
        return FOLDER / "bin"

    def abandon(self) -> None:
        self._given_up = True
        if self._running is not None and self._running.poll() is None:
            self._running.kill()

    def _is_current(self) -> bool:
        return _STAMP.is_file() and _STAMP.read_text() == self._hash

    def _install(self) -> None:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        pip = [str(FOLDER / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        options = ["--no-input", "--no-compile", "--quiet", "--require-hashes"]
        steps = [
            [sys.executable, "-m", "venv", str(FOLDER)],
            [*pip, "install", *options, "--requirement", str(LOCK)],
        ]
        with _LOG.open("wb") as log:
            for step in steps:
                if self._given_up:
                    return
                self._running = subprocess.Popen(
                    step, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
                self._status = self._running.wait()
                if self._status != 0:
                    return
        _STAMP.write_text(self._hash)
