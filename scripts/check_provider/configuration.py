"""What the HCL asks of the provider: arguments, nested blocks, and attributes that are read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import hcl2

Kind = Literal["resource", "data", "provider"]

# Terraform's own, in every block of these kinds.
META = {
    "resource": {
        "connection",
        "count",
        "depends_on",
        "for_each",
        "lifecycle",
        "provider",
        "provisioner",
    },
    "data": {"count", "depends_on", "for_each", "lifecycle", "provider"},
    "provider": {"alias", "version"},
}
_INDEX = r"(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\])"
_REFERENCE = re.compile(rf"(?<![\w.])(data\.)?(aws_\w+)\.\w+{_INDEX}?\.(\w+)")
# A way to read what only some versions have: Terraform looks for it when it evaluates, not before.
_LOOKUP = re.compile(r'lookup\((data\.)?(aws_\w+)\.\w+, "(\w+)"\)')


@dataclass(frozen=True, order=True)
class Block:
    """The names of the arguments and blocks that one block sets; `path` is empty at its top."""

    file: str
    kind: Kind
    type: str
    path: tuple[str, ...]
    names: frozenset[str]


@dataclass(frozen=True, order=True)
class Read:
    """One attribute that an expression reads; `text` is how it is written."""

    file: str
    kind: Kind
    type: str
    name: str
    text: str


@dataclass(frozen=True)
class Configuration:
    blocks: tuple[Block, ...]
    reads: tuple[Read, ...]

    def types(self) -> set[tuple[Kind, str]]:
        blocks = {(block.kind, block.type) for block in self.blocks}
        return blocks | {(read.kind, read.type) for read in self.reads}


def read_folders(root: Path, patterns: tuple[str, ...]) -> Configuration:
    """All `.tf` files below `root` that match one of the patterns. Raises ValueError for HCL that
    cannot be parsed."""
    files = sorted({file for pattern in patterns for file in root.glob(pattern)})
    found = [read_text(file.read_text(), file.relative_to(root).as_posix()) for file in files]
    return Configuration(
        tuple(block for each in found for block in each.blocks),
        tuple(read for each in found for read in each.reads),
    )


def read_text(text: str, file: str) -> Configuration:
    try:
        parsed: Mapping[str, Any] = hcl2.loads(text)
    except Exception as error:
        raise ValueError(f"{file}: {error}") from error
    return Configuration(tuple(_top_blocks(parsed, file)), tuple(sorted(set(_reads(parsed, file)))))


def _top_blocks(parsed: Mapping[str, Any], file: str) -> Iterator[Block]:
    kinds: tuple[Kind, ...] = ("resource", "data", "provider")
    for kind in kinds:
        for labelled in parsed.get(kind, ()):
            for label, body in labelled.items():
                name = label.strip('"')
                if kind == "provider" and name == "aws":
                    yield from _blocks(body, file, kind, name, ())
                elif kind != "provider" and name.startswith("aws_"):
                    for inner in body.values():
                        yield from _blocks(inner, file, kind, name, ())


def _blocks(
    body: Mapping[str, Any], file: str, kind: Kind, type_: str, path: tuple[str, ...]
) -> Iterator[Block]:
    nested = list(_nested(body))
    plain = {name for name in body if not name.startswith("__") and name != "dynamic"}
    names = plain | {name for name, _ in nested}
    own = META[kind] if not path else set()
    yield Block(file, kind, type_, path, frozenset(names - own))
    for name, inner in nested:
        if name not in own:
            yield from _blocks(inner, file, kind, type_, (*path, name))


def _nested(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The blocks in a body, those that `dynamic` makes included."""
    for name, value in body.items():
        if name == "dynamic":
            for labelled in value:
                for label, made in labelled.items():
                    yield from ((label.strip('"'), content) for content in made["content"])
        elif isinstance(value, list):
            yield from (
                (name, item)
                for item in value
                if isinstance(item, dict) and item.get("__is_block__")
            )


def _reads(parsed: object, file: str) -> Iterator[Read]:
    for text in _texts(parsed):
        for match in (*_REFERENCE.finditer(text), *_LOOKUP.finditer(text)):
            data, type_, name = match.groups()
            yield Read(file, "data" if data else "resource", type_, name, match[0])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key != "__comments__":
                yield from _texts(key)
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
