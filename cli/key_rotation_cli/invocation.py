"""The deployed function, asked to do something: its answer, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.exceptions import HTTPClientError

from .aws_errors import WebPageError
from .exits import DeclinedError, Exit

_NOTHING_DONE = ("PayloadError", "SettingsError")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the function answered: a response, or an error."""

    document: Mapping[str, Any]
    is_error: bool


def failure(error: Mapping[str, Any]) -> tuple[str, Exit]:
    """What an invocation says that ended in this error, and how a command ends with it:
    `Exit.USAGE` if nothing was done."""
    kind, text = error.get("errorType", ""), error.get("errorMessage", "unknown error")
    if kind in _NOTHING_DONE:
        return text, Exit.USAGE
    return text, Exit.FINDINGS if kind == "RotationFailedError" else Exit.AWS


def invoke(client: Any, function: str, payload: Mapping[str, Any], unknown: str) -> Answer:
    """The answer to the payload. `unknown` says what to think of a call that got none.

    Raises DeclinedError without an answer.
    """
    try:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(payload))
        document = json.loads(answer["Payload"].read())
    except client.exceptions.ResourceNotFoundException:
        raise DeclinedError(
            f"there is no function {function!r} in this region (--name, --region)"
        ) from None
    except ValueError:
        text = f"what came back is no answer of a function: {unknown}"
        raise DeclinedError(text, Exit.AWS) from None
    except (HTTPClientError, NotConnectedError, WebPageError) as error:
        raise DeclinedError(f"{error}: {unknown}", Exit.AWS) from None
    return Answer(document, "FunctionError" in answer)
