"""One pull at a time: a lock that ends with the process that holds it, however that ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .failures import Exit, FetchError

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def locked(path: Path, owner: os.stat_result | None = None) -> Iterator[None]:
    """Holds the lock file `path`, which stays there, and is empty.

    `owner` is the credentials file's: what root makes must not shut out the file's owner. Raises
    FetchError at once if another process holds it, or if it cannot be opened or locked.
    """
    descriptor = -1
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
        if owner is not None and hasattr(os, "fchown") and os.geteuid() == 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        is_ours = _take(descriptor)
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
        raise FetchError(Exit.FILE, f"{path} cannot be locked: {error.strerror}") from None
    try:
        if not is_ours:
            raise FetchError(Exit.BUSY, f"another pull is at work: it holds {path}")
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:  # somebody else has it
            return False
        return True

else:
    import fcntl

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
