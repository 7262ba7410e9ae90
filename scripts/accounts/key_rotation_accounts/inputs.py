"""What a plan was made of: the files of the root module and of each module that it uses."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from .terraform import one_line

_SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")
_VALUES = (".auto.tfvars", ".auto.tfvars.json", "terraform.tfvars", "terraform.tfvars.json")
# A file that the HCL names, such as "${path.module}/lambda/package.zip": an apply reads it again.
_NAMED = re.compile(r"\$\{path\.(?:module|root)\}/([^\"$%{}*\n]+)")


def hashes(folder: Path, data: Path) -> dict[str, str]:
    """The SHA-256 of each such file, by its path from the folder. `data` is Terraform's, which
    lists the modules there once `init` has run."""
    found: dict[str, str] = {}
    for module in _modules(folder, data):
        for file in _files(folder / module):
            name = Path(module, file.relative_to(folder / module)).as_posix()
            found[name] = file_hash(file)
    return dict(sorted(found.items()))


def differences(planned: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Such as "main.tf has changed", by file."""
    said = {name: "has changed" for name in planned if name in here and planned[name] != here[name]}
    said |= {name: "is gone" for name in planned if name not in here}
    said |= {name: "is new" for name in here if name not in planned}
    return [f"{name} {what}" for name, what in sorted(said.items())]


def file_hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def commit(folder: Path) -> str | None:
    """The commit of the checkout, with "+" if files of it have changed; None without git."""
    try:
        answers = [
            subprocess.run(  # noqa: S603 - our own arguments
                ["git", "-C", str(folder), *arguments],  # noqa: S607
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "-uno"])
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return one_line(answers[0]) + ("+" if answers[1].strip() else "")


def _modules(folder: Path, data: Path) -> list[str]:
    """Their folders, the root's first, as Terraform wrote them down."""
    listing = data / "modules" / "modules.json"
    if not listing.exists():
        return ["."]
    modules = json.loads(listing.read_text(encoding="utf-8"))["Modules"]
    return sorted({".", *(module["Dir"] for module in modules)})


def _files(module: Path) -> Iterator[Path]:
    for file in sorted(module.iterdir()):
        if file.name.endswith(_VALUES):
            yield file
        elif file.name.endswith(_SUFFIXES):
            yield file
            for named in _NAMED.findall(file.read_text(encoding="utf-8")):
                path = module / named.rstrip("/")
                yield from [path] if path.is_file() else _inside(path)


def _inside(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_file() and not any(part.startswith((".", "__pycache__")) for part in parts):
            yield file
