"""A server that speaks enough of Secrets Manager's protocol for one secret.

For programs in a process of their own, which moto cannot reach."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.serving import served


@dataclass
class SecretServer:
    """The URL for AWS_ENDPOINT_URL, and each call that came: (operation, secret, who signed)."""

    url: str = ""
    calls: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def secret_server(value: Mapping[str, object]) -> Iterator[SecretServer]:
    """Serves `value` for whatever secret is asked for, on a free port of this machine."""
    called = SecretServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].removeprefix("secretsmanager.")
            signer = re.findall(r"Credential=(\w+)/", self.headers["Authorization"])[0]
            called.calls.append((operation, body["SecretId"], signer))
            answer = json.dumps({"ARN": body["SecretId"], "SecretString": json.dumps(value)})
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""

    with served(Handler) as called.url:
        yield called
