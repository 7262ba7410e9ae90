"""The file of a report: whole or not there, and for its owner alone."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def check_target(target: Path) -> None:
    """Raises OSError where a report cannot be written: before the long reading.

    A link is none: what it points to in a folder of others is for them to choose.
    """
    if not target.parent.is_dir():
        raise NotADirectoryError(f"{target.parent} is not a folder")
    if os.path.lexists(target) and not stat.S_ISREG(target.lstat().st_mode):
        raise OSError(f"{target} is not a regular file")


def write_private(target: Path, text: str) -> None:
    """Puts a new file of mode 0600 in the place of `target`, also if that was there already."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=target.parent, prefix=f".{target.name}-", delete=False
    ) as file:  # mkstemp's mode is 0600
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink()
            raise
