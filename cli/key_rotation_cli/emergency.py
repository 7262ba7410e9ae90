"""`key-rotation emergency`: has the deployed function replace and disable a leaked key now."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ReadTimeoutError

from key_rotation.payload import parse_payload

from .connection import INVOCATION
from .exits import DeclinedError, Exit
from .options import connect, shared
from .plan import HEADINGS, rows
from .screen import Screen

_REFUSED = ("PayloadError", "SettingsError")


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "emergency",
        parents=[shared()],
        help="replace and disable a leaked key now",
        description="Has the deployed function replace the key and disable it at once, whatever "
        "grace or hold say. Sending it twice is harmless.",
    )
    parser.add_argument("user", metavar="USER", help="IAM user name")
    parser.add_argument("key", metavar="KEY", help="id of the leaked access key, AKIA…")
    parser.add_argument("--reason", required=True, help="what happened; it is in mail and log")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    key = arguments.key
    named = {"user": arguments.user, "access_key_id": key, "reason": arguments.reason}
    payload: dict[str, Any] = {"emergency": named}
    if arguments.dry_run:
        payload["dry_run"] = True
    parse_payload(payload)
    client = connect(arguments, INVOCATION).client("lambda")
    with screen.spinning("the function is at work"):
        try:
            answer = client.invoke(FunctionName=arguments.name, Payload=json.dumps(payload))
        except client.exceptions.ResourceNotFoundException:
            raise DeclinedError(
                f"there is no function {arguments.name!r} in this region (--name, --region)"
            ) from None
        except ReadTimeoutError:
            raise DeclinedError(
                f"no answer: take it that {key} is still active, and send it again", Exit.AWS
            ) from None
    document = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise _failure(document, key)
    return _show(document, key, arguments.dry_run, screen)


def _failure(document: Mapping[str, Any], key: str) -> DeclinedError:
    """What an invocation that ended in an error means for the key."""
    kind, text = document.get("errorType", ""), document.get("errorMessage", "unknown error")
    if kind in _REFUSED:
        return DeclinedError(f"{text}; nothing was done, {key} is as it was")
    status = Exit.FINDINGS if kind == "RotationFailedError" else Exit.AWS
    return DeclinedError(f"{text}; take it that {key} IS STILL ACTIVE", status)


def _show(response: Mapping[str, Any], key: str, asked_for_dry_run: bool, screen: Screen) -> Exit:
    if response["users"]:
        screen.table(HEADINGS, rows(response["users"]))
    if response["dry_run"]:
        if asked_for_dry_run:
            screen.say("dry run: nothing was changed")
            return Exit.OK
        raise DeclinedError(
            f"the setting dry_run is true: nothing was changed, {key} IS STILL ACTIVE",
            Exit.FINDINGS,
        )
    undone = [
        row
        for row in response["users"]
        if row["action"] == "defer" or (row["detail"] or "").startswith("not done")
    ]
    if undone:
        raise DeclinedError(
            f"not all was done ({undone[0]['detail']}): send it again. Until then take it that "
            f"{key} IS STILL ACTIVE",
            Exit.FINDINGS,
        )
    disabled = any(
        r["action"] == "disable" and r["access_key_id"] == key for r in response["users"]
    )
    screen.say(f"{key} is disabled" if disabled else f"{key} is inactive already", "bold green")
    return Exit.OK
