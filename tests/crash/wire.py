"""The wire between the handler and AWS, with a hand on it.

Every AWS call of a tapped thread passes `Tap.on_send`, attempt by attempt, on its way to moto: it
can be cut before or after its effect, refused, delayed or answered from an older state. Calls of
other threads, and of the test itself, are not touched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest import mock

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from tests.aws.account import SESSION, Clock


class Died(BaseException):
    """The process was killed. Nothing of it runs on: every later call of it ends the same way."""


class Fault(StrEnum):
    """What happens to one AWS call."""

    DIES_BEFORE = "dies before the call"
    DIES_AFTER = "dies after its effect"
    THROTTLED = "throttled until the retries end"
    ERROR_500 = "answers 500 until the retries end"
    ANSWER_LOST_ONCE = "times out after its effect, then is retried"
    ANSWER_LOST = "times out after its effect until the retries end"
    DENIED = "answers AccessDenied"


_XML = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
    "<Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
)
_QUERY_SERVICES = ("iam", "sts", "sns")


@dataclass
class Tap:
    """One run's view of the wire. `on_call` gets each call's name after its effect; `denied`
    are operations that the role may not use."""

    fault: Fault | None = None
    at: int = -1
    on_call: Callable[[str], None] = lambda _name: None
    before_call: Callable[[int, str], None] = lambda _number, _name: None
    answer: Callable[[str, AWSResponse], AWSResponse] = lambda _name, response: response
    calls: list[str] = field(default_factory=list)
    attempts: int = 0
    lost_answers: int = 0
    dead: bool = False
    denied: tuple[str, ...] = ()

    @property
    def denied_call(self) -> str | None:
        """The call that AWS refused this once, if the run came to it."""
        came_to_it = self.fault is Fault.DENIED and self.at < len(self.calls)
        return self.calls[self.at] if came_to_it else None

    def on_new_call(self, name: str) -> None:
        """A new logical call; its retries are attempts of the same one."""
        if self.dead:
            raise Died
        self.before_call(len(self.calls), name)
        self.calls.append(name)
        self.attempts = 0

    def on_send(self, request: Any) -> AWSResponse:
        if self.dead:
            raise Died
        name = self.calls[-1]
        if name in self.denied:
            return refused(name, request.url, "AccessDenied")
        faulty = len(self.calls) - 1 == self.at
        self.attempts += 1
        match self.fault if faulty else None:
            case Fault.DIES_BEFORE:
                self.dead = True
                raise Died
            case Fault.DIES_AFTER:
                self._pass_on(name, request)
                self.dead = True
                raise Died
            case Fault.THROTTLED:
                return _error(name, request.url, 400, "Throttling", "Rate exceeded")
            case Fault.ERROR_500:
                return _error(name, request.url, 500, "InternalFailure", "Try again")
            case Fault.DENIED:
                return _error(name, request.url, 403, "AccessDenied", "Not allowed")
            case Fault.ANSWER_LOST:
                self._lose_answer(name, request)
            case Fault.ANSWER_LOST_ONCE if self.attempts == 1:
                self._lose_answer(name, request)
        return self.answer(name, self._pass_on(name, request))

    def _lose_answer(self, name: str, request: Any) -> NoReturn:
        self._pass_on(name, request)
        self.lost_answers += 1
        raise ReadTimeoutError(endpoint_url=request.url)

    def _pass_on(self, name: str, request: Any) -> AWSResponse:
        response = _moto(request)
        assert response is not None
        self.on_call(name)
        return response


def _error(name: str, url: str, status: int, code: str, message: str) -> AWSResponse:
    service = name.split(":")[0]
    if service in _QUERY_SERVICES:
        body = _XML.format(code=code, message=message)
    else:
        code = {"Throttling": "ThrottlingException", "AccessDenied": "AccessDeniedException"}.get(
            code, code
        )
        body = f'{{"__type": "{code}", "message": "{message}"}}'
    return _response(url, status, {"x-amzn-requestid": "r"}, body)


def _response(url: str, status: int, headers: Any, body: str) -> AWSResponse:
    raw: Any = MockRawResponse(body)
    return AWSResponse(url, status, headers, raw)


# The pages of settings that moto answered, by request: a third of the time of a run, and the same
# in each run until somebody writes a parameter.
_pages: dict[bytes, tuple[int, Any, str]] = {}


def _moto(request: Any) -> AWSResponse | None:
    target = str(request.headers.get("X-Amz-Target", b""))
    if "AmazonSSM." in target and "GetParametersByPath" not in target:
        _pages.clear()
    if "GetParametersByPath" not in target:
        return botocore_stubber("before-send", request)
    if request.body not in _pages:
        response = botocore_stubber("before-send", request)
        assert response is not None
        _pages[request.body] = (response.status_code, response.headers, response.text)
    return _response(request.url, *_pages[request.body])


_current = threading.local()


def _before_call(model: Any, **_: Any) -> None:
    tap: Tap | None = getattr(_current, "tap", None)
    if tap is not None:
        tap.on_new_call(f"{model.service_model.service_name}:{model.name}")


def _before_send(request: Any, **_: Any) -> AWSResponse | None:
    tap: Tap | None = getattr(_current, "tap", None)
    return _moto(request) if tap is None else tap.on_send(request)


_events: Any = SESSION.events
_events.register_first("before-call", _before_call)
# In the place of moto's own: botocore asks every handler, so the two would do everything twice.
_events.unregister("before-send", botocore_stubber)
_events.register("before-send", _before_send)


def copied(response: AWSResponse, body: str) -> AWSResponse:
    """The same answer with this body."""
    return _response(response.url, response.status_code, response.headers, body)


def refused(name: str, url: str, code: str) -> AWSResponse:
    """An answer that refuses the call."""
    return _error(name, url, 403, code, "Not now")


@contextmanager
def tapped(tap: Tap) -> Iterator[None]:
    """This thread's calls go through the tap."""
    _current.tap = tap
    try:
        yield
    finally:
        _current.tap = None


@contextmanager
def untapped() -> Iterator[None]:
    """Somebody else's calls, in the middle of a tapped run."""
    tap, _current.tap = getattr(_current, "tap", None), None
    try:
        yield
    finally:
        _current.tap = tap


@contextmanager
def retries_without_waiting(clock: Clock) -> Iterator[None]:
    """botocore's back-off moves the clock of the tests instead of waiting."""
    with mock.patch("botocore.endpoint.time", SimpleNamespace(sleep=clock.sleep)):
        yield
