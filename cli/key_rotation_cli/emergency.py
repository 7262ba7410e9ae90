"""`key-rotation emergency`: has the deployed function replace and disable a leaked key now."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from key_rotation.domain.action import Reason
from key_rotation.run.payload import parse_payload

from .caller import signed
from .connection import INVOCATION
from .exits import DeclinedError, Exit
from .invocation import Answer, failure, invoke
from .options import connect, shared
from .plan import HEADINGS, WRAPPING, rows
from .screen import Screen

# The field of the payload without which the function cuts no service off, and what its refusal has.
_EVEN_SO = "even_if_nobody_can_fetch"
_REFUSAL = f"({Reason.NOBODY_CAN_FETCH.value})"

CALLS = INVOCATION


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "emergency",
        parents=[shared()],
        help="replace and disable a leaked key now",
        description="Has the deployed function replace the key and disable it at once, whatever "
        "grace or hold say. Sending it twice is harmless. Asks first if nobody could fetch the new "
        "key.",
    )
    parser.add_argument(
        "user",
        metavar="USER",
        nargs="?",
        help="IAM user name; without it, the function finds out whose key it is",
    )
    parser.add_argument("key", metavar="KEY", help="id of the leaked access key, AKIA…")
    parser.add_argument(
        "--reason",
        required=True,
        help="what happened; it is in the mail, the event and the log",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument(
        "--yes", action="store_true", help="do it even if nobody can fetch the new key, unasked"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    key = arguments.key
    named = {"access_key_id": key, "reason": arguments.reason}
    if arguments.user is not None:
        named["user"] = arguments.user
    payload: dict[str, Any] = {"emergency": named}
    if arguments.dry_run:
        payload["dry_run"] = True
    parse_payload(payload)
    connection = connect(arguments, CALLS)
    client = connection.client("lambda")
    payload = signed(payload, connection.client("sts"), screen)

    def send(payload: Mapping[str, Any]) -> Answer:
        with screen.spinning("the function is at work"):
            unknown = f"take it that {key} IS STILL ACTIVE, and send it again"
            return invoke(client, arguments.name, payload, unknown)

    answer = send_asking(payload, send, screen.confirms, arguments.yes)
    if answer.is_error:
        found = failed(answer.document, key)
    else:
        if answer.document["users"]:
            screen.table(HEADINGS, rows(answer.document["users"]), WRAPPING)
        found = answered(answer.document, key, arguments.dry_run)
    if found.status is not Exit.OK:
        raise DeclinedError(found.text, found.status)
    screen.say(found.text, "bold green")
    return Exit.OK


def send_asking(
    payload: Mapping[str, Any],
    send: Callable[[Mapping[str, Any]], Answer],
    confirms: Callable[[str], bool],
    yes: bool,
) -> Answer:
    """The last answer to the emergency. If the function refuses it since nobody could fetch the new
    key, an operator who confirms has it sent again, with the flag; `yes` has it sent so at once."""
    named = payload["emergency"]
    even_so = {**payload, "emergency": {**named, _EVEN_SO: True}}
    if yes:
        return send(even_so)
    answer = send(payload)
    if not (answer.is_error and _cuts_off(answer.document)) or payload.get("dry_run"):
        return answer
    asked = question(named.get("user"), named["access_key_id"])
    return send(even_so) if confirms(asked) else answer


def question(user: str | None, key: str) -> str:
    """Who is cut off, what can be done about it, and whether to do it."""
    whose = user or f"the user of {key}"
    named = shlex.quote(user) if user else "USER"
    return (
        f"Nobody can fetch the new key of {whose}: no console password, no reader. Whatever uses "
        f"{key} stops working now. To hand the new key over, before or afterwards: add a reader "
        "(reader_arns of the user, or secret_reader_arns), apply, and start a run. If "
        f"{key} did not leak after all: key-rotation restore {named} --not-leaked. "
        f"Disable {key} all the same?"
    )


def _cuts_off(error: Mapping[str, Any]) -> bool:
    """Whether this is the refusal to leave nobody who can fetch the new key."""
    return _REFUSAL in error.get("errorMessage", "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an invocation means for the leaked key, in a sentence."""

    text: str
    status: Exit


def failed(error: Mapping[str, Any], key: str) -> Verdict:
    """Of an invocation that ended in this error."""
    text, status = failure(error)
    if status is Exit.USAGE:
        return Verdict(f"{text}; nothing was done, {key} is as it was", status)
    if _cuts_off(error):
        ways = "add a reader first (secret_reader_arns, or reader_arns of the user), or --yes"
        return Verdict(f"{text}; nothing was done, {key} IS STILL ACTIVE: {ways}", Exit.FINDINGS)
    return Verdict(f"{text}; take it that {key} IS STILL ACTIVE", status)


def answered(response: Mapping[str, Any], key: str, asked_for_dry_run: bool) -> Verdict:
    """Of an invocation with this response."""
    blocks = [row["reason"] for row in response["users"] if row["action"] == "block"]
    if response["dry_run"] and asked_for_dry_run and blocks:
        text = f"dry run: it would be refused ({blocks[0]}), and {key} would stay active"
        return Verdict(text, Exit.FINDINGS)
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
