"""A host that pulls a key: its credentials file on the disk, and the port `Aws` in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from key_fetch.credentials_file import CredentialsFile
from key_fetch.failures import FetchError, NotAcceptedError
from key_fetch.key import Identity, Key
from key_fetch.pull import Pull
from key_fetch.secret import Secret

ACCOUNT = "123456789012"
ARN = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:iam-access-key/build-agent-AbCdEf"
OWNER = Identity(f"arn:aws:iam::{ACCOUNT}:user/build-agent", ACCOUNT)
SOMEBODY_ELSE = Identity(f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT)
STRANGER = Identity("arn:aws:iam::999999999999:user/build-agent", "999999999999")
OLD = Key("AKIAOLDOLDOLDEXAMPLE", "old/secret+access=key%one")
NEW = Key("AKIANEWNEWNEWEXAMPLE", "new/secret+access=key%two")
THIRD = Key("AKIATHIRDTHIREXAMPLE", "third/secret+access=key")
PROFILE = "build-agent"


def profile(name: str, key: Key) -> str:
    return f"[{name}]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"


def pulled(key: Key, former: Key) -> str:
    """The profile once `key` was pulled into it."""
    mark = "# key-fetch: the former key. The next pull removes this section.\n"
    head, _, rest = profile(f"{PROFILE}-previous", former).partition("\n")
    return f"{profile(PROFILE, key)}\n{head}\n{mark}{rest}"


@dataclass
class Clock:
    """Seconds that pass when somebody sleeps."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeAws:
    """The port `Aws`: one secret, and who owns which key from which second on."""

    holds: Key | FetchError = NEW
    user: str | None = None
    own: Key | None = None
    owners: dict[str, Identity] = field(
        default_factory=lambda: {key.id: OWNER for key in (OLD, NEW, THIRD)}
    )
    accepted_from: dict[str, float] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    before_answer: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)

    def secret(self, key: Key | None = None) -> Secret:
        self.calls.append(f"secret, signed by {key.id if key else 'the chain'}")
        self.before_answer()
        if isinstance(self.holds, FetchError):
            raise self.holds
        return Secret(ARN, self.holds, self.user)

    def identity(self, key: Key) -> Identity:
        self.calls.append(f"identity of {key.id}")
        owner = self.owners.get(key.id)
        if owner is None or self.clock() < self.accepted_from.get(key.id, 0):
            raise NotAcceptedError(key.id, "InvalidClientTokenId")
        return owner

    def own_key(self) -> Key | None:
        return self.own


@dataclass
class Host:
    """One credentials file, and the pulls into it."""

    path: Path
    aws: FakeAws = field(default_factory=FakeAws)
    said: list[str] = field(default_factory=list)

    @property
    def file(self) -> CredentialsFile:
        return CredentialsFile.at(str(self.path))

    def holds(self, text: str, mode: int = 0o600) -> None:
        self.path.write_bytes(text.encode())
        self.path.chmod(mode)

    @property
    def text(self) -> str:
        return self.path.read_bytes().decode()

    def pull(self, signs_elsewhere: bool = False, wait: float = 60, name: str = PROFILE) -> str:
        """What it says. Raises FetchError."""
        self.said.clear()
        self.aws.calls.clear()
        clock = self.aws.clock
        Pull(
            profile=name,
            file=self.file,
            signs_elsewhere=signs_elsewhere,
            wait=wait,
            clock=clock,
            sleep=clock.sleep,
            say=self.said.append,
        ).run(lambda: self.aws)
        return "\n".join(self.said)

    def beside(self) -> set[str]:
        """The names in the folder of the file."""
        return {path.name for path in self.file.path.parent.iterdir()}


def host_with(path: Path, key: Key) -> Host:
    """A host whose credentials file at `path` has one profile, with that key."""
    host = Host(path)
    host.holds(profile(PROFILE, key))
    return host


def in_a_child(work: Callable[[], object]) -> str:
    """What the work returns or raises, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                said = f"{work()}"
            except FetchError as error:
                said = f"{error.status}: {error}"
            os.write(writing, said.encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said
