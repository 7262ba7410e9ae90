"""What a module may do while it is imported, and which libraries it may import.

Which folder may import which is a contract of import-linter: `make lint`, pyproject.toml.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "lambda" / "key_rotation"

# Called while a module is imported: nothing here reads, connects, or configures anything.
HARMLESS = {
    "logging.getLogger",
    "re.compile",
    "frozenset",
    "dict",
    "timedelta",
    "dataclass",
    "field",
    "Config",
    "Lock",
    "datetime.max.replace",
    *("_setting", "_number", "_text", "_arn"),  # fields of the settings
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


SOURCES = {
    module_name(path): path.read_text()
    for path in sorted(PACKAGE.rglob("*.py"))
    if "__pycache__" not in path.parts
}
MODULES = [pytest.param(name, id=name) for name in SOURCES]


def libraries(source: str) -> Iterator[str]:
    """The top-level names of what is imported from outside of the package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield node.module.partition(".")[0]


def allowed(module: str) -> set[str]:
    """boto3 itself is loaded by none: at a cold start it costs more than it saves."""
    return {"botocore"} if module == "handler" or module.startswith("aws.") else set()


def imported_only_for_types(source: str) -> set[str]:
    """The libraries imported under `if TYPE_CHECKING:`, which do not exist at run time."""
    return {
        name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for name in libraries(ast.unparse(statement))
    }


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs while a module is imported: all but the bodies of functions."""
    yield node
    parts: list[ast.AST | None]
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            parts = [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults]
        case ast.Lambda():
            parts = [*node.args.defaults, *node.args.kw_defaults]
        case _:
            parts = [*ast.iter_child_nodes(node)]
    for part in parts:
        if part is not None:
            yield from run_at_import(part)


def called_at_import(source: str) -> set[str]:
    return {
        ast.unparse(node.func)
        for node in run_at_import(ast.parse(source))
        if isinstance(node, ast.Call)
    }


def reads_environment(source: str) -> bool:
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.Name) and node.id in names)
        or (isinstance(node, ast.ImportFrom) and names & {alias.name for alias in node.names})
        for node in ast.walk(ast.parse(source))
    )


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_no_library_but_those_it_may(module: str) -> None:
    source = SOURCES[module]
    found = set(libraries(source)) - {"key_rotation"}
    for_types = {name for name in imported_only_for_types(source) if name.startswith("mypy_boto3_")}
    if module == "handler" or module.startswith("aws."):
        found -= for_types

    assert found - sys.stdlib_module_names - allowed(module) == set()


@pytest.mark.parametrize("module", [name for name in SOURCES if name.startswith("aws.")])
def test_only_the_handler_makes_clients(module: str) -> None:
    of_botocore = {
        node.module
        for node in ast.walk(ast.parse(SOURCES[module]))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("botocore")
    }

    assert of_botocore <= {"botocore.exceptions"}
    assert "import botocore" not in SOURCES[module]


@pytest.mark.parametrize("module", [name for name in SOURCES if name != "handler"])
def test_only_the_handler_reads_the_environment(module: str) -> None:
    assert not reads_environment(SOURCES[module])


def test_the_handler_does_read_the_environment() -> None:
    assert reads_environment(SOURCES["handler"])


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_read_connected_or_configured_at_import(module: str) -> None:
    assert called_at_import(SOURCES[module]) - HARMLESS == set()


# -- the readings themselves -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import os.path", ["os"], id="library"),
        pytest.param("from boto3 import client", ["boto3"], id="from library"),
        pytest.param("import key_rotation.run", ["key_rotation"], id="whole"),
        pytest.param("def f():\n import boto3", ["boto3"], id="in a function"),
        pytest.param("from .model import Event", [], id="sibling"),
    ],
)
def test_import_is_seen(source: str, expected: list[str]) -> None:
    assert list(libraries(source)) == expected


@pytest.mark.parametrize(
    ("source", "called"),
    [
        pytest.param("iam = boto3.client('iam')", {"boto3.client"}, id="client"),
        pytest.param("logging.basicConfig()", {"logging.basicConfig"}, id="configuration"),
        pytest.param("log.setLevel(10)", {"log.setLevel"}, id="level"),
        pytest.param("if x:\n  try:\n    f()\n  finally:\n    g()", {"f", "g"}, id="nested"),
        pytest.param("class A:\n  iam = client()", {"client"}, id="class body"),
        pytest.param("def f(iam=client()): ...", {"client"}, id="default"),
        pytest.param("@wrapped(client())\ndef f(): ...", {"wrapped", "client"}, id="decorator"),
        pytest.param("f = lambda iam=client(): g()", {"client"}, id="default of a lambda"),
        pytest.param("def f():\n  boto3.client('iam')", set(), id="function body"),
    ],
)
def test_call_at_import_is_seen(source: str, called: set[str]) -> None:
    assert called_at_import(source) == called


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "from os import environ",
        "import os as o\no.getenv('A')",
        "from os import getenv as g",
    ],
)
def test_reading_the_environment_is_seen(source: str) -> None:
    assert reads_environment(source)
