"""Writes what a release publishes: the function's package, its hash, what is in it, and the notes.

    python -m scripts.release TAG FOLDER

The zip is lambda/package.zip as it was committed: `make release` has it compared with the sources
first. Nothing is written if the tag and the files disagree about the version, or if the changelog
has no day yet. The same commit gives the same bytes. Standard library only.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path

from scripts import sbom, version

NOTES = "notes.md"


def write(root: Path, tag: str, folder: Path) -> list[str]:
    """Fills the folder, and returns the names of the files. Raises ValueError, a problem a line."""
    problems = list(version.problems(root, tag))
    if problems:
        raise ValueError("\n".join(problems))
    entry = version.newest(root)
    name = f"key-rotation-lambda-{entry.version}"
    package = (root / "lambda" / "package.zip").read_bytes()
    described = sbom.document(package, f"{name}.zip", entry.version, entry.day)
    files = {
        f"{name}.zip": package,
        f"{name}.spdx.json": (json.dumps(described, indent=1) + "\n").encode(),
    }
    sums = "".join(f"{sha256(data).hexdigest()}  {each}\n" for each, data in sorted(files.items()))
    files["SHA256SUMS"] = sums.encode()
    files[NOTES] = f"{entry.text}\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    for each, data in files.items():
        (folder / each).write_bytes(data)
    return list(files)


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: python -m scripts.release TAG FOLDER", file=sys.stderr)
        return 2
    try:
        names = write(version.ROOT, sys.argv[1], Path(sys.argv[2]))
    except (OSError, ValueError) as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        return 1
    print(*(f"{sys.argv[2]}/{name}" for name in names), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
