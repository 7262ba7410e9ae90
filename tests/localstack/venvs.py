"""The two virtual environments: LocalStack's own, and the one that functions run in."""

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .endpoint import LocalStackError
from .layout import BUILD, HERE
from .progress import Progress

_SUPPORTED = ("3.13", "3.12")
_TAIL_LINES = 15


@dataclass(frozen=True)
class Venv:
    """A virtual environment that is made from a lock, and anew when the lock has changed."""

    name: str
    holds: str
    lock: Path

    @property
    def folder(self) -> Path:
        return BUILD / self.name

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def _stamp(self) -> Path:
        return self.folder / "lock.sha256"

    def _lock_hash(self) -> str:
        return hashlib.sha256(self.lock.read_bytes()).hexdigest()

    def is_current(self) -> bool:
        """Tell whether it is complete, its Python still there and the lock the same."""
        return (
            self.python.exists()
            and self._stamp.is_file()
            and self._stamp.read_text() == self._lock_hash()
        )

    def mark_current(self) -> None:
        """Note what it was made from; done last, so that a broken-off installation is repeated."""
        self._stamp.write_text(self._lock_hash())


LOCALSTACK = Venv("venv", "LocalStack", HERE / "requirements.txt")
LAMBDA_RUNTIME = Venv("lambda-runtime", "the functions' runtime", HERE / "lambda-runtime.txt")


def ensure(progress: Progress) -> None:
    """Make what is missing or out of date, side by side.

    Raises LocalStackError with the end of pip's output.
    """
    stale = _stale()
    if not stale:
        return
    python = interpreter()
    what = " and ".join(venv.holds for venv in stale)
    progress.say(f"installing {what} (once; a minute or two)")
    installations: list[_Installation] = []
    try:
        installations += [_Installation(venv, python) for venv in stale]
        _wait(installations, progress)
    except OSError as error:
        raise LocalStackError(f"cannot install into {BUILD}: {error}") from error
    finally:
        for installation in installations:
            installation.abandon()


def check() -> None:
    """Raises LocalStackError if `ensure` would have to install and finds no Python for it."""
    if _stale():
        interpreter()


def _stale() -> list[Venv]:
    return [venv for venv in (LOCALSTACK, LAMBDA_RUNTIME) if not venv.is_current()]


class _Installation:
    """`python -m venv`, then pip, in the background; their output goes to a file."""

    def __init__(self, venv: Venv, python: str) -> None:
        self.venv = venv
        if venv.folder.exists():
            shutil.rmtree(venv.folder)
        BUILD.mkdir(parents=True, exist_ok=True)
        self._log = BUILD / f"{venv.name}.pip.log"
        self._log.write_bytes(b"")
        pip = [str(venv.python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        options = ["--no-compile", "--progress-bar", "off", "--require-hashes"]
        install = [*pip, "install", *options, "--requirement", str(venv.lock)]
        self._steps = [[python, "-m", "venv", str(venv.folder)], install]
        self._running: subprocess.Popen[bytes] | None = None
        self.advance()

    def advance(self) -> bool:
        """Start the next step once the last has ended well; tell whether all are done."""
        if self._running is not None:
            code = self._running.poll()
            if code is None:
                return False
            if code != 0:
                raise LocalStackError(self._failure(code))
        if not self._steps:
            self.venv.mark_current()
            return True
        with self._log.open("ab") as output:
            self._running = subprocess.Popen(
                self._steps.pop(0), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        return False

    def last_line(self) -> str:
        """What pip is at, in a few words."""
        news = [line for line in self._lines() if line.startswith(("Collecting", "Installing"))]
        return _in_few_words(news[-1]) if news else "making the virtual environment"

    def abandon(self) -> None:
        if self._running is not None and self._running.poll() is None:
            self._running.kill()
            self._running.wait()

    def _failure(self, code: int) -> str:
        tail = "\n".join(f"    {line}" for line in self._lines()[-_TAIL_LINES:])
        what = f"installing {self.venv.lock.name} failed (exit status {code}; log: {self._log})"
        return f"{what}:\n{tail}"

    def _lines(self) -> list[str]:
        text = self._log.read_text(errors="replace")
        return [line for line in text.splitlines() if line.strip()]


def _in_few_words(line: str) -> str:
    """A line of pip's without where a package comes from, and without the list of all of them."""
    return "installing" if line.startswith("Installing") else line.split(" (from ")[0].lower()


def _wait(installations: list[_Installation], progress: Progress) -> None:
    while installations:
        for installation in list(installations):
            if installation.advance():
                progress.say(f"{installation.venv.holds}: installed")
                installations.remove(installation)
        if installations:
            progress.beat("; ".join(f"{i.venv.holds}: {i.last_line()}" for i in installations))
            time.sleep(0.2)


def interpreter(
    this: tuple[int, int] = sys.version_info[:2],
    which: Callable[[str], str | None] = shutil.which,
) -> str:
    """This Python if the locks are made for it, else one on the PATH.

    Raises LocalStackError if there is none.
    """
    if f"{this[0]}.{this[1]}" in _SUPPORTED:
        return sys.executable
    for version in _SUPPORTED:
        found = which(f"python{version}")
        if found and not subprocess.run([found, "-c", ""], capture_output=True).returncode:
            return found
    raise LocalStackError(
        f"LocalStack 4.14 needs Python {' or '.join(reversed(_SUPPORTED))}, and this is "
        f"{this[0]}.{this[1]}; put one of them on the PATH"
    )
