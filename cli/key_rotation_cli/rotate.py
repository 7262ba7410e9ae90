"""`key-rotation rotate`: has the deployed function rotate users' keys now, before their day."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from key_rotation.domain.action import Reason, Verb
from key_rotation.notify.reasons import blocked_text
from key_rotation.run.payload import parse_payload

from .caller import signed
from .connection import INVOCATION
from .exits import DeclinedError, Exit
from .invocation import Answer, failure, invoke
from .options import connect, shared
from .plan import HEADINGS, WRAPPING, rows
from .screen import Screen

_AGAIN = "send it again: nobody is rotated twice within a day"
_UNKNOWN = f"it is not known what was done: {_AGAIN}"

CALLS = INVOCATION


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "rotate",
        parents=[shared()],
        help="rotate users' keys now, before their day",
        description="Has the deployed function rotate the keys of these users now: the ordinary "
        "rotation, with its grace. Shows what would be done, and asks. A user is rotated at most "
        "once a day.",
    )
    parser.add_argument("users", nargs="+", metavar="USER", help="IAM user name")
    parser.add_argument(
        "--reason", required=True, help="why now; it is in the mail, the event and the log"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--yes", action="store_true", help="do it unasked")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    payload: dict[str, Any] = {"rotate": {"users": arguments.users, "reason": arguments.reason}}
    users = parse_payload(payload).named or ()
    connection = connect(arguments, CALLS)
    client = connection.client("lambda")
    payload = signed(payload, connection.client("sts"), screen)

    def send(payload: Mapping[str, Any]) -> Answer:
        with screen.spinning("the function is at work"):
            return invoke(client, arguments.name, payload, _UNKNOWN)

    if arguments.dry_run or not arguments.yes:
        plan = _response(send(payload | {"dry_run": True}))
        _show(plan, screen)
        if arguments.dry_run or not at_stake(plan):
            return _tell(told(plan, users), screen)
        if not screen.confirms(question(plan)):
            raise DeclinedError("nothing was done: say yes, or --yes in a script", Exit.FINDINGS)
    response = _response(send(payload))
    _show(response, screen)
    if response["dry_run"]:
        raise DeclinedError("the setting dry_run is true: nothing was changed", Exit.FINDINGS)
    return _tell(told(response, users), screen)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the request for one user, in a sentence; `is_well`: their key is new."""

    text: str
    is_well: bool


def at_stake(plan: Mapping[str, Any]) -> dict[str, bool]:
    """The users whom a dry run would rotate, and whether their old keys stop working at once."""
    planned = [(row["user"], row["action"]) for row in plan["users"]]
    return {
        user: (user, Verb.DISABLE) in planned for user, action in planned if action == Verb.ROTATE
    }


def question(plan: Mapping[str, Any]) -> str:
    """Who is to be rotated, and who loses the old key in the same run."""
    users = at_stake(plan)
    at_once = [user for user, is_at_once in users.items() if is_at_once]
    text = f"Rotate the key of {', '.join(users)} now?"
    if at_once:
        text += f" Without a grace, the old key stops working at once: {', '.join(at_once)}."
    return text


def told(response: Mapping[str, Any], users: Sequence[str]) -> list[Told]:
    """What a response, or a dry run's, means for each of these users."""
    found: dict[str, list[Mapping[str, Any]]] = {user: [] for user in users}
    for row in response["users"]:
        found.get(row["user"], []).append(row)
    return [_told(user, found[user], response["dry_run"]) for user in users]


def _told(user: str, about: Sequence[Mapping[str, Any]], dry_run: bool) -> Told:
    row_of = {row["action"]: row for row in about}
    is_first = row_of.get(Verb.ROTATE, {}).get("reason") == Reason.FIRST_KEY
    if Verb.ROTATE in row_of and dry_run:
        return Told(f"{user} would {'get a first key' if is_first else 'be rotated'}", True)
    if announced := row_of.get(Verb.ANNOUNCE) if Verb.ROTATE in row_of else None:
        what = "has a key now" if is_first else "is rotated"
        return Told(f"{user} {what}: {announced['detail']}", True)
    if rotated := row_of.get(Verb.ROTATE):
        return Told(f"{user}: {rotated['detail']}; a later run announces it", True)
    if blocked := row_of.get(Verb.BLOCK):
        why = blocked_text(blocked["access_key_id"], Reason(blocked["reason"]))
        return Told(f"{user} is not rotated: {why}", False)
    for action in ("defer", "report"):
        if row := row_of.get(action):
            return Told(f"{user}: {row['detail']}", row["reason"] == Reason.ROTATED_TODAY)
    return Told(f"{user}: the answer does not say what became of it", False)


def _tell(found: Sequence[Told], screen: Screen) -> Exit:
    for one in found:
        if one.is_well:
            screen.say(one.text, "bold green")
        else:
            screen.error(one.text)
    return Exit.OK if all(one.is_well for one in found) else Exit.FINDINGS


def _response(answer: Answer) -> Mapping[str, Any]:
    """Raises DeclinedError if the function ended in an error."""
    if not answer.is_error:
        return answer.document
    text, status = failure(answer.document)
    then = "nothing was done" if status is Exit.USAGE else _AGAIN
    raise DeclinedError(f"{text}; {then}", status)


def _show(response: Mapping[str, Any], screen: Screen) -> None:
    if response["users"]:
        screen.table(HEADINGS, rows(response["users"]), WRAPPING)
