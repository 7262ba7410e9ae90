"""CloudTrail's end of the wire, which moto does not have: `LookupEvents` in every region."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests import serving

PAGE = 2  # events; AWS has 50


@dataclass
class EventHistory:
    """Calls by region. `refusals` are the codes of regions that answer nothing else, and `expired`
    the regions whose tokens are not good any more; `asked` is which region was asked about which
    key."""

    events: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    refusals: dict[str, str] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def add(self, region: str, key: str, at: datetime, **record: Any) -> None:
        """A call with the key; later ones first, as AWS has them."""
        event = {
            "EventId": f"{region}-{len(self.events[region])}",
            "EventTime": at.timestamp(),
            "EventSource": record.get("eventSource", "sts.amazonaws.com"),
            "AccessKeyId": key,
            "CloudTrailEvent": json.dumps({"awsRegion": region} | record),
        }
        self.events[region].append(event)

    def answer(self, region: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        [attribute] = request["LookupAttributes"]
        assert attribute["AttributeKey"] == "AccessKeyId"
        key, begin = attribute["AttributeValue"], int(request.get("NextToken", 0))
        self.asked.append((region, key))
        if region in self.refusals:
            return 400, {"__type": self.refusals[region], "message": "no"}
        if region in self.expired and "NextToken" in request:
            return 400, {"__type": "InvalidNextTokenException", "message": "expired"}
        found = [
            event
            for event in sorted(self.events[region], key=lambda e: -e["EventTime"])
            if event["AccessKeyId"] == key
            and request["StartTime"] <= event["EventTime"] <= request["EndTime"]
        ]
        page: dict[str, Any] = {"Events": found[begin : begin + PAGE]}
        if begin + PAGE < len(found):
            page["NextToken"] = str(begin + PAGE)
        return 200, page


@contextmanager
def served(history: EventHistory, endpoint: pytest.MonkeyPatch) -> Iterator[None]:
    """CloudTrail of every region is this one; whose it is, the signature says."""

    class LookupEvents(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            scope = re.search(
                r"Credential=\w+/\d+/([\w-]+)/cloudtrail/", self.headers["Authorization"]
            )
            assert scope is not None
            assert self.headers["X-Amz-Target"].endswith(".LookupEvents")
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = history.answer(scope[1], request)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error, which is the command's."""

    with serving.served(LookupEvents) as url:
        endpoint.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", url)
        yield
