"""What a call of AWS may end with, also if it never got there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.response import StreamingBody

from key_rotation.notify import response

if TYPE_CHECKING:
    from botocore.model import OperationModel

# The last one is no BotoCoreError: botocore could not make sense of the answer.
AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
# botocore puts the page that it got into its message.
_LONGEST = 500


class WebPageError(BotoCoreError):
    """Something on the way answered, and not AWS."""

    fmt = (
        "a web page came back in place of an answer to {operation} (HTTP status {status}): is "
        "there a proxy, or does this network want you to sign in?"
    )


def refuse_web_page(
    response_dict: dict[str, Any], operation_model: OperationModel, **_rest: object
) -> None:
    """A handler of botocore's event `before-parse`. botocore takes a page for an empty answer, or
    fails in its own ways. A page that says that a server failed is left to its retries.

    Raises WebPageError.
    """
    status = response_dict["status_code"]
    kind = str(response_dict["headers"].get("content-type", ""))
    if status < 500 and kind.lower().startswith("text/html"):
        if isinstance(body := response_dict["body"], StreamingBody):
            body.close()
        raise WebPageError(operation=operation_model.name, status=status)


def describe(error: Exception) -> str:
    """As the product has it, in one line of at most 500 characters."""
    return shortened(response.describe(error))


def shortened(text: str) -> str:
    """At most 500 characters of it."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
