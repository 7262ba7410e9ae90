"""What a provider version calls deprecated: the bindings in bindings.py do not say it.

The package `pulumi-aws` is generated from the same provider, and keeps its notes:

    @_builtins.property
    @pulumi.getter
    @_utilities.deprecated(\"\"\"name is deprecated. Use region instead.\"\"\")
    def name(self) -> _builtins.str:
"""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.check_provider.configuration import Kind

# 'aws:lambda/function:Function' of a resource, 'aws:index/getRegion:getRegion' of a data source
_TOKEN = re.compile(r"'aws:(\w+)/(\w+):(\w+)'")


@dataclass(frozen=True)
class Notes:
    """Deprecated names of one resource or data source, with what the provider says of each."""

    top: Mapping[str, str]
    nested: Mapping[str, str]  # at any depth: the package names nested blocks in its own way

    def of(self, name: str, *, nested: bool) -> str | None:
        known = self.nested if nested else self.top
        # Lists have a plural there.
        plurals = (name, f"{name}s", f"{name}es", re.sub("y$", "ies", name))
        return next((known[plural] for plural in plurals if plural in known), None)


def token_of(kind: Kind, type_: str) -> str:
    """A key without the differences of spelling: `aws_iam_openid_connect_provider` is
    `iam/getOpenIdConnectProvider` there."""
    return f"{kind}:{type_.removeprefix('aws_').replace('_', '')}"


def tokens(source: str) -> Iterator[str]:
    for module, name, _ in _TOKEN.findall(source):
        data = re.match("get(?=[A-Z])", name)
        plain = name[3:] if data else name
        prefix = "" if module == "index" else module
        yield f"{'data' if data else 'resource'}:{(prefix + plain).lower()}"


def notes(source: str, nested_source: str) -> Notes:
    """`source` is the module of the type, `nested_source` those of all blocks of its service."""
    classes = [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    stems = {re.sub("^_|^Awaitable|(Args|State|Result)$", "", name) for name in classes} - {""}
    return Notes(
        dict(_deprecated(source, None)),
        dict(_deprecated(nested_source, tuple(sorted(stems)))),
    )


def _deprecated(source: str, prefixes: tuple[str, ...] | None) -> Iterator[tuple[str, str]]:
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef):
            continue
        if prefixes is not None and not node.name.startswith(prefixes):
            continue
        for method in node.body:
            if isinstance(method, ast.FunctionDef):
                yield from ((method.name, text) for text in _texts(method))


def _texts(method: ast.FunctionDef) -> Iterator[str]:
    for decorator in method.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".deprecated"):
            yield ast.literal_eval(decorator.args[0])


def load(wheel: Path, types: Iterable[tuple[Kind, str]]) -> dict[tuple[Kind, str], Notes]:
    """The notes of these types, as far as the wheel has them."""
    wanted = {token_of(kind, type_): (kind, type_) for kind, type_ in types}
    found = {}
    with zipfile.ZipFile(wheel) as package:
        names = set(package.namelist())
        for name in sorted(names):
            if not re.fullmatch(r"pulumi_aws/(?:\w+/)?[a-z]\w*\.py", name):
                continue
            raw = package.read(name)
            if b"'aws:" not in raw:
                continue
            source = raw.decode()
            for token in {*tokens(source)} & wanted.keys():
                service = name.rsplit("/", 1)[0]
                beside = [f"{service}/{file}.py" for file in ("_inputs", "outputs")]
                nested = "\n".join(package.read(each).decode() for each in beside if each in names)
                found[wanted[token]] = notes(
                    source, re.sub("^from __future__.*$", "", nested, flags=re.M)
                )
    return found
