"""The workflows and actions of this repository and of its examples, as YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
OURS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))
# Those that users copy; a workflow is a YAML file that has jobs.
EXAMPLES = sorted(
    path
    for pattern in ("*.yml", "*.yaml")
    for path in (ROOT / "examples").rglob(pattern)
    if re.search(r"^jobs:", path.read_text(), re.MULTILINE)
)
_USES = re.compile(r"^\s*(?:- )?uses: (\S+)(?: # (\S+))?$", re.MULTILINE)


@dataclass(frozen=True)
class Use:
    """One `uses:` of another repository's action: its name, what follows the @, and the comment."""

    action: str
    ref: str
    comment: str


def load(path: Path) -> dict[str, Any]:
    """The file; `on` stays a word, which is true to YAML 1.1."""
    loaded: dict[str, Any] = yaml.load(path.read_text(), yaml.BaseLoader)  # noqa: S506 - strings
    return loaded


def uses(text: str) -> Iterator[Use]:
    """Each action of another repository that the text uses."""
    for used, comment in _USES.findall(text):
        if not used.startswith("./"):
            action, _, ref = used.partition("@")
            yield Use(action, ref, comment)


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """The steps of a workflow or of a composite action."""
    data = load(path)
    for job in data.get("jobs", {"": data.get("runs", {})}).values():
        yield from job.get("steps", [])
