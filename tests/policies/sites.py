"""Where in the function's source AWS is called: to be held against the calls on record."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from botocore import xform_name

import key_rotation
from tests.aws.account import SESSION

_ADAPTERS = Path(key_rotation.__file__).parent / "aws"
_SERVICES = ("cloudwatch", "events", "iam", "secretsmanager", "sns", "ssm", "sts")


class Site(NamedTuple):
    """A function of the source that makes a call: its file, its qualified name, the operation."""

    file: str
    function: str
    operation: str


def sites() -> set[Site]:
    """Every function that calls an operation by a method of a client, or by a paginator."""
    operations = frozenset(
        xform_name(name)
        for service in _SERVICES
        for name in SESSION.client(service).meta.service_model.operation_names  # type: ignore[call-overload]
    )
    return {
        Site(path.name, function, operation)
        for path in _ADAPTERS.glob("*.py")
        for function, operation in _called(ast.parse(path.read_text()), ())
        if operation in operations
    }


def site_of(code: CodeType, operation: str) -> Site | None:
    """That of a call in the making, from the code of one of its frames; None outside of the
    adapters."""
    path = Path(code.co_filename)
    return Site(path.name, code.co_qualname, operation) if path.parent == _ADAPTERS else None


def _called(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The methods that are called, or named to a paginator, with the function around each."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name):
                yield from _called(child, (*names, name, "<locals>"))
                continue
            case ast.ClassDef(name=name):
                yield from _called(child, (*names, name))
                continue
            case ast.Call(
                func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=operation)]
            ):
                yield _qualified(names), str(operation)
            case ast.Call(func=ast.Attribute(attr=method)):
                yield _qualified(names), method
        yield from _called(child, names)


def _qualified(names: tuple[str, ...]) -> str:
    return ".".join(names[:-1] if names[-1:] == ("<locals>",) else names)
