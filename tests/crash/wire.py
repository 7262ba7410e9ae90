"""The wire between the handler and AWS, with a hand on it.

Every AWS call of a tapped thread passes `Tap.on_send`, attempt by attempt, on its way to moto: it
can be cut before or after its effect, refused, delayed or answered from an older state. Calls of
other threads, and of the test itself, are not touched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.useragent import UserAgentString
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
    are operations that the role may not use. AWS looks at the account through `view` when it
    carries out the call, and `refuses` it with an error code, if there is one."""

    fault: Fault | None = None
    at: int = -1
    on_call: Callable[[str], None] = lambda _name: None
    before_call: Callable[[int, str], None] = lambda _number, _name: None
    answer: Callable[[str, AWSResponse], AWSResponse] | None = None
    calls: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)  # the calls that came to AWS
    attempts: int = 0
    lost_answers: int = 0
    dead: bool = False
    listed: set[str] = field(default_factory=set)  # the users whose keys were asked for
    denied: tuple[str, ...] = ()
    view: Callable[[str], AbstractContextManager[None]] = lambda _name: nullcontext()
    refuses: Callable[[str], str | None] = lambda _name: None

    @property
    def denied_call(self) -> str | None:
        """The call that AWS refused this once, if the run came to it."""
        came_to_it = self.fault is Fault.DENIED and self.at < len(self.calls)
        return self.calls[self.at] if came_to_it else None

    @property
    def is_left_alone(self) -> bool:
        """Whether nothing happens to the present call."""
        name = self.calls[-1]
        is_hit = self.fault is not None and len(self.calls) - 1 == self.at
        is_refused = name in self.denied or self.refuses(name) is not None
        return not is_hit and not is_refused and self.answer is None

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
        if code := self.refuses(name):
            return refused(name, request.url, code)
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
        response = self._pass_on(name, request)
        return response if self.answer is None else self.answer(name, response)

    def _lose_answer(self, name: str, request: Any) -> NoReturn:
        self._pass_on(name, request)
        self.lost_answers += 1
        raise ReadTimeoutError(endpoint_url=request.url)

    def _pass_on(self, name: str, request: Any) -> AWSResponse:
        with self.view(name):
            response = _moto(request)
        assert response is not None
        self.has_effect(name)
        return response

    def has_effect(self, name: str) -> None:
        """AWS has carried out the call."""
        self.effects.append(name)
        self.on_call(name)


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


def _moto(request: Any) -> AWSResponse | None:
    if _is_of_settings(request.headers) and _PAGE not in str(request.headers["X-Amz-Target"]):
        _pages.clear()
    return botocore_stubber("before-send", request)


# The pages of settings as botocore parsed them, by the body of the request: a quarter of the calls,
# and the same in each run until somebody writes a parameter.
_pages: dict[bytes, tuple[Any, Any]] = {}
_PAGE = "GetParametersByPath"


def _is_of_settings(headers: Any) -> bool:
    return "AmazonSSM." in str(headers.get("X-Amz-Target", ""))


_current = threading.local()


def _before_call(model: Any, params: Any, context: Any, **_: Any) -> Any:
    """An answer from here is taken for AWS's: nothing is signed, sent or parsed."""
    tap: Tap | None = getattr(_current, "tap", None)
    if tap is None:
        return None
    name = f"{model.service_model.service_name}:{model.name}"
    tap.on_new_call(name)
    if model.name == "ListAccessKeys":
        tap.listed.add(params["body"]["UserName"])
    if model.name != _PAGE:
        return None
    context[_PAGE] = params["body"]
    if params["body"] not in _pages or not tap.is_left_alone:
        return None
    tap.has_effect(name)
    return _pages[params["body"]]


def _after_call(http_response: Any, parsed: Any, context: Any, **_: Any) -> None:
    if http_response.status_code == 200 and _PAGE in context:
        _pages[context[_PAGE]] = (http_response, parsed)


def _before_send(request: Any, **_: Any) -> AWSResponse | None:
    tap: Tap | None = getattr(_current, "tap", None)
    return _moto(request) if tap is None else tap.on_send(request)


_sign = SigV4Auth.add_auth


def _signed_in_short(signer: Any, request: Any) -> None:
    """In a tapped thread who calls, and where: moto looks at nothing else of a signature."""
    if getattr(_current, "tap", None) is None:
        _sign(signer, request)
        return
    where = f"20260601/{signer._region_name}/{signer._service_name}/aws4_request"
    caller = f"{signer.credentials.access_key}/{where}"
    request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={caller}, Signature=0"


_user_agent = UserAgentString.to_string


def _user_agent_in_short(agent: Any) -> str:
    """moto does not look at it."""
    return "tapped" if getattr(_current, "tap", None) is not None else _user_agent(agent)


_events: Any = SESSION.events
_events.register_first("before-call", _before_call)
_events.register(f"after-call.ssm.{_PAGE}", _after_call)
# In the place of moto's own: botocore asks every handler, so the two would do everything twice.
_events.unregister("before-send", botocore_stubber)
_events.register("before-send", _before_send)
SigV4Auth.add_auth = _signed_in_short  # type: ignore[assignment, method-assign]
UserAgentString.to_string = _user_agent_in_short  # type: ignore[assignment, method-assign]


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
