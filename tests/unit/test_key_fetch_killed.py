"""A pull is killed (SIGKILL) before and after every step that it takes on the file system.

Then the file is the old one or the new one. Each death is a process of its own: a fork that kills
itself at the n-th call, or return, of a function of the operating system.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.unit.pulling_host import NEW, OLD, PROFILE, THIRD, Host, profile, pulled


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


OTHERS = crlf(f"# of the build\n\n{profile('alice', THIRD)}\n")


def is_step(function: object) -> bool:
    """Whether it is one of the operating system, or a method of an open file."""
    names = {
        getattr(function, "__module__", None),
        type(getattr(function, "__self__", 0)).__module__,
    }
    return bool(names & {"_io", "io", "fcntl", "posix"})


def die_at(number: int) -> Callable[[FrameType, str, Any], None]:
    """A profile function that kills the process at the call or return of that number."""
    seen = 0

    def count(_frame: FrameType, event: str, function: Any) -> None:
        nonlocal seen
        if event in ("c_call", "c_return") and is_step(function):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    return count


def dies(host: Host, number: int) -> bool:
    """Pulls in a process that dies at that step; False if it has ended before."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            sys.setprofile(die_at(number))
            host.pull()
            sys.setprofile(None)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def deaths(host: Host, before: Callable[[], None]) -> Iterator[int]:
    """The numbers of the steps, after a death at each; `before` sets the host up for each."""
    number = 1
    before()
    while dies(host, number):
        yield number
        number += 1
        before()


def modes(host: Host) -> set[int]:
    """Of the file, and of the one beside it."""
    paths = [host.path, host.file.temporary]
    return {stat.S_IMODE(path.stat().st_mode) for path in paths if path.exists()}


@pytest.mark.parametrize("mode", [0o640, 0o644])
def test_the_file_is_old_or_new_wherever_a_pull_dies(tmp_path: Path, mode: int) -> None:
    host = Host(tmp_path / "credentials")
    old = OTHERS + crlf(profile(PROFILE, OLD))
    new = OTHERS + crlf(pulled(NEW, former=OLD))
    texts, left = set(), 0

    for number in deaths(host, lambda: host.holds(old, mode)):
        texts.add(host.text)
        left += host.file.temporary.exists()
        assert host.text in (old, new), number
        assert modes(host) <= {0o600, mode}, number
        if host.file.temporary.exists():
            assert host.file.temporary.stat().st_mode & 0o007 == 0, number

        host.pull()

        assert host.text in (new, OTHERS + crlf(profile(PROFILE, NEW))), number
        assert host.beside() == {"credentials", "credentials.key-fetch.lock"}, number
        host.pull()
        assert host.text == OTHERS + crlf(profile(PROFILE, NEW)), number
        assert host.beside() == {"credentials", "credentials.key-fetch.lock"}, number

    assert number > 50
    assert texts == {old, new}
    assert left > 3


def test_the_former_key_is_there_or_not_wherever_its_removal_dies(tmp_path: Path) -> None:
    host = Host(tmp_path / "credentials")
    texts = set()

    for number in deaths(host, lambda: host.holds(pulled(NEW, former=OLD))):
        texts.add(host.text)
        assert modes(host) == {0o600}, number
        host.pull()
        assert host.text == profile(PROFILE, NEW), number
        assert host.beside() == {"credentials", "credentials.key-fetch.lock"}, number

    assert texts == {pulled(NEW, former=OLD), profile(PROFILE, NEW)}


def test_a_first_file_is_not_there_or_whole_wherever_its_pull_dies(tmp_path: Path) -> None:
    host = Elsewhere(tmp_path / "aws" / "credentials")
    found = set()

    def nothing() -> None:
        if host.path.parent.exists():
            for path in host.path.parent.iterdir():
                path.unlink()
            host.path.parent.rmdir()

    for number in deaths(host, nothing):
        found.add(host.text if host.path.exists() else None)
        assert modes(host) <= {0o600}, number
        host.pull()
        assert host.text == profile(PROFILE, NEW), number
        assert host.beside() == {"credentials", "credentials.key-fetch.lock"}, number

    assert found == {None, profile(PROFILE, NEW)}


class Elsewhere(Host):
    """A host whose pulls are signed by another profile."""

    def pull(self, signs_elsewhere: bool = True, wait: float = 60, name: str = PROFILE) -> str:
        return super().pull(signs_elsewhere, wait, name)
