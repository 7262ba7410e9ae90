"""A host that pulls: `key-fetch` itself, on a profile on the disk, against the ledger's account.

IAM's answers are the ledger's: a key signs if it is active and has spread to where the host asks,
and the secret is read by whom its policy lets. IAM then shows the use, and Secrets Manager the
read.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader
from moto.core.models import botocore_stubber

from key_fetch.aws import Botocore, open_session
from key_fetch.credentials_file import CredentialsFile
from key_fetch.failures import Exit, FetchError
from key_fetch.key import Key
from key_fetch.profiles import Profiles
from key_fetch.pull import Pull
from tests.aws.account import ACCOUNT_ID, REGION
from tests.crash.ledger import Ledger
from tests.crash.promises import Promise, Violation
from tests.crash.wire import Died, refused, untapped

PROFILE = "build-agent"
# Of all sessions: to read the models of two services takes longer than the pull.
_LOADER = create_loader()
_SIGNER = re.compile(r"Credential=(\w+)/")
# What changes the disk, within these functions of credentials_file.py.
_WRITES = {"open", "write", "flush", "fsync", "close", "__exit__", "fchmod", "fchown", "replace"}
_WRITERS = {"replace", "make_private", "remove_temporary"}


@dataclass(frozen=True)
class Death:
    """Where a pull is killed: at a step of its calls of AWS, or of its writes to the disk. Each
    call and each write has two steps: before it has an effect, and after."""

    on_disk: bool
    step: int

    def __str__(self) -> str:
        when, number = "after" if self.step % 2 else "before", self.step // 2
        return f"{when} its {'write to the disk' if self.on_disk else 'call'} {number}"


@dataclass
class Steps:
    """How many steps a pull had that was not killed."""

    calls: int = 0
    writes: int = 0


def _profile(name: str, key: Key) -> str:
    secret = f"aws_secret_access_key = {key.secret}"
    return f"[{name}]\naws_access_key_id = {key.id}\n{secret}\n"


class PullingHost:
    """One profile, which holds the key that worked when the ledger was opened.

    Its timer fires after each run, if `is_on`. `deaths` are by how many pulls come before. STS
    refuses a new key `refused_for` so long on this host alone.
    """

    def __init__(self, ledger: Ledger, folder: Path, user: str = "alice") -> None:
        self.is_on = True
        self.deaths: dict[int, Death] = {}
        self.refused_for = timedelta(0)
        self.counts = False
        self.steps: list[Steps] = []
        self._ledger, self._user = ledger, user
        self._file = CredentialsFile.at(str(folder / "credentials"))
        [(key_id, key)] = [
            (key_id, key)
            for key_id, key in ledger.keys(user).items()
            if ledger.is_active(user, key_id) and ledger.holds(key_id)
        ]
        self.key: Key | None = Key(key_id, key.secret_access_key)
        self._cut_off: set[str] = set()
        self._disk: dict[str, tuple[str, int]] = {
            self._file.path.name: (_profile(PROFILE, self.key), 0o600)
        }
        self._now = Steps()
        self._death: Death | None = None
        self._pipe = -1

    # -- the timer ---------------------------------------------------------------------------------

    def fire(self) -> None:
        """After a run."""
        if self.is_on:
            self.pull()

    def pull(self) -> None:
        """One pull, or what is left of it; then the host's programs work with the profile."""
        self._begin()
        death = self._death = self.deaths.pop(0, None)
        self.deaths = {pulls - 1: later for pulls, later in self.deaths.items()}
        self._now = Steps()
        self.steps.append(self._now)
        with untapped():
            if death is None:
                self._pull_and_check()
            else:
                self._die(death)
            self._take_note()
        self._disk = {
            path.name: (path.read_text(), path.stat().st_mode & 0o777)
            for path in self._file.path.parent.iterdir()
        }

    def _begin(self) -> None:
        """The disk is as this history's last pull has left it: others, from which it branches or
        which branch from it, wrote to the same folder meanwhile."""
        folder = self._file.path.parent
        for path in folder.iterdir():
            path.unlink()
        for name, (text, mode) in self._disk.items():
            (folder / name).write_text(text)
            (folder / name).chmod(mode)

    def _pull_and_check(self) -> None:
        text, signs = self._file.read(), self.works
        try:
            with _counting(self._count) if self.counts else nullcontext():
                self._run()
            status = Exit.DONE
        except FetchError as error:
            status = error.status
        if self._ledger.delivered(self._user) is None:  # not prepared yet, or without a key
            expected = status in (Exit.NO_SECRET, Exit.ACCESS_DENIED, Exit.PLACEHOLDER)
        elif status is Exit.NOT_ACCEPTED_YET and self.refused_for:
            expected = not self._accepts(str(self._ledger.in_secret(self._user)))
        elif not signs:  # only a host that came too late; what cuts off others is seen at once
            expected = status is Exit.SIGN_IN and not self.is_on
        else:
            expected = status is Exit.DONE
        if not expected:
            self._violated(f"a pull ended with {status!r}")
        if status is not Exit.DONE and self._file.read() != text:
            self._violated(f"a pull that ended with {status!r} changed the file")
        if self._file.temporary.exists():
            self._violated("a pull left its temporary file")

    def _take_note(self) -> None:
        """What the profile holds now, and whether that is a key that works."""
        self.key = self._profile_key(PROFILE)
        former = self._profile_key(f"{PROFILE}-previous")
        facts = self._ledger.facts
        for key in (self.key, former):
            if key is not None and key.id in facts and facts[key.id].secret == key.secret:
                self._ledger.person_holds(key.id)
        if self.key is None:
            self._violated("the profile holds no key")
        elif self._accepts(self.key.id) and facts[self.key.id].secret == self.key.secret:
            self._ledger.account.use(self.key.id)
        elif self.is_on:
            self._violated(f"the profile holds {self.key.id}, which AWS does not accept")

    def _profile_key(self, name: str) -> Key | None:
        try:
            return Profiles(self._file.read(), str(self._file.path)).key(name)
        except FetchError as error:
            self._violated(f"the file cannot be read: {error}")
            return None

    @property
    def works(self) -> bool:
        """Whether AWS accepts the key of the profile."""
        return self.key is not None and self._accepts(self.key.id)

    def cut_off(self, call: str) -> Iterator[str]:
        """Whether a call has just taken away the key that the host's programs work with."""
        is_cut_off = self.is_on and self.key and not self._ledger.is_active(self._user, self.key.id)
        if is_cut_off and self.key and self.key.id not in self._cut_off:
            self._cut_off.add(self.key.id)
            yield f"the profile holds {self.key.id}, which is not active after {call}"

    # -- key-fetch ---------------------------------------------------------------------------------

    def _run(self) -> None:
        account = self._ledger.account
        said: list[str] = []
        session = open_session(PROFILE, str(self._file.path))
        session.register_component("data_loader", _LOADER)
        session.get_component("event_emitter").register_first("before-send", self._on_send)
        secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:"
        secret += account.secret_name(self._user)
        try:
            Pull(
                profile=PROFILE,
                file=self._file,
                signs_elsewhere=False,
                wait=60,
                clock=lambda: account.clock.now().timestamp(),
                sleep=account.clock.sleep,
                say=said.append,
            ).run(lambda: Botocore(session, secret, None, {}, f"the profile {PROFILE}"))
        except FetchError as error:
            said.append(str(error))
            raise
        finally:
            self._ledger.search(*said)

    def _on_send(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        service, operation = event_name.split(".")[1:]
        name = "sts" if service == "sts" else "secretsmanager"
        self._step()
        found = _SIGNER.search(_text(request.headers["Authorization"]))
        assert found is not None
        key_id = found[1]
        if not self._accepts(key_id):
            code = "InvalidClientTokenId" if name == "sts" else "UnrecognizedClientException"
            return refused(f"{name}:{operation}", request.url, code)
        if name != "sts" and self._ledger.delivered(self._user) is None:
            return refused(f"{name}:{operation}", request.url, "AccessDenied")
        if self._pipe >= 0:
            os.write(self._pipe, f"{key_id} {name}\n".encode())
        self._show_use(key_id, name)
        response = botocore_stubber("before-send", request)
        assert response is not None
        self._step()
        return response

    def _show_use(self, key_id: str, service: str) -> None:
        self._ledger.account.use(key_id, service=service)
        if service == "secretsmanager":
            self._ledger.account.read_secret(self._user)

    def _accepts(self, key_id: str) -> bool:
        if not self._ledger.is_active(self._user, key_id):
            return False
        made = self._ledger.keys(self._user)[key_id].create_date.replace(tzinfo=UTC)
        return bool(self._ledger.account.clock.now() - made >= self.refused_for)

    # -- deaths ------------------------------------------------------------------------------------

    def _step(self) -> None:
        death = self._death
        if death is not None and not death.on_disk and death.step == self._now.calls:
            raise Died
        self._now.calls += 1

    def _count(self) -> None:
        self._now.writes += 1

    def _die(self, death: Death) -> None:
        if not death.on_disk:  # nothing is on the disk yet that a kill would leave behind
            try:
                self._run()
            except Died:
                return
            raise AssertionError(f"no pull was killed {death}")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self._pipe = writing
            with _counting(lambda: self._kill_at(death.step)):
                self._run()
            os._exit(1)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            uses = [line.split() for line in pipe]
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"no pull was killed {death}"
        for key_id, service in uses:  # moto's memory of them ended with the process
            self._show_use(key_id, service)

    def _kill_at(self, step: int) -> None:
        if self._now.writes == step:
            os.kill(os.getpid(), signal.SIGKILL)
        self._count()

    def _violated(self, what: str) -> None:
        self._ledger.violations.append(Violation(Promise.PULLS, what))


def _text(header: str | bytes) -> str:
    return header.decode() if isinstance(header, bytes) else header


@contextmanager
def _counting(on_step: Callable[[], None]) -> Iterator[None]:
    """`on_step` is called before and after each write of key-fetch to its file."""

    def look(frame: FrameType, event: str, function: Any) -> None:
        if event in ("c_call", "c_return") and function.__name__ in _WRITES and _writes(frame):
            on_step()

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)


def _writes(frame: FrameType | None) -> bool:
    while frame is not None:
        code = frame.f_code
        if code.co_name in _WRITERS and code.co_filename.endswith("credentials_file.py"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def a_host(ledger: Ledger) -> Iterator[None]:
    """The ledger's owner has a host."""
    with TemporaryDirectory() as folder:
        ledger.host = PullingHost(ledger, Path(folder))
        yield
