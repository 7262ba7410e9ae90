"""What an AWS error says about whether the call had an effect."""

from __future__ import annotations

from botocore.exceptions import ClientError

from ..ports import ThrottledError

_THROTTLED = (
    "throttl",
    "toomanyrequests",
    "requestlimitexceeded",
    "slowdown",
    "limitexceededexception",
)
_NOT_DEFINITE = (*_THROTTLED, "requesttimeout", "priorrequestnotcomplete")


def code(error: ClientError) -> str:
    """The service's error code, as in `AccessDenied`."""
    return error.response.get("Error", {}).get("Code", "")


def is_throttle(error: BaseException | None) -> bool:
    """Whether AWS said no more than: too many requests. True also if that is an error's cause."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        name = code(error).lower()
        return status == 429 or any(part in name for part in _THROTTLED)
    if error is None or isinstance(error, ThrottledError):
        return error is not None
    return is_throttle(error.__cause__)


def is_definite(error: ClientError) -> bool:
    """Whether every attempt of the call was refused before it had an effect.

    True for a 4xx that is not a throttle and that answered the first attempt: of an earlier
    attempt nobody knows whether only its answer was lost.
    """
    metadata = error.response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 0)
    first_attempt = metadata.get("RetryAttempts", 0) == 0
    refused = 400 <= status < 500 and status not in (408, 429)
    name = code(error).lower()
    return first_attempt and refused and not any(part in name for part in _NOT_DEFINITE)
