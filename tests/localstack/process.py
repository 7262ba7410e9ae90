"""The server process: started, found again, stopped.

A lock is held on `server.lock` by whoever starts the server and then by the server itself, which
inherits it. So the lock tells whether there is one, whatever a process id left in a file may mean
by now.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from io import TextIOWrapper
from pathlib import Path

from . import venvs
from .endpoint import LocalStackError, is_localstack
from .layout import BUILD, LOCK_FILE, LOGS, MAIL, PLUGIN, SERVER_FILE, SERVER_LOG, STATE
from .progress import Progress

_START_SECONDS = 90
_STOP_SECONDS = 20
_TAIL_LINES = 15

_started: list[subprocess.Popen[bytes]] = []  # kept, or Python warns of children nobody waits for


@dataclass(frozen=True)
class Server:
    """Our server, up or coming up."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def find() -> Server | None:
    """Return our server; None if there is none (or only a file left of one)."""
    lock = _acquire()
    if lock is not None:
        lock.close()
        SERVER_FILE.unlink(missing_ok=True)
        return None
    try:
        return Server(**json.loads(SERVER_FILE.read_text()))
    except (OSError, ValueError, TypeError):
        return None  # somebody is still installing


def start(port: int) -> Server:
    """Return our server once it answers, started if need be. Raises LocalStackError."""
    progress = Progress()
    lock = _acquire()
    if lock is None:
        return _join(progress)
    with lock:
        SERVER_FILE.unlink(missing_ok=True)
        require_free(port)
        venvs.ensure(progress)
        require_free(port)  # the installation took a while
        return _launch(port, lock, progress)


def install() -> None:
    """Install what `start` needs, unless it is there, or another command is at it. Raises
    LocalStackError."""
    lock = _acquire()
    if lock is not None:
        with lock:
            venvs.ensure(Progress())


def stop() -> Server | None:
    """End our server and its functions; return it, None if there was none.

    Raises LocalStackError while another command installs.
    """
    server = find()
    if server is None:
        if not _is_locked():
            return None
        raise LocalStackError(
            "LocalStack is being installed by another command: wait for it or end it"
        )
    _signal(os.kill, server.pid, signal.SIGTERM)
    _wait_until_gone(_STOP_SECONDS)
    _signal(os.killpg, server.pid, signal.SIGKILL)  # whoever is left of its group
    _wait_until_gone(_STOP_SECONDS)
    for child in _started:
        child.poll()
    SERVER_FILE.unlink(missing_ok=True)
    return server


def _acquire() -> TextIOWrapper | None:
    """Take the lock, which lasts until all who inherited the file have closed it; None if taken."""
    try:
        BUILD.mkdir(parents=True, exist_ok=True)
        lock = LOCK_FILE.open("w")
    except OSError as error:
        raise LocalStackError(f"cannot write to {BUILD}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _is_locked() -> bool:
    lock = _acquire()
    if lock is not None:
        lock.close()
    return lock is None


def require_free(port: int) -> None:
    """Raise LocalStackError, which says what is there, unless the port can be listened on."""
    taken = False
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise LocalStackError(
                f"port {port} may not be used by this user: set LOCALSTACK_PORT to another one"
            ) from error
        except OSError:
            taken = True
    if taken:
        whose = "another LocalStack" if is_localstack(f"http://127.0.0.1:{port}") else "a program"
        hint = (
            f" (or AWS_ENDPOINT_URL=http://127.0.0.1:{port} to use that one)"
            if whose == "another LocalStack"
            else ""
        )
        raise LocalStackError(
            f"port {port} is taken by {whose}: set LOCALSTACK_PORT to a free one{hint}"
        )


def _launch(port: int, lock: TextIOWrapper, progress: Progress) -> Server:
    progress.say(f"starting LocalStack on port {port}")
    for folder in (STATE, LOGS, MAIL):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for folder in (STATE / "tmp", STATE / "cache", STATE / "home"):
        folder.mkdir()
    if SERVER_LOG.exists():
        SERVER_LOG.replace(SERVER_LOG.with_suffix(".log.previous"))
    with SERVER_LOG.open("wb") as log:
        child = subprocess.Popen(
            [str(venvs.LOCALSTACK.python), "-m", "localstack.runtime.main"],
            env=_environment(port),
            cwd=STATE,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock.fileno()],
        )
    _started.append(child)
    server = Server(child.pid, port)
    try:
        SERVER_FILE.write_text(json.dumps(asdict(server)))
        deadline = time.monotonic() + _START_SECONDS
        while not is_localstack(server.url, timeout=1):
            if child.poll() is not None:
                raise LocalStackError(_failure(f"LocalStack ended with status {child.returncode}"))
            if time.monotonic() > deadline:
                raise LocalStackError(
                    _failure(f"LocalStack did not answer within {_START_SECONDS} s")
                )
            progress.beat("waiting for LocalStack to answer")
            time.sleep(0.2)
    except BaseException:
        _signal(os.killpg, child.pid, signal.SIGKILL)
        child.wait()
        SERVER_FILE.unlink(missing_ok=True)
        raise
    progress.say("ready")
    return server


def _join(progress: Progress) -> Server:
    """Wait for the server that somebody else has started or is about to."""
    deadline = None
    while _is_locked():
        server = find()
        if server is not None:
            if is_localstack(server.url, timeout=2):
                return server
            deadline = deadline or time.monotonic() + _START_SECONDS
            if time.monotonic() > deadline:
                what = (
                    f"LocalStack (pid {server.pid}) does not answer at {server.url}: stop it first"
                )
                raise LocalStackError(_failure(what))
        progress.beat("waiting for another command that installs or starts LocalStack")
        time.sleep(0.5)
    raise LocalStackError(_failure("LocalStack was not started by the other command"))


def _environment(port: int) -> dict[str, str]:
    """What LocalStack gets: no settings of the developer's, no folder outside ours."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "DEBUG")}
    return kept | {
        # where it is
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        "OVERRIDE_IN_DOCKER": "0",  # a .dockerenv at the machine's root is not ours
        "FILESYSTEM_ROOT": str(STATE / "filesystem"),
        "HOME": str(STATE / "home"),
        "TMPDIR": str(STATE / "tmp"),
        "XDG_CACHE_HOME": str(STATE / "cache"),
        # nothing to and from the network
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        # how it behaves
        "EAGER_SERVICE_LOADING": "0",
        "PARITY_AWS_ACCESS_KEY_ID": "1",  # access keys begin with AKIA
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "LAMBDA_RETRY_BASE_DELAY": "1",  # seconds; on AWS a minute
        # our plugins
        "PYTHONPATH": str(PLUGIN),
        "PYTHONPYCACHEPREFIX": str(BUILD / "pycache"),  # and no __pycache__ in the sources
        "EMBEDDED_LAMBDA_PYTHON": str(venvs.LAMBDA_RUNTIME.python),
        "EMBEDDED_LOGS": str(LOGS),
        "EMBEDDED_MAIL": str(MAIL),
    }


def _signal(send: Callable[[int, int], None], pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        send(pid, number)


def _wait_until_gone(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while _is_locked() and time.monotonic() < deadline:
        time.sleep(0.1)


def _failure(what: str) -> str:
    lines = _read(SERVER_LOG).splitlines()[-_TAIL_LINES:]
    return "\n".join([f"{what} (its log: {SERVER_LOG})", *(f"    {line}" for line in lines)])


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
