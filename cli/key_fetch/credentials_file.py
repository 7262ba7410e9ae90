"""The credentials file on the disk: read, checked, and replaced as a whole.

Whenever the process dies, the file is the old one or the new one. A new file is written beside it,
under one fixed name, for its owner alone, and takes its place with one rename.
"""

from __future__ import annotations

import errno
import locale
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .failures import Exit, FetchError

_PRIVATE = 0o600
_OTHERS, _WRITABLE = 0o007, 0o222
_NEW = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
_HINTS = {
    errno.EBUSY: "a mount cannot be replaced: mount its folder instead of the file",
    errno.EDQUOT: "your quota of the disk is used up",
    errno.EFBIG: "the file may not grow: a limit of the process or of the disk",
    errno.ENOSPC: "the disk is full",
    errno.EROFS: "the file system is read-only",
}


@dataclass(frozen=True, slots=True)
class CredentialsFile:
    """`path` is where symbolic links lead to: they stay, and what they point to is replaced."""

    path: Path

    @classmethod
    def at(cls, name: str) -> CredentialsFile:
        """`~` and variables are expanded, as botocore does."""
        return cls(Path(os.path.realpath(os.path.expanduser(os.path.expandvars(name)))))

    @property
    def lock(self) -> Path:
        return self._beside("lock")

    @property
    def temporary(self) -> Path:
        """One name, so that the next pull finds what a killed one left."""
        return self._beside("tmp")

    def exists(self) -> bool:
        return os.path.lexists(self.path)

    def make_folder(self) -> None:
        """For the first key of a host. Raises FetchError."""
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise self._failure("its folder cannot be made", error) from None

    def check(self) -> os.stat_result | None:
        """What the file system says of the file; None if there is none.

        Raises FetchError if the file could not be replaced: before there is anything to write, so
        that it shows when a pull is set up, and not on the day of the rotation.
        """
        folder = self.path.parent
        try:
            mode = folder.stat().st_mode
            found = self.path.stat() if self.exists() else None
        except OSError as error:
            raise self._failure("it cannot be looked at", error) from None
        if not (mode & _WRITABLE and os.access(folder, os.W_OK | os.X_OK)):
            raise self._refusal(f"the folder {folder} is read-only: no new file can take its place")
        if found is None:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise self._refusal("it is no regular file")
        if found.st_nlink > 1:
            raise self._refusal(
                "it has another name (a hard link), which would keep the old key: make that a "
                "symbolic link"
            )
        self._check_owner(found)
        # root may write to everything: what its owner wants is in the mode.
        if not (found.st_mode & _WRITABLE and os.access(self.path, os.W_OK)):
            raise self._refusal("it is read-only: let its owner write to it (chmod u+w)")
        return found

    def read(self) -> str:
        """The text, as botocore decodes it; nothing if there is no file. Raises FetchError."""
        try:
            data = self.path.read_bytes() if self.exists() else b""
        except OSError as error:
            raise self._failure("it cannot be read", error) from None
        try:
            return data.decode(_encoding())
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise FetchError(
                Exit.FILE,
                f"{self.path}, line {line}: that is no {_encoding()}. The file was not changed",
            ) from None

    def remove_temporary(self) -> bool:
        """Whether there was one. Raises FetchError."""
        try:
            self.temporary.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._failure(f"{self.temporary} cannot be removed", error) from None
        return True

    def is_public(self) -> bool:
        """Whether everybody on this host may read or write it."""
        return os.name == "posix" and self.exists() and bool(self.path.stat().st_mode & _OTHERS)

    def make_private(self) -> None:
        """Mode 0600. Raises FetchError."""
        try:
            self.path.chmod(_PRIVATE)
        except OSError as error:
            raise self._failure("its mode cannot be changed", error) from None

    def replace(self, text: str) -> None:
        """A new file with this text takes the place of the file, or there is a first one.

        It has the owner, group and mode of the former one, and mode 0600 if everybody could read
        that. Raises FetchError; then the file is as it was, and nothing is left beside it.
        """
        try:
            self._write(text.encode(_encoding()))
            os.replace(self.temporary, self.path)
        except OSError as error:
            self._forget_temporary()
            raise self._failure("it cannot be written", error) from None
        except BaseException:
            self._forget_temporary()
            raise
        self._sync_folder()

    def _write(self, data: bytes) -> None:
        former = self.path.stat() if self.exists() else None
        descriptor = os.open(self.temporary, _NEW, _PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            if former is not None:
                self._dress(descriptor, former)
            file.write(data)
            file.flush()
            os.fsync(descriptor)

    def _dress(self, descriptor: int, former: os.stat_result) -> None:
        """While the new file is empty still."""
        if not hasattr(os, "fchown"):
            return
        mode = stat.S_IMODE(former.st_mode)
        mode = _PRIVATE if mode & _OTHERS else mode
        mine = os.fstat(descriptor)
        if (mine.st_uid, mine.st_gid) != (former.st_uid, former.st_gid):
            try:
                os.fchown(descriptor, former.st_uid, former.st_gid)
            except PermissionError:
                # A group that may do nothing with the file need not be kept.
                if mine.st_uid != former.st_uid or mode & stat.S_IRWXG:
                    raise
        if hasattr(os, "listxattr"):  # of Linux: access lists are kept there
            for name in os.listxattr(self.path):
                with suppress(OSError):
                    os.setxattr(descriptor, name, os.getxattr(self.path, name))
        os.fchmod(descriptor, mode)

    def _check_owner(self, found: os.stat_result) -> None:
        if not hasattr(os, "geteuid"):
            return
        me = os.geteuid()
        if me not in (0, found.st_uid):
            raise self._refusal(
                f"it belongs to the user {_user_name(found.st_uid)}, and you are "
                f"{_user_name(me)}: pull as its owner"
            )

    def _forget_temporary(self) -> None:
        with suppress(OSError):
            self.temporary.unlink()

    def _sync_folder(self) -> None:
        """So that the rename outlasts a power failure; not every system can do that to a folder."""
        with suppress(OSError):
            descriptor = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _beside(self, what: str) -> Path:
        return self.path.with_name(f"{self.path.name}.key-fetch.{what}")

    def _refusal(self, why: str) -> FetchError:
        return FetchError(Exit.FILE, f"{self.path}: {why}. The file was not changed")

    def _failure(self, why: str, error: OSError) -> FetchError:
        hint = _HINTS.get(error.errno or 0, error.strerror or type(error).__name__)
        return self._refusal(f"{why}: {hint}")


def _encoding() -> str:
    """As `open` has it, and so botocore."""
    return locale.getpreferredencoding(False)


def _user_name(uid: int) -> str:
    """The name, or the number where nobody has it."""
    try:
        import pwd
    except ImportError:  # there are no such users on Windows
        return str(uid)
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
