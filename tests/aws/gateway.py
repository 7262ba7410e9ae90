"""moto's account by HTTP, for programs in processes of their own.

moto has a server, too, which needs more packages. This one hands each request to moto in this
process, so that a test sees and changes the same account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

from tests.serving import served


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        headers = HTTPHeaders()
        for name, value in self.headers.items():
            headers[name] = value
        # Credential=<access key id>/<date>/<region>/<service>/aws4_request
        scope = re.search(r"Credential=[^/]+/\d+/([\w-]+)/([\w-]+)/", self.headers["Authorization"])
        assert scope is not None
        request = AWSPreparedRequest(
            method="POST",
            url=f"https://{scope[2]}.{scope[1]}.amazonaws.com{self.path}",
            headers=headers,
            body=self.rfile.read(int(self.headers["Content-Length"])),
            stream_output=False,
        )
        answer = botocore_stubber("before-send", request)
        assert answer is not None
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        for name in ("content-type", "x-amzn-errortype"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def gateway() -> Iterator[str]:
    """The URL of moto's account, while it is on."""
    with served(_Handler) as url:
        yield url
