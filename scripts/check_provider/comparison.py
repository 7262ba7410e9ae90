"""The HCL against a provider version: what is unknown, missing or deprecated there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from scripts.check_provider.bindings import Schema
from scripts.check_provider.configuration import Block, Configuration, Kind, Read
from scripts.check_provider.deprecations import Notes

Schemas = Mapping[tuple[Kind, str], Schema]
Deprecations = Mapping[tuple[Kind, str], Notes]


@dataclass(frozen=True)
class Comparison:
    """Findings as lines for people, and the entries of the list of deprecated uses that apply."""

    findings: tuple[str, ...]
    arguments: int
    attributes: int
    listed: frozenset[str] = field(default=frozenset())


def compare(
    configuration: Configuration,
    schemas: Schemas,
    deprecations: Deprecations,
    known_deprecated: Mapping[str, str],
) -> Comparison:
    """`known_deprecated` lists deprecated uses, as they are written in the HCL, with the reason."""
    findings: list[str] = []
    needed: set[str] = set()
    for block in configuration.blocks:
        findings += _block(block, schemas)
    for read in configuration.reads:
        findings += _read(read, schemas)
    for where, text, note in _deprecated_uses(configuration, deprecations):
        if text in known_deprecated:
            needed.add(text)
        else:
            findings.append(f"{where}: {text} is deprecated: {note}")
    findings += [
        f"{block.file}: {block.kind} {block.type}: nothing says what of it is deprecated"
        for block in configuration.blocks
        if block.kind != "provider" and (block.kind, block.type) not in deprecations
    ]
    findings += [
        f"the list of deprecated uses has {text}, which is not used, or not deprecated"
        for text in sorted(known_deprecated.keys() - needed)
    ]
    return Comparison(
        tuple(dict.fromkeys(findings)),
        sum(len(block.names) for block in configuration.blocks),
        len(configuration.reads),
        frozenset(needed),
    )


def _block(block: Block, schemas: Schemas) -> Iterator[str]:
    where = f"{block.file}: {block.kind} {block.type}"
    schema = schemas.get((block.kind, block.type))
    if schema is None:
        yield f"{where} does not exist"
        return
    known = schema.block(block.path)
    if known is None:
        yield f"{where}: {'.'.join(block.path)} is not a block"
        return
    for name in sorted(block.names - known.keys()):
        yield f"{where}: {'.'.join((*block.path, name))} is not an argument"
    for name, argument in known.items():
        if argument.required and name not in block.names:
            yield f"{where}: {'.'.join((*block.path, name))} is required, and not set"


def _read(read: Read, schemas: Schemas) -> Iterator[str]:
    schema = schemas.get((read.kind, read.type))
    if schema is None:
        yield f"{read.file}: {read.text}: {read.kind} {read.type} does not exist"
    elif not schema.has_attribute(read.name):
        yield f"{read.file}: {read.text}: {read.kind} {read.type} has no attribute {read.name}"


def _deprecated_uses(
    configuration: Configuration, deprecations: Deprecations
) -> Iterator[tuple[str, str, str]]:
    """Where, as what, and what the provider says."""
    for block in configuration.blocks:
        notes = deprecations.get((block.kind, block.type))
        for name in sorted(block.names):
            note = notes.of(name, nested=bool(block.path)) if notes else None
            if note:
                path = ".".join((*block.path, name))
                yield block.file, f"{block.kind} {block.type}: {path}", note
    for read in configuration.reads:
        notes = deprecations.get((read.kind, read.type))
        note = notes.of(read.name, nested=False) if notes else None
        if note:
            yield read.file, read.text, note
