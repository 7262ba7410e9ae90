"""The archive of a release, as the hosting platform and `git archive` make it."""

from __future__ import annotations

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def extract(folder: Path) -> Path:
    """Fills the folder with what an archive of the tracked files as they are now would hold.

    Returns the folder. Files that git does not know yet are not in it.
    """
    # A commit of what is changed, which no branch names; nothing is printed if nothing is.
    tree = _git("stash", "create").decode().strip() or "HEAD"
    with tarfile.open(fileobj=BytesIO(_git("archive", "--worktree-attributes", tree))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout
