"""The archive of a release, as the hosting platform and `git archive` make it."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def extract(folder: Path) -> Path:
    """Fills the folder with what an archive of the files as they are now would hold; returns it.

    The index is one of our own, so that neither the repository's changes nor its lock is touched.
    """
    with tempfile.TemporaryDirectory() as place:
        index = os.environ | {"GIT_INDEX_FILE": str(Path(place, "index"))}
        _git(index, "add", "--all")
        tree = _git(index, "write-tree").decode().strip()
        data = _git(index, "archive", "--worktree-attributes", tree)
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(environment: dict[str, str], *arguments: str) -> bytes:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    return done.stdout
