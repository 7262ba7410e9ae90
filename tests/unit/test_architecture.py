"""Which module may know which: the arrows of the design, read off the source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "lambda" / "key_rotation"

DATA = frozenset({"model"})
CORE = DATA | {
    *("messages", "overrides", "payload", "policy", "ports", "report", "settings", "transitions"),
}
ADAPTED = DATA | {
    *("messages", "parallel", "ports", "report", "settings", "survey", "transitions"),
}
ADAPTERS = frozenset(
    f"aws.{name}"
    for name in (
        *("bus", "calls", "ceiling", "credential_report", "directory", "errors", "filters"),
        *("keys", "metrics", "notifier", "owned_secrets", "parameters", "reading_policy"),
        *("records", "secrets"),
    )
)
# Each module, and the modules of the package that it may import.
ARROWS: dict[str, frozenset[str]] = {
    "__init__": frozenset(),
    "model": frozenset(),
    "settings": DATA,
    "payload": DATA,
    "card": frozenset(),
    "messages": DATA | {"card"},
    "report": DATA,
    "overrides": DATA | {"settings"},
    "policy": DATA | {"overrides", "settings"},
    "transitions": DATA,
    "ports": DATA | {"messages", "report", "survey", "transitions"},
    "parallel": frozenset(),
    "survey": frozenset(),
    "prefilter": DATA | {"overrides", "policy", "settings", "survey"},
    "discovery": CORE | {"parallel", "prefilter", "survey"},
    "gauges": DATA | {"overrides", "report", "settings"},
    "housekeeping": DATA | {"messages", "ports", "report", "settings"},
    "outbox": frozenset({"ports", "transitions"}),
    "apply": CORE | {"outbox"},
    "facts": DATA | {"ports"},
    "rotation": CORE
    | {"apply", "discovery", "facts", "gauges", "housekeeping", "outbox", "parallel"},
    "aws.__init__": frozenset(),
    **dict.fromkeys(ADAPTERS, ADAPTED | ADAPTERS),
    "handler": CORE | {"apply", "facts", "rotation"} | ADAPTERS,
}
# What is not of the package and not of the standard library; all else imports neither.
LIBRARIES = {"handler": {"boto3", "botocore"}, **{name: {"botocore"} for name in ADAPTERS}}
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
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


SOURCES = {
    module_name(path): path.read_text()
    for path in sorted(PACKAGE.rglob("*.py"))
    if "__pycache__" not in path.parts
}
MODULES = [pytest.param(name, id=name) for name in SOURCES]


def imports(module: str, source: str) -> Iterator[tuple[str, str]]:
    """Each import as ("package", module) or ("library", top-level name)."""
    folder = module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from absolute(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield from absolute(node.module)
        elif isinstance(node, ast.ImportFrom):
            within = folder[: len(folder) - node.level + 1]
            base = [*within, *(node.module or "").split(".")] if node.module else within
            for alias in node.names:
                # `from . import records` names a module, `from .model import Stamp` does not.
                whole = ".".join([*base, alias.name])
                yield "package", whole if whole in ARROWS else ".".join(base) or "__init__"


def absolute(name: str) -> Iterator[tuple[str, str]]:
    top, _, rest = name.partition(".")
    yield ("package", rest or "__init__") if top == "key_rotation" else ("library", top)


def imported_only_for_types(source: str) -> set[str]:
    """The libraries imported under `if TYPE_CHECKING:`, which do not exist at run time."""
    return {
        name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for kind, name in imports("x", ast.unparse(statement))
        if kind == "library"
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


def test_every_module_has_its_arrows() -> None:
    assert set(SOURCES) == set(ARROWS)


@pytest.mark.parametrize("module", MODULES)
def test_module_knows_no_more_of_the_package_than_it_may(module: str) -> None:
    known = {name for kind, name in imports(module, SOURCES[module]) if kind == "package"}

    assert known - ARROWS[module] == set()


def test_no_arrow_closes_a_circle() -> None:
    known = {
        module: {name for kind, name in imports(module, source) if kind == "package"}
        for module, source in SOURCES.items()
    }
    while leaves := [module for module, names in known.items() if not names & set(known)]:
        for module in leaves:
            del known[module]

    assert known == {}


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_no_library_but_those_it_may(module: str) -> None:
    source = SOURCES[module]
    libraries = {name for kind, name in imports(module, source) if kind == "library"}
    for_types = {name for name in imported_only_for_types(source) if name.startswith("mypy_boto3_")}
    if module in LIBRARIES:
        libraries -= for_types

    assert libraries - sys.stdlib_module_names == libraries & LIBRARIES.get(module, set())


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
    ("module", "source", "expected"),
    [
        pytest.param("policy", "import os.path", ("library", "os"), id="library"),
        pytest.param("policy", "from boto3 import client", ("library", "boto3"), id="from library"),
        pytest.param("policy", "from .model import Event", ("package", "model"), id="sibling"),
        pytest.param("policy", "from . import ports", ("package", "ports"), id="sibling whole"),
        pytest.param(
            "policy", "from .aws.keys import IamKeys", ("package", "aws.keys"), id="adapter"
        ),
        pytest.param("aws.keys", "from ..ports import World", ("package", "ports"), id="upwards"),
        pytest.param(
            "aws.keys", "from .errors import code", ("package", "aws.errors"), id="beside"
        ),
        pytest.param(
            "aws.keys", "from . import records", ("package", "aws.records"), id="beside whole"
        ),
        pytest.param(
            "policy", "from key_rotation.ports import World", ("package", "ports"), id="absolute"
        ),
        pytest.param("policy", "import key_rotation.run.run", ("package", "rotation"), id="whole"),
        pytest.param("policy", "def f():\n import boto3", ("library", "boto3"), id="in a function"),
    ],
)
def test_import_is_seen(module: str, source: str, expected: tuple[str, str]) -> None:
    assert list(imports(module, source)) == [expected]


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
