"""Builds lambda/package.zip: the same sources give the same bytes, on any machine and Python.

    python -m scripts.package           writes the zip, and the hash of its sources beside it
    python -m scripts.package --check   changes nothing; exits with 1 when what is committed differs

Deterministic: sorted sources, a fixed date and mode, and a compressor of our own (zlib's output
differs between its builds). Standard library only, so that it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import sys
from hashlib import sha256
from pathlib import Path
from struct import pack
from zlib import crc32

from scripts.deflate import deflate

LAMBDA = Path(__file__).resolve().parent.parent / "lambda"
ZIP = LAMBDA / "package.zip"
SOURCES_HASH = LAMBDA / "package.sources.sha256"

# What every entry of the zip has in common (APPNOTE.TXT, section 4.3), little-endian.
_NEEDS_VERSION = 20
_NO_FLAGS = 0  # the names are plain ASCII, the sizes are known
_DEFLATED = 8
_MIDNIGHT, _FIRST_OF_JANUARY_1980 = 0, 1 << 5 | 1
_MADE_ON_UNIX = 3 << 8 | _NEEDS_VERSION
_REGULAR_FILE_644 = 0o100644 << 16


def sources() -> dict[str, bytes]:
    """The packaged files, sorted by their path relative to lambda/."""
    paths = sorted(LAMBDA.glob("key_rotation/**/*.py"), key=lambda path: path.as_posix())
    return {path.relative_to(LAMBDA).as_posix(): path.read_bytes() for path in paths}


def sources_hash(files: dict[str, bytes]) -> str:
    """What function.tf computes from the same files, so that a plan refuses a stale package."""
    lines = (f"{sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    return sha256("".join(lines).encode()).hexdigest()


def build(files: dict[str, bytes]) -> bytes:
    """The bytes of the zip: every file, then the directory of them, then where that begins."""
    body, directory = b"", b""
    for name, content in files.items():
        packed = deflate(content)
        common = pack(
            "<HHHHHIIIHH",
            *(_NEEDS_VERSION, _NO_FLAGS, _DEFLATED, _MIDNIGHT, _FIRST_OF_JANUARY_1980),
            *(crc32(content), len(packed), len(content), len(name), 0),
        )
        place = pack("<HHHII", 0, 0, 0, _REGULAR_FILE_644, len(body))
        directory += pack("<4sH", b"PK\1\2", _MADE_ON_UNIX) + common + place + name.encode()
        body += b"PK\3\4" + common + name.encode() + packed
    many = len(files)
    end = pack("<4sHHHHIIH", b"PK\5\6", 0, 0, many, many, len(directory), len(body), 0)
    return body + directory + end


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
