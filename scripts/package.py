"""Builds lambda/package.zip from the sources beside it, and checks that the two agree.

    python -m scripts.package           writes the zip, and beside it the record: two hashes
    python -m scripts.package --check   changes nothing; exits with 1 when what is committed differs

zlib's output differs between its builds, so the check compares what the zip holds and not its
bytes; a zip that holds the sources stays as it is. The record has the hash of the sources, and that
of the zip as it lies there: a plan computes both. Standard library only, so that it runs before
anything is installed.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

LAMBDA = Path(__file__).resolve().parent.parent / "lambda"
ZIP = LAMBDA / "package.zip"
RECORD = LAMBDA / "package.sources.sha256"

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold
_MADE_ON_UNIX = 3
_REGULAR_FILE_644 = 0o100644 << 16
# APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16: two headers per entry, and the end of the file.
_HEADERS_OF_AN_ENTRY, _END = 30 + 46, 22

type _Entry = tuple[str, tuple[int, int, int, int, int, int], int, int, bytes]


def sources() -> dict[str, bytes]:
    """The packaged files, sorted by their path relative to lambda/."""
    paths = sorted(LAMBDA.glob("key_rotation/**/*.py"), key=lambda path: path.as_posix())
    return {path.relative_to(LAMBDA).as_posix(): path.read_bytes() for path in paths}


def sources_hash(files: dict[str, bytes]) -> str:
    """What function.tf computes from the same files, so that a plan refuses a stale package."""
    lines = (f"{sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    return sha256("".join(lines).encode()).hexdigest()


def build(files: dict[str, bytes]) -> bytes:
    """The bytes of the zip: on one machine, the same sources always give the same."""
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = ZipInfo(name, _DATE)
            entry.create_system = _MADE_ON_UNIX
            entry.external_attr = _REGULAR_FILE_644
            archive.writestr(entry, content, ZIP_DEFLATED)
    return target.getvalue()


def entries(data: bytes) -> list[_Entry]:
    """What a zip holds, in its order: name, date, system, mode and content of each entry.

    Raises ValueError if it is no zip, is damaged, or holds any bytes beside its entries.
    """
    try:
        with ZipFile(BytesIO(data)) as archive:
            found = archive.infolist()
            if any(entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in found):
                raise ValueError("Lambda reads stored and deflated entries only")
            held = [
                (e.filename, e.date_time, e.create_system, e.external_attr, archive.read(e))
                for e in found
            ]
    except (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        # RuntimeError: an entry is encrypted, or needs a later version of the format.
        raise ValueError(f"no sound zip: {error or type(error).__name__}") from None
    size = _END + sum(
        _HEADERS_OF_AN_ENTRY + 2 * len(entry.filename.encode()) + entry.compress_size
        for entry in found
    )
    if size != len(data):
        raise ValueError("no sound zip: some of its bytes belong to no entry")
    return held


def record(files: dict[str, bytes], zipped: bytes) -> bytes:
    """Hash and name by line, as function.tf reads them."""
    return f"{sources_hash(files)}  sources\n{sha256(zipped).hexdigest()}  {ZIP.name}\n".encode()


def stale_zip(committed: Path, built: bytes) -> str | None:
    """What to say of a committed zip if it does not hold what the built one holds."""
    try:
        same = entries(committed.read_bytes()) == entries(built)
    except FileNotFoundError:
        return f"{committed.name} (missing)"
    except ValueError as error:
        return f"{committed.name} ({error})"
    return None if same else committed.name


def main() -> int:
    parser = argparse.ArgumentParser(description="Builds lambda/package.zip.")
    parser.add_argument("--check", action="store_true", help="compare, change nothing")
    check = parser.parse_args().check
    files = sources()
    built = build(files)
    stale_package = stale_zip(ZIP, built)
    recorded = record(files, built if stale_package else ZIP.read_bytes())
    stale = {ZIP: stale_package, RECORD: None if _holds(RECORD, recorded) else RECORD.name}
    names = ", ".join(name for name in stale.values() if name)
    if check and names:
        print(f"error: not what the sources build: {names}; run: make package", file=sys.stderr)
        return 1
    for path, content in ((ZIP, built), (RECORD, recorded)):
        if stale[path]:
            path.write_bytes(content)
    zipped = ZIP.read_bytes()
    what = f"{len(files)} sources, {len(zipped):,} bytes, sha256 {sha256(zipped).hexdigest()}"
    print(f"package: {'written' if names else 'unchanged'}: {what}")
    return 0


def _holds(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() == content


if __name__ == "__main__":
    sys.exit(main())
