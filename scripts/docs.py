"""Writes the tables of inputs and outputs of each module, from its variables.tf and outputs.tf.

`make docs` runs it; tests/unit/test_documents.py fails if the tables are out of date. The markers
are those of terraform-docs, which can rewrite them in a copy of yours. It does not write ours: no
registry that the tests install from has it, and it shows the fields of an `any` in one line.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import hcl2

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference.md"
# The page that has the tables of a module, by the folder of the module.
PAGES = {ROOT: REFERENCE} | {
    file.parent: file.parent / "README.md"
    for folder in ("modules/*", "examples/*", "examples/delivery/*")
    for file in sorted(ROOT.glob(f"{folder}/variables.tf"))
}
ANY = "object"  # `any` is how a variable refuses unknown fields by name: see variables.tf
BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"


def inputs(root: Path = ROOT) -> str:
    """The table of the module's variables, in the order of variables.tf."""
    rows = ["| name | what it is | type | default |", "|---|---|---|---|"]
    for name, body in _blocks(root / "variables.tf", "variable"):
        default = _code(body["default"]) if "default" in body else "required"
        what = _prose(body["description"])
        if _type(body["type"]) == ANY:
            what = _field_by_field(what)
        rows.append(f"| `{name}` | {what} | {_type(body['type'])} | {default} |")
    return "\n".join(rows)


def outputs(root: Path = ROOT) -> str:
    """The table of the module's outputs, in the order of outputs.tf."""
    rows = ["| name | what it is |", "|---|---|"]
    for name, body in _blocks(root / "outputs.tf", "output"):
        rows.append(f"| `{name}` | {_prose(body['description'])} |")
    return "\n".join(rows)


def with_tables(text: str, root: Path = ROOT) -> str:
    """The text with both tables between the markers. Raises ValueError without the markers."""
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"the page lacks the marker {END if begun else BEGIN}")
    tables = f"{inputs(root)}\n\n## Outputs\n\n{outputs(root)}"
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def main() -> int:
    for module, page in PAGES.items():
        name = page.relative_to(ROOT)
        try:
            text = page.read_text()
            new = with_tables(text, module)
        except (OSError, ValueError) as error:
            print(f"error: {name}: {error}", file=sys.stderr)
            return 1
        if new != text:
            page.write_text(new)
        print(f"docs: the tables of {name} are {'written' if new != text else 'unchanged'}")
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


def _field_by_field(text: str) -> str:
    """The prose about an object, with each sentence that begins with a field on a line of its own.

    Such a sentence is "`field` (default) …"; HCL's `any` does not say more about the fields.
    """
    return re.sub(r"(?<=[.:]) (?=`\w+` \()", "<br>", text)


def _type(text: str) -> str:
    kind = re.sub(r"^[$][{](.*)[}]$", r"\1", text)
    return ANY if kind == "any" else f"`{kind}`"


def _code(value: object) -> str:
    return f"`{json.dumps(_literal(value))}`"


def _literal(value: object) -> object:
    """A default, with every literal within it as what it stands for."""
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, list):
        return [_literal(each) for each in value]
    if isinstance(value, dict):
        return {_plain(str(name)): _literal(each) for name, each in value.items()}
    return value


if __name__ == "__main__":
    sys.exit(main())
