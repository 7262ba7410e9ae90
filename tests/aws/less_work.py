"""What botocore and moto do anew at every call, always with the same outcome, done once.

Importing this changes moto and botocore for the whole process; what they answer stays the same.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from botocore import parsers, useragent
from moto import backends
from moto.backend_index import backend_url_patterns
from moto.core import responses, utils
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.request import Request, environ_key_for_header
from moto.sns.models import Subscription
from werkzeug.exceptions import HTTPException

# Which methods a class of moto has, what they are called, and how botocore spells itself in the
# User-Agent.
responses.method_names_from_class = cache(utils.method_names_from_class)  # type: ignore[attr-defined]
responses.camelcase_to_underscores = cache(utils.camelcase_to_underscores)  # type: ignore[attr-defined]
useragent.sanitize_user_agent_string_component = cache(
    useragent.sanitize_user_agent_string_component
)

_parse_timestamp = parsers.DEFAULT_TIMESTAMP_PARSER
_parse_timestamp_once = cache(_parse_timestamp)


def _timestamp(value: Any) -> Any:
    """dateutil fills in what a text leaves out with today's: only whole ones are kept."""
    is_whole = isinstance(value, str) and len(value) >= len("2026-06-01T12:00:00Z")
    return _parse_timestamp_once(value) if is_whole else _parse_timestamp(value)


parsers.DEFAULT_TIMESTAMP_PARSER = _timestamp


_find_backends = BackendDict.__getitem__


def _backends_of(by_account: BackendDict[Any], account_id: str) -> Any:
    """moto looks through the backends of all services at each access."""
    found = dict.get(by_account, account_id)
    return _find_backends(by_account, account_id) if found is None else found


BackendDict.__getitem__ = _backends_of  # type: ignore[method-assign]


@cache
def _method(url: str) -> Callable[..., Any] | None:
    """moto's, that answers at this address without a query; it looks through all its services."""
    for service, pattern in backend_url_patterns:
        if pattern.match(url):
            by_region: Any = backends.get_backend(service)[DEFAULT_ACCOUNT_ID]  # type: ignore[call-overload]
            backend = by_region["us-east-1" if "us-east-1" in by_region else "aws"]
            for pattern_of_method, method in backend.urls.items():
                if re.match(pattern_of_method, url):
                    found: Callable[..., Any] = method
                    return found
    return None


_search_and_answer = BotocoreStubber.process_request


def _answer(stubber: BotocoreStubber, request: Any) -> Any:
    """Services whose address holds nothing but the region; of others moto asks more."""
    url = request.url.partition("?")[0]
    method = _method(url) if _PLAIN.fullmatch(url) else None
    if method is None:
        return _search_and_answer(stubber, request)
    asked = _as_moto_wants_it(request)
    try:
        return method(asked, asked.raw_url, asked.headers)
    except HTTPException as error:
        return error.code, error.get_headers(), error.get_body()


def _as_moto_wants_it(request: Any) -> Request:
    """Werkzeug's builder takes as long as half of moto's answers."""
    url, body = urlsplit(request.url), request.body or b""
    data = body.encode() if isinstance(body, str) else body
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": url.path,
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.netloc,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(data),
    }
    for name, value in request.headers.items():
        text = value.decode() if isinstance(value, bytes) else value
        environ[environ_key_for_header(name)] = text
    return Request(environ)


def _unsigned(
    subscription: Subscription, message: str, message_id: str, subject: str, **_attributes: Any
) -> dict[str, Any]:
    """moto signs each message, which takes longer than all else about it."""
    return {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": subscription.topic.arn,
        "Subject": subject,
        "Message": message,
    }


Subscription.get_post_data = _unsigned  # type: ignore[assignment, method-assign]

_PLAIN = re.compile(
    r"https://(iam|(sts|sns|sqs|ssm|secretsmanager|monitoring|events)\.[a-z0-9-]+)\.amazonaws\.com/"
)
BotocoreStubber.process_request = _answer  # type: ignore[assignment, method-assign]
