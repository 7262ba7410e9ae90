"""Which LocalStack to talk to, and whether it is there."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_PORT = 4566

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class LocalStackError(Exception):
    """Something a person has to put right; the text is one that they can act on."""


@dataclass(frozen=True)
class Endpoint:
    """A running LocalStack; `embedded` tells that it has our test-only routes and mailbox."""

    url: str
    embedded: bool


def call(url: str, method: str = "GET", document: Any = None, timeout: float = 10) -> bytes:
    """Return the body that the URL answers with. Raises OSError (HTTPError among them)."""
    data = None if document is None else json.dumps(document).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310
    with _DIRECT.open(request, timeout=timeout) as response:
        body: bytes = response.read()
    return body


def is_localstack(url: str, timeout: float = 5) -> bool:
    """Tell whether a LocalStack answers there."""
    document = _json_of(f"{url}/_localstack/health", timeout)
    return isinstance(document, dict) and "services" in document


def is_embedded(url: str, timeout: float = 5) -> bool:
    """Tell whether it is one of ours."""
    document = _json_of(f"{url}/_test", timeout)
    return isinstance(document, dict) and document.get("embedded") is True


def from_environment(environ: Mapping[str, str] = os.environ) -> Endpoint | None:
    """Return the LocalStack that the environment names; None if it names none.

    Raises LocalStackError if what it names is no address or does not answer as a LocalStack.
    """
    variable, url = _named(environ)
    if variable is None:
        return None
    value = environ[variable]
    if not _is_address(url):
        raise LocalStackError(f"{variable}={value} is not an address like http://localhost:4566")
    if not is_localstack(url):
        raise LocalStackError(
            f"{variable}={value}, but no LocalStack answers there: start it, or unset {variable} "
            "to have one started here"
        )
    return Endpoint(url, embedded=is_embedded(url))


def port_from_environment(environ: Mapping[str, str] = os.environ) -> int:
    """Return the port for our own one. Raises LocalStackError if LOCALSTACK_PORT is no port."""
    value = environ.get("LOCALSTACK_PORT") or str(DEFAULT_PORT)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise LocalStackError(f"LOCALSTACK_PORT={value} is not a port number")
    return int(value)


def _named(environ: Mapping[str, str]) -> tuple[str | None, str]:
    if url := environ.get("AWS_ENDPOINT_URL"):
        return "AWS_ENDPOINT_URL", url.rstrip("/")
    if host := environ.get("LOCALSTACK_HOST"):
        return "LOCALSTACK_HOST", f"http://{host}" + ("" if ":" in host else f":{DEFAULT_PORT}")
    return None, ""


def _is_address(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _json_of(url: str, timeout: float) -> Any:
    try:
        return json.loads(call(url, timeout=timeout))
    except urllib.error.HTTPError as error:
        error.close()
        return None
    except (OSError, ValueError):
        return None
