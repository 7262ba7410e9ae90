"""Writes the tables of inputs and outputs of README.md, from variables.tf and outputs.tf.

`make docs` runs it; tests/unit/test_readme.py fails when the tables are not what it would write.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import hcl2

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"


def inputs(root: Path = ROOT) -> str:
    """The table of the module's variables, in the order of variables.tf."""
    rows = ["| name | what it is | type | default |", "|---|---|---|---|"]
    for name, body in _blocks(root / "variables.tf", "variable"):
        default = _code(body["default"]) if "default" in body else "required"
        rows.append(
            f"| `{name}` | {_prose(body['description'])} | {_type(body['type'])} | {default} |"
        )
    return "\n".join(rows)


def outputs(root: Path = ROOT) -> str:
    """The table of the module's outputs, in the order of outputs.tf."""
    rows = ["| name | what it is |", "|---|---|"]
    for name, body in _blocks(root / "outputs.tf", "output"):
        rows.append(f"| `{name}` | {_prose(body['description'])} |")
    return "\n".join(rows)


def with_tables(text: str, root: Path = ROOT) -> str:
    """The text with both tables between their markers. Raises ValueError without the markers."""
    for name, table in (("inputs", inputs(root)), ("outputs", outputs(root))):
        begin, end = f"<!-- {name}: written by `make docs` -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"README.md lacks the marker {begin if not found else end}")
        text = f"{before}{begin}\n{table}\n{end}{after}"
    return text


def main() -> int:
    try:
        text = README.read_text()
        new = with_tables(text)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if new != text:
        README.write_text(new)
    print(f"docs: the tables of {README.name} are {'written' if new != text else 'unchanged'}")
    return 0


def _blocks(path: Path, kind: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = hcl2.loads(path.read_text())[kind]
    return [(_plain(name), body) for block in blocks for name, body in block.items()]


def _plain(text: str) -> str:
    """A literal as what it stands for: python-hcl2 leaves quotes and escapes in place."""
    plain: str = json.loads(text) if text.startswith('"') else text
    return plain


def _prose(text: str) -> str:
    """A description as one cell; what looks like HTML is escaped, but not within backticks."""
    parts = " ".join(_plain(text).split()).replace("|", "\\|").split("`")
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def _type(text: str) -> str:
    return f"`{re.sub(r'^[$][{](.*)[}]$', r'\1', text)}`"


def _code(value: object) -> str:
    text = _plain(value) if isinstance(value, str) else value
    return f"`{json.dumps(text)}`"


if __name__ == "__main__":
    sys.exit(main())
