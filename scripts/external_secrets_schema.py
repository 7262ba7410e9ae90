"""Writes tests/unit/schemas/external_secrets.json: the fields that External Secrets knows.

The operator's own schemas are in no registry of packages. The npm package of PACKAGE has its types,
generated from the operator's source, as TypeScript. This turns those that a SecretStore of AWS and
an ExternalSecret need into a JSON Schema that refuses unknown fields, as `kubectl apply` does. The
types lack patterns and lengths, and so does the schema.

    npm pack @kubernetes-models/external-secrets@2.0.0
    tar -xzf kubernetes-models-external-secrets-2.0.0.tgz
    python scripts/external_secrets_schema.py package
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

PACKAGE = "@kubernetes-models/external-secrets"
SCHEMA = Path(__file__).resolve().parent.parent / "tests/unit/schemas/external_secrets.json"
KINDS = ("SecretStore", "ExternalSecret")
_TYPES = Path("external-secrets.io", "v1")
_ANYTHING = {"type": "object"}
_PRIMITIVES = {"string": {"type": "string"}, "boolean": {"type": "boolean"}}
_PRIMITIVES |= {"number": {"type": "number"}}

Schema = dict[str, object]


def main() -> int:
    if len(sys.argv) != 2:
        print("error: name the folder of the unpacked package", file=sys.stderr)
        return 2
    package = Path(sys.argv[1])
    try:
        about = json.loads((package / "package.json").read_text())
        definitions: dict[str, Schema] = {}
        for kind in KINDS:
            _define(package / _TYPES / f"{kind}.d.ts", definitions)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"Made by scripts/external_secrets_schema.py from the types of {about['name']} "
        f"{about['version']} (npm). MIT License, Copyright (c) 2018 Tommy Chen. They are generated "
        "from External Secrets, Apache License 2.0, Copyright (c) The ESO Authors.",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in KINDS],
        "$defs": dict(sorted(definitions.items())),
    }
    SCHEMA.parent.mkdir(exist_ok=True)
    SCHEMA.write_text(json.dumps(schema, indent=2) + "\n")
    print(f"{SCHEMA.name}: {len(definitions)} types of {about['name']} {about['version']}")
    return 0


def _define(path: Path, definitions: dict[str, Schema]) -> None:
    """Adds the type that `path` declares, and those that it needs. Raises ValueError if the file
    is not of the known form."""
    name = path.name.removesuffix(".d.ts")
    if name in definitions:
        return
    text = re.sub(r"/\*\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    imported = dict(re.findall(r'^import \{ (\w+) \} from "(\..+?)\.js";', text, re.MULTILINE))
    alias = re.search(rf"^export type I{name} = (.+?);", text, re.MULTILINE)
    interface = re.search(rf"^export interface I{name}\b[^{{]*\{{\n(.*?)^\}}", text, re.M | re.S)
    if alias:
        definitions[name] = _schema(alias[1], {})
        return
    if not interface:
        raise ValueError(f"{path} declares no type {name}")
    needed = {symbol: (path.parent / f"{to}.d.ts").resolve() for symbol, to in imported.items()}
    fields = re.findall(
        r'^\s*"(\w+)"(\??): (.+?);$(?=\s*^\s*"|\s*\Z)', interface[1], re.MULTILINE | re.DOTALL
    )
    if len(fields) != len(re.findall(r'^\s*"\w+"\??: ', interface[1], re.MULTILINE)):
        raise ValueError(f"{path} has a field of a form that is not known")
    definitions[name] = {}  # before what it needs, which may need it
    definitions[name] = {
        "type": "object",
        "additionalProperties": False,
        "required": [field for field, optional, _ in fields if not optional],
        "properties": {field: _schema(kind, needed) for field, _, kind in fields},
    }
    for symbol, to in needed.items():
        if not _is_left_out(symbol):
            _define(to, definitions)


def _schema(kind: str, needed: dict[str, Path]) -> Schema:
    """The schema of a type, written in TypeScript."""
    kind = " ".join(kind.split())
    if kind in _PRIMITIVES:
        return dict(_PRIMITIVES[kind])
    if of := re.fullmatch(r"Array<(.+)>", kind):
        return {"type": "array", "items": _schema(of[1], needed)}
    if of := re.fullmatch(r"\{ \[key: string\]: (.+?);? \}", kind):
        return {"type": "object", "additionalProperties": _schema(of[1], needed)}
    if re.fullmatch(r'"[^"]*"( \| "[^"]*")*', kind):
        return {"enum": re.findall(r'"([^"]*)"', kind)}
    if kind in needed and not _is_left_out(kind):
        return {"$ref": f"#/$defs/{needed[kind].name.removesuffix('.d.ts')}"}
    if re.fullmatch(r"I\w+", kind):
        return dict(_ANYTHING)
    raise ValueError(f"{kind!r} is a type of a form that is not known")


def _is_left_out(symbol: str) -> bool:
    """Whether any object will do: other clouds, and what only the operator writes."""
    other_cloud = re.search(r"V1(\w+)Provider$", symbol)
    return symbol.endswith("Status") or bool(
        other_cloud and other_cloud[1] not in ("AWS", "SecretStore")
    )


if __name__ == "__main__":
    sys.exit(main())
