"""One function process: AWS's runtime interface client in a child of LocalStack."""

import contextlib
import queue
import signal
import subprocess
import time
from pathlib import Path

from .runtime_api import Answer, Event, InitError, Invocation, Ready, RuntimeApi

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 2.0


class ProcessExitedError(Exception):
    """The process ended without an answer; the text is worded as Lambda words it."""


class FunctionProcess:
    """A running `python -m awslambdaric` and the Runtime API that it talks to."""

    def __init__(
        self, python: str, handler: str, environment: dict[str, str], folder: Path, log: Path
    ) -> None:
        self.init_ms: float | None = None
        self._log = log
        self._log_read = log.stat().st_size if log.exists() else 0
        self._api = RuntimeApi()
        with log.open("ab") as output:
            # In LocalStack's own process group on purpose: what ends the group ends this too.
            self._child = subprocess.Popen(
                [python, "-m", "awslambdaric", handler],
                env=environment | {"AWS_LAMBDA_RUNTIME_API": self._api.address},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def initialise(self, seconds: float) -> bytes | None:
        """Wait until the handler is loaded.

        Returns None, or the error document if that failed.
        Raises ProcessExitedError and TimeoutError.
        """
        began = time.monotonic()
        match self._next_event(began + seconds):
            case Ready():
                self.init_ms = (time.monotonic() - began) * 1000
                return None
            case InitError(body):
                return body
            case Answer():
                raise ProcessExitedError("answered before it was asked")

    def run(self, invocation: Invocation) -> Answer:
        """Run one invocation. Raises ProcessExitedError and, at the deadline, TimeoutError."""
        self._api.hand_out(invocation)
        deadline = time.monotonic() + invocation.deadline_ms / 1000 - time.time()
        while True:
            event = self._next_event(deadline)
            if isinstance(event, Answer) and event.request_id == invocation.request_id:
                return event

    def new_output(self) -> str:
        """What the process wrote since the last call."""
        with self._log.open("rb") as log:
            log.seek(self._log_read)
            output = log.read()
            self._log_read = log.tell()
        return output.decode(errors="replace")

    def peak_memory_mb(self) -> int | None:
        """The peak resident size, where the system tells it (Linux)."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return None
        peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(peaks[0]) // 1024 + 1 if peaks else None

    def kill(self) -> None:
        """End the process at once, as Lambda does at the timeout."""
        self._end(grace=0)

    def stop(self) -> None:
        """End the process, by force if it does not go by itself."""
        self._end(grace=_GRACE_SECONDS)

    def _end(self, grace: float) -> None:
        if grace:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(grace)
        self._child.kill()
        self._child.wait()
        self._api.close()

    def _next_event(self, deadline: float) -> Event:
        while True:
            alive = self.alive  # asked first: an answer sent just before the end still counts
            try:
                return self._api.events.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                pass
            if not alive:
                raise ProcessExitedError(_wording(self._child.returncode))
            if time.monotonic() > deadline:
                raise TimeoutError


def _wording(returncode: int) -> str:
    if returncode >= 0:
        return f"Runtime exited with error: exit status {returncode}"
    return f"Runtime exited with error: signal: {(signal.strsignal(-returncode) or '').lower()}"
