"""Which LocalStack is used, and what is said if it cannot be."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler

import pytest

from tests.localstack.endpoint import (
    Endpoint,
    LocalStackError,
    from_environment,
    port_from_environment,
)
from tests.localstack.process import require_free
from tests.localstack.venvs import interpreter
from tests.serving import served

HEALTH = {"services": {"iam": "running"}}
Serve = Callable[..., int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts an HTTP server that answers with a document for each of some paths; its port."""
    running = ExitStack()

    def start(**documents: object) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                document = documents.get(self.path.strip("/").replace("/", "__"))
                self.send_response(404 if document is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_args: object) -> None:
                pass

        return int(running.enter_context(served(Handler)).rpartition(":")[2])

    with running:
        yield start


def _nothing(_name: str) -> None:
    return None


@pytest.mark.parametrize("this", [(3, 12), (3, 13)])
def test_it_runs_on_this_python(this: tuple[int, int]) -> None:
    assert interpreter(this, _nothing) == sys.executable


def test_it_looks_for_a_python_that_it_runs_on() -> None:
    found = {"python3.12": sys.executable}

    assert interpreter((3, 14), found.get) == sys.executable


def test_a_python_that_does_not_start_is_none() -> None:
    """Such as pyenv's, of a version that is not the chosen one."""
    with pytest.raises(LocalStackError, match=r"this is 3\.14"):
        interpreter((3, 14), {"python3.13": "/bin/false"}.get)


def test_without_one_it_says_which_are_needed() -> None:
    text = r"LocalStack 4\.14 needs Python 3\.12 or 3\.13, and this is 3\.14; put one of them on"

    with pytest.raises(LocalStackError, match=text):
        interpreter((3, 14), _nothing)


def test_the_environment_names_none() -> None:
    assert from_environment({}) is None
    assert from_environment({"AWS_ENDPOINT_URL": "", "LOCALSTACK_HOST": ""}) is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:{port}"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:{port}/"),
        ("LOCALSTACK_HOST", "127.0.0.1:{port}"),
    ],
)
@pytest.mark.parametrize("embedded", [True, False])
def test_the_localstack_that_the_environment_names(
    serve: Serve, variable: str, value: str, embedded: bool
) -> None:
    documents = {"_test": {"embedded": True}} if embedded else {}
    port = serve(_localstack__health=HEALTH, **documents)

    found = from_environment({variable: value.format(port=port)})

    assert found == Endpoint(f"http://127.0.0.1:{port}", embedded=embedded)


def test_a_named_localstack_that_is_something_else(serve: Serve) -> None:
    value = f"http://127.0.0.1:{serve(_localstack__health='all well')}"

    with pytest.raises(LocalStackError) as error:
        from_environment({"AWS_ENDPOINT_URL": value})

    assert str(error.value) == (
        f"AWS_ENDPOINT_URL={value}, but no LocalStack answers there: start it, or unset "
        "AWS_ENDPOINT_URL to have one started here"
    )


@pytest.mark.parametrize("value", ["localhost:4566", "http://", "http://localhost:port", "ftp://x"])
def test_a_named_localstack_that_is_no_address(value: str) -> None:
    with pytest.raises(LocalStackError) as error:
        from_environment({"AWS_ENDPOINT_URL": value})

    assert str(error.value) == (
        f"AWS_ENDPOINT_URL={value} is not an address like http://localhost:4566"
    )


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "4566 "])
def test_a_port_that_is_none(value: str) -> None:
    with pytest.raises(LocalStackError) as error:
        port_from_environment({"LOCALSTACK_PORT": value})

    assert str(error.value) == f"LOCALSTACK_PORT={value} is not a port number"


def test_a_free_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    require_free(port)


def test_a_port_taken_by_a_program(serve: Serve) -> None:
    port = serve()

    with pytest.raises(LocalStackError) as error:
        require_free(port)

    assert str(error.value) == (
        f"port {port} is taken by a program: set LOCALSTACK_PORT to a free one"
    )


def test_a_port_taken_by_another_localstack(serve: Serve) -> None:
    port = serve(_localstack__health=HEALTH)

    with pytest.raises(LocalStackError) as error:
        require_free(port)

    assert str(error.value) == (
        f"port {port} is taken by another LocalStack: set LOCALSTACK_PORT to a free one "
        f"(or AWS_ENDPOINT_URL=http://127.0.0.1:{port} to use that one)"
    )
