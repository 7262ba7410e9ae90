"""Builds lambda/package.zip: the same sources give the same bytes, on any machine and Python.

    python scripts/package.py           writes the zip, and the hash of its sources beside it
    python scripts/package.py --check   changes nothing; exits with 1 when what is committed differs

Deterministic: sorted sources, a fixed date and mode, no compression (deflate differs between zlib
builds). Standard library only.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

LAMBDA = Path(__file__).resolve().parent.parent / "lambda"
ZIP = LAMBDA / "package.zip"
SOURCES_HASH = LAMBDA / "package.sources.sha256"
_UNIX = 3
_REGULAR_FILE_644 = 0o100644 << 16


def sources() -> dict[str, bytes]:
    """The packaged files, sorted by their path relative to lambda/."""
    paths = sorted(LAMBDA.glob("key_rotation/**/*.py"), key=lambda path: path.as_posix())
    return {path.relative_to(LAMBDA).as_posix(): path.read_bytes() for path in paths}


def sources_hash(files: dict[str, bytes]) -> str:
    """What main.tf computes from the same files, so that a plan refuses a stale package."""
    lines = (f"{sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    return sha256("".join(lines).encode()).hexdigest()


def build(files: dict[str, bytes]) -> bytes:
    """The bytes of the zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE_644
            archive.writestr(entry, content)
    return buffer.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description="Builds lambda/package.zip.")
    parser.add_argument("--check", action="store_true", help="compare, change nothing")
    check = parser.parse_args().check
    files = sources()
    made = {ZIP: build(files), SOURCES_HASH: f"{sources_hash(files)}\n".encode()}
    stale = [path for path, content in made.items() if not _holds(path, content)]
    if not check:
        for path in stale:
            path.write_bytes(made[path])
    what = f"{len(files)} sources, {len(made[ZIP]):,} bytes, sha256 {sha256(made[ZIP]).hexdigest()}"
    if check and stale:
        names = ", ".join(path.name for path in stale)
        print(f"error: not what the sources build: {names}; run: make package", file=sys.stderr)
        return 1
    print(f"package: {'unchanged' if not stale else 'written'}: {what}")
    return 0


def _holds(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() == content


if __name__ == "__main__":
    sys.exit(main())
