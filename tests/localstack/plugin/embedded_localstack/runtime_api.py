"""The Lambda Runtime API (2018-06-01), as one function process sees it."""

import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

_PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    """What the process gets from its next poll; the deadline is in epoch milliseconds."""

    request_id: str
    payload: bytes
    function_arn: str
    trace_id: str
    deadline_ms: int


@dataclass(frozen=True)
class Ready:
    """The process has loaded its handler and asks for work."""


@dataclass(frozen=True)
class InitError:
    """The handler could not be loaded."""

    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the handler returned, or the error it ended with."""

    request_id: str
    is_error: bool
    body: bytes


Event = Ready | InitError | Answer


class RuntimeApi:
    """Serves one process for its life, so that a dead process's late answer reaches nobody."""

    def __init__(self) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self._work: queue.Queue[Invocation | None] = queue.Queue()
        self._server = _Server(self)
        self.address = f"127.0.0.1:{self._server.server_port}"
        serve = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        serve.start()

    def hand_out(self, invocation: Invocation) -> None:
        """Give the process its next piece of work."""
        self._work.put(invocation)

    def take_work(self) -> Invocation | None:
        """Block until there is work; None when the API closes."""
        return self._work.get()

    def close(self) -> None:
        """Stop serving and release a process that is waiting for work."""
        self._work.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a handler may be in its long poll

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so there
        """Polls are not worth a line each."""

    @property
    def _api(self) -> RuntimeApi:
        return cast(_Server, self.server).api

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}/invocation/next":
            return self._reply(404)
        self._api.events.put(Ready())
        work = self._api.take_work()
        if work is None:
            self.close_connection = True  # the process is gone or about to go
            return None
        return self._reply(
            200,
            work.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": work.request_id,
                "Lambda-Runtime-Deadline-Ms": str(work.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": work.function_arn,
                "Lambda-Runtime-Trace-Id": work.trace_id,
            },
        )

    def do_POST(self) -> None:
        body = self._body()
        match self.path.removeprefix(_PREFIX).split("/"):
            case ["", "init", "error"]:
                self._api.events.put(InitError(body))
            case ["", "invocation", request_id, ("response" | "error") as kind]:
                self._api.events.put(Answer(request_id, kind == "error", body))
            case _:
                return self._reply(404)
        return self._reply(202, b'{"status":"OK"}')

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length")
        if length is not None:
            return self.rfile.read(int(length))
        chunks = []  # the native client of awslambdaric may send chunks
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
