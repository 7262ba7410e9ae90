"""`key-rotation emergency`: has the deployed function replace and disable a leaked key now."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.exceptions import HTTPClientError

from key_rotation.run.payload import parse_payload

from .connection import INVOCATION
from .exits import DeclinedError, Exit
from .options import connect, shared
from .plan import HEADINGS, WRAPPING, rows
from .screen import Screen

_REFUSED = ("PayloadError", "SettingsError")

CALLS = INVOCATION


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
    parser.add_argument(
        "--reason",
        required=True,
        help="what happened; it is in the mail, the event and the log",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    key = arguments.key
    named = {"user": arguments.user, "access_key_id": key, "reason": arguments.reason}
    payload: dict[str, Any] = {"emergency": named}
    if arguments.dry_run:
        payload["dry_run"] = True
    parse_payload(payload)
    client = connect(arguments, CALLS).client("lambda")
    with screen.spinning("the function is at work"):
        try:
            answer = client.invoke(FunctionName=arguments.name, Payload=json.dumps(payload))
        except client.exceptions.ResourceNotFoundException:
            raise DeclinedError(
                f"there is no function {arguments.name!r} in this region (--name, --region)"
            ) from None
        except (HTTPClientError, NotConnectedError) as error:
            raise DeclinedError(
                f"{error}: take it that {key} IS STILL ACTIVE, and send it again", Exit.AWS
            ) from None
    document = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        found = failed(document, key)
    else:
        if document["users"]:
            screen.table(HEADINGS, rows(document["users"]), WRAPPING)
        found = answered(document, key, arguments.dry_run)
    if found.status is not Exit.OK:
        raise DeclinedError(found.text, found.status)
    screen.say(found.text, "bold green")
    return Exit.OK


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an invocation means for the leaked key, in a sentence."""

    text: str
    status: Exit


def failed(error: Mapping[str, Any], key: str) -> Verdict:
    """Of an invocation that ended in this error."""
    kind, text = error.get("errorType", ""), error.get("errorMessage", "unknown error")
    if kind in _REFUSED:
        return Verdict(f"{text}; nothing was done, {key} is as it was", Exit.USAGE)
    status = Exit.FINDINGS if kind == "RotationFailedError" else Exit.AWS
    return Verdict(f"{text}; take it that {key} IS STILL ACTIVE", status)


def answered(response: Mapping[str, Any], key: str, asked_for_dry_run: bool) -> Verdict:
    """Of an invocation with this response."""
    if response["dry_run"] and asked_for_dry_run:
        return Verdict("dry run: nothing was changed", Exit.OK)
    if response["dry_run"]:
        text = f"the setting dry_run is true: nothing was changed, {key} IS STILL ACTIVE"
        return Verdict(text, Exit.FINDINGS)
    for row in response["users"]:
        if row["action"] == "defer" or (row["detail"] or "").startswith("not done"):
            text = f"not all was done ({row['detail']}): send it again. Until then take it that "
            return Verdict(f"{text}{key} IS STILL ACTIVE", Exit.FINDINGS)
    done = [(row["action"], row["access_key_id"]) for row in response["users"]]
    state = "disabled" if ("disable", key) in done else "inactive already"
    return Verdict(f"{key} is {state}", Exit.OK)
