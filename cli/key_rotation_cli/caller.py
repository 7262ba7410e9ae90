"""Who sends a request to the function, as AWS knows them: for the log, which an auditor reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from key_rotation.run.payload import PayloadError, parse_payload

from .aws_errors import AWS_ERRORS, shortened
from .screen import Screen


def signed(payload: Mapping[str, Any], sts: Any, screen: Screen) -> dict[str, Any]:
    """The payload with `requested_by`, the ARN that STS has for these credentials.

    A leaked key must not wait for the log: if the ARN cannot be had, or the function would refuse
    it, the payload goes without, and a note says so.
    """
    try:
        caller = {"requested_by": sts.get_caller_identity()["Arn"]}
        parse_payload(caller)
    except (*AWS_ERRORS, PayloadError) as error:
        screen.note(f"the log will not say who asked: {shortened(str(error))}")
        return dict(payload)
    return {**payload, **caller}
