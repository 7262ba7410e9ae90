"""The version of the repository, and where it disagrees with itself.

One version is for all of it: the module, the function's package and the command lines.
Standard library only, so that a release needs no environment.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNRELEASED = "unreleased"

_NUMBER = r"\d+\.\d+\.\d+"
# The newest entry is first: `## 0.1.0 - unreleased`, and on its day `## 0.1.0 - 2026-01-31`.
_HEADING = re.compile(rf"^## ({_NUMBER}) - ({UNRELEASED}|\d{{4}}-\d\d-\d\d)$")
# How users name this repository: as a source of Terraform, or as a requirement of pip.
_REFERENCE = re.compile(r"<path to [^>]+>\.git(?://[\w/-]*)?(?:\?ref=|@)([^\s\"'`]+)")
_WITH_REFERENCES = {".md", ".tf", ".yml", ".yaml"}
_SKIPPED = {"build", "node_modules"}


@dataclass(frozen=True)
class Entry:
    """An entry of the changelog. `day` is YYYY-MM-DD, or UNRELEASED; `text` is its body."""

    version: str
    day: str
    text: str


def project(root: Path = ROOT) -> str:
    """The version of pyproject.toml, which `key-rotation --version` prints."""
    data = tomllib.loads((root / "pyproject.toml").read_text())
    return str(data["project"]["version"])


def newest(root: Path = ROOT) -> Entry:
    """The first entry of CHANGELOG.md. Raises ValueError if its heading has another form."""
    return next(_entries(root))


def named(root: Path = ROOT) -> str:
    """The version whose tag users are told: the newest, or until its day the one before."""
    entries = list(_entries(root))
    released = [entry for entry in entries if entry.day != UNRELEASED]
    return (released or entries)[0].version


def _entries(root: Path) -> Iterator[Entry]:
    _, *bodies = ("\n" + (root / "CHANGELOG.md").read_text()).split("\n## ")
    for heading, _, text in (body.partition("\n") for body in bodies or [""]):
        found = _HEADING.match(f"## {heading}")
        if found is None:
            raise ValueError(
                f"CHANGELOG.md: there is a heading `## {heading}`; it must be like "
                f"`## 0.1.0 - {UNRELEASED}` or `## 0.1.0 - 2026-01-31`"
            )
        yield Entry(found[1], found[2], text.strip())


def references(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Each file that tells users how to name this repository, with the tag that it names."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(
            name for name in subfolders if not name.startswith(".") and name not in _SKIPPED
        )
        for path in (Path(folder, name) for name in sorted(names)):
            if path.suffix in _WITH_REFERENCES:
                for tag in _REFERENCE.findall(path.read_text()):
                    yield path.relative_to(root).as_posix(), tag


def problems(root: Path = ROOT, tag: str | None = None) -> Iterator[str]:
    """Where a file disagrees with the changelog; with a tag, also what the tag lacks."""
    try:
        entry, wanted = newest(root), f"v{named(root)}"
    except ValueError as error:
        yield str(error)
        return
    if project(root) != entry.version:
        yield f"pyproject.toml has version {project(root)}, and CHANGELOG.md {entry.version}"
    found = list(references(root))
    if not found:
        yield "no file tells users how to name this repository by a tag"
    for name, reference in found:
        if reference != wanted:
            yield f"{name} names the tag {reference}; by CHANGELOG.md it must be {wanted}"
    if tag is not None and tag != f"v{entry.version}":
        yield f"the tag is {tag}; CHANGELOG.md has version {entry.version}"
    if tag is not None and entry.day == UNRELEASED:
        yield f"CHANGELOG.md: {entry.version} is unreleased; put the day in its heading, then tag"
