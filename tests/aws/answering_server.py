"""An AWS endpoint that answers what a test wants, and notes what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.serving import served


@dataclass
class AnsweringServer:
    """Answers with that HTTP status and document, or with the page, as a proxy does; `asked` has
    the operations."""

    status: int = 200
    document: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    page: str | None = None
    content_type: str = "application/x-amz-json-1.1"
    url: str = ""

    def be_a_proxy(self, page: str, content_type: str = "text/html; charset=utf-8") -> None:
        self.page, self.content_type = page, content_type

    def refuse(self, code: str, message: str = "no", status: int = 400) -> None:
        self.status, self.document = status, {"__type": code, "message": message}


@contextmanager
def answering_server() -> Iterator[AnsweringServer]:
    answers = AnsweringServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answers.asked.append(self.headers.get("X-Amz-Target", "?").rpartition(".")[2])
            page = answers.page
            body = (json.dumps(answers.document) if page is None else page).encode()
            self.send_response(answers.status)
            self.send_header("Content-Type", answers.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with served(Handler) as answers.url:
        yield answers
