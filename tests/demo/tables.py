"""What the demo shows: the users and their keys before and after, mails, a card, an event."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from tests.localstack.backdoor import Mail
from tests.stage.account import Account
from tests.stage.example import ExampleUser

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import AccessKeyMetadataTypeDef as Key

type Keys = Mapping[str, Sequence[Key]]

# What a run did to a key; what it would do is in the words of `key-rotation plan`.
_DONE = {
    "rotate": "replaced",
    "announce": "in the secret, announced",
    "disable": "disabled",
    "prepare": "secret made ready",
    "warn": "owner warned",
}


def look(account: Account, users: Iterable[str]) -> Keys:
    """The users' keys as IAM lists them, oldest first."""
    return {
        user: sorted(
            account.iam.list_access_keys(UserName=user)["AccessKeyMetadata"],
            key=lambda key: (key["CreateDate"], key["AccessKeyId"]),
        )
        for user in users
    }


def before(users: Mapping[str, ExampleUser], keys: Keys, planned: Mapping[str, Any]) -> Table:
    """The users, their keys, and what a dry run says."""
    who = Column("who", ratio=1, style="dim")
    table = _table(users, who, *_key_columns(), Column("a run would", width=24))
    for name, number, key, rows in _keys(keys, planned):
        own = [row for row in rows if row["access_key_id"] in (key["AccessKeyId"], None)]
        would = _sentence(own, {}) or Text("leave it alone", style="dim")
        whose = (name, users[name]["about"]) if number == 0 else ("", "")
        last = number == len(keys[name]) - 1
        table.add_row(*whose, key["AccessKeyId"], _age(key), would, end_section=last)
    return table


def after(was: Keys, keys: Keys, done: Mapping[str, Any]) -> Table:
    """The users, their keys, and what the run did."""
    status = Column("status", width=8, no_wrap=True)
    table = _table(keys, *_key_columns(), status, Column("what was done, and why", ratio=1))
    for name, number, key, rows in _keys(keys, done):
        key_id = key["AccessKeyId"]
        own = [row for row in rows if row["access_key_id"] == key_id]
        did = _sentence(own, _DONE) or Text("nothing", style="dim")
        if own and number == 0 and (until := _until(rows, key_id)):
            did.append(f"; {until}", style="yellow")
        if key_id not in {known["AccessKeyId"] for known in was[name]}:
            did = Text.assemble(("new: ", "bold green"), did)
        is_on = Text(key["Status"], style="green" if key["Status"] == "Active" else "red")
        whose, last = name if number == 0 else "", number == len(keys[name]) - 1
        table.add_row(whose, key_id, _age(key), is_on, did, end_section=last)
    return table


def mail_panel(mail: Mail, reader: str) -> Panel:
    """A mail as its reader gets it."""
    head = f"From:    {mail['from']}\nTo:      {mail['to']}\nSubject: {mail['subject']}\n\n"
    text = Text(head + mail["message"].rstrip(), overflow="fold")
    text.highlight_regex(r"(?m)^    .*$", "cyan")
    text.stylize("dim", 0, len(head))
    return _panel(text, reader, "blue")


def card_panel(card: Mapping[str, Any]) -> Panel:
    """A card about as a Slack channel shows it: in Slack's own markdown."""
    content = card["content"]
    steps = "".join(f"\n• {step}" for step in content.get("nextSteps", ()))
    shown = content["description"] + (f"\n\n*Next steps*{steps}" if steps else "")
    text = Text.assemble((content["title"], "bold"), "\n\n", overflow="fold")
    for part in re.split(r"(`[^`]+`|(?<!\S)\*[^*\n]+\*)", shown):
        style = {"`": "cyan", "*": "bold"}.get(part[:1], "")
        text.append(part.strip(part[0]) if style else part, style)
    text.append("\n\n" + "  ".join(f"#{word}" for word in content["keywords"]), style="dim")
    return _panel(text, "Amazon Q  APP", "magenta")


def event_panel(event: Mapping[str, Any]) -> Panel:
    """An event as a rule's target gets it; the envelope's own fields are EventBridge's."""
    text = Text(json.dumps(event, indent=2), overflow="fold")
    text.highlight_regex(r'"[^"]+"(?=:)', "cyan")
    return _panel(text, event["detail-type"], "yellow")


def _panel(text: Text, title: str, color: str) -> Panel:
    return Panel(text, title=Text(title), title_align="left", border_style=color, box=box.ROUNDED)


def _table(users: Iterable[str], *columns: Column) -> Table:
    user = Column("user", width=max(len(user) for user in users), style="bold")
    return Table(user, *columns, box=box.SIMPLE_HEAD, pad_edge=False, expand=True)


def _key_columns() -> tuple[Column, Column]:
    age = Column("age", justify="right", width=5, no_wrap=True)
    return Column("key", width=20, no_wrap=True), age


def _keys(keys: Keys, report: Mapping[str, Any]) -> Iterator[tuple[str, int, Key, list[Any]]]:
    """Each key with its user, its number there, and what the report has of the user."""
    for name, own in keys.items():
        rows = [row for row in report["users"] if row["user"] == name]
        for number, key in enumerate(own):
            yield name, number, key, rows


def _age(key: Key) -> str:
    return f"{(datetime.now(UTC) - key['CreateDate']).days} d"


def _sentence(rows: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Text | None:
    if not rows:
        return None
    actions = dict.fromkeys(words.get(row["action"], row["action"]) for row in rows)
    reasons = dict.fromkeys(row["reason"].replace("_", " ") for row in rows)
    return Text(", ".join(actions)).append(f" ({', '.join(reasons)})", style="dim")


def _until(rows: Sequence[Mapping[str, Any]], key_id: str) -> str | None:
    """How long a superseded key works, from what the run says of the announcement."""
    details = (row["detail"] or "" for row in rows)
    found = (re.search(rf"{key_id} (works until .* UTC)", detail) for detail in details)
    return next((match[1] for match in found if match), None)
