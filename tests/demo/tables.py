"""What the demo shows: the users and their keys before and after, and mails."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tests.localstack.backdoor import Mail
from tests.stage.account import Account
from tests.stage.example import ExampleUser

# What a run would do, what it did to a key, and how it counts such.
_WORDS = {
    "rotate": ("replace it", "replaced", "rotated"),
    "announce": ("announce it", "in the secret, announced", "announced"),
    "disable": ("disable it", "disabled", "disabled"),
    "prepare": ("make the secret ready", "secret made ready", "secret made ready"),
    "warn": ("warn the owner", "owner warned", "warned"),
}
_PLANNED, _DONE, _COUNTED = range(3)


@dataclass(frozen=True)
class ShownKey:
    """A key as the tables show it."""

    id: str
    status: str
    age_days: int


Keys = Mapping[str, Sequence[ShownKey]]


def counted(counts: Mapping[str, int]) -> str:
    """`2 rotated, 1 warned`: what a run did, in a line."""
    words = [f"{number} {_word(action, _COUNTED)}" for action, number in counts.items()]
    return ", ".join(words) or "no action"


def look(account: Account, users: Iterable[str]) -> Keys:
    """The users' keys as IAM lists them, oldest first."""
    return {user: _keys(account, user) for user in users}


def before(users: Mapping[str, ExampleUser], keys: Keys, planned: Mapping[str, Any]) -> Table:
    """The users, their keys, and what a dry run says."""
    table = _table(users)
    table.add_column("who", ratio=1, style="dim")
    _add_key_columns(table)
    table.add_column("a run would", width=24)
    for name, user in users.items():
        rows = [row for row in planned["users"] if row["user"] == name]
        for number, key in enumerate(keys[name]):
            own = [row for row in rows if row["access_key_id"] in (key.id, None)]
            would = _sentence(own, _PLANNED) or Text("leave it alone", style="dim")
            who = (name, user["about"]) if number == 0 else ("", "")
            table.add_row(*who, key.id, f"{key.age_days} d", would)
        table.add_section()
    return table


def after(users: Iterable[str], was: Keys, keys: Keys, done: Mapping[str, Any]) -> Table:
    """The users, their keys, and what the run did."""
    table = _table(users)
    _add_key_columns(table)
    table.add_column("status", width=8, no_wrap=True)
    table.add_column("what was done, and why", ratio=1)
    for name in users:
        known = {key.id for key in was[name]}
        rows = [row for row in done["users"] if row["user"] == name]
        for number, key in enumerate(keys[name]):
            own = [row for row in rows if row["access_key_id"] == key.id]
            did = _sentence(own, _DONE) or Text("nothing", style="dim")
            if own and number == 0 and (until := _until(rows, key.id)):
                did.append(f"; {until}", style="yellow")
            if key.id not in known:
                did = Text.assemble(("new: ", "bold green"), did)
            status = Text(key.status, style="green" if key.status == "Active" else "red")
            who = name if number == 0 else ""
            table.add_row(who, key.id, f"{key.age_days} d", status, did)
        table.add_section()
    return table


def mail_panel(mail: Mail, reader: str) -> Panel:
    """A mail as its reader gets it."""
    head = Text.assemble(
        ("From:    ", "dim"), mail["from"], "\n",
        ("To:      ", "dim"), mail["to"], "\n",
        ("Subject: ", "dim"), (mail["subject"], "bold"), "\n\n",
        overflow="fold",
    )  # fmt: skip
    for line in mail["message"].rstrip().splitlines():
        head.append(line + "\n", style="cyan" if line.startswith("    ") else "")
    head.rstrip()
    return _panel(head, reader, "blue")


def card_panel(card: Mapping[str, Any]) -> Panel:
    """A card about as a Slack channel shows it: in Slack's own markdown."""
    content = card["content"]
    text = Text.assemble((content["title"], "bold"), "\n\n", overflow="fold")
    text.append_text(_slack(content["description"]))
    for number, step in enumerate(content.get("nextSteps", ())):
        text.append("\n\nNext steps\n" if number == 0 else "\n", style="bold")
        text.append("• ").append_text(_slack(step))
    text.append("\n\n" + "  ".join(f"#{word}" for word in content["keywords"]), style="dim")
    return _panel(text, "Amazon Q  APP", "magenta")


def event_panel(event: Mapping[str, Any]) -> Panel:
    """An event as a rule's target gets it; the envelope's own fields are EventBridge's."""
    text = Text(json.dumps(event, indent=2), overflow="fold")
    text.highlight_regex(r'"[^"]+"(?=:)', "cyan")
    return _panel(text, event["detail-type"], "yellow")


def _panel(text: Text, title: str, color: str) -> Panel:
    return Panel(text, title=title, title_align="left", border_style=color, box=box.ROUNDED)


def _slack(markdown: str) -> Text:
    """Its bold words and its code."""
    text = Text()
    for part in re.split(r"(`[^`]+`|(?<!\S)\*[^*\n]+\*)", markdown):
        if part.startswith("`"):
            text.append(part.strip("`"), style="cyan")
        elif part.startswith("*") and part.endswith("*"):
            text.append(part.strip("*"), style="bold")
        else:
            text.append(part)
    return text


def _table(users: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", expand=True)
    table.add_column("user", width=max(len(user) for user in users), style="bold")
    return table


def _add_key_columns(table: Table) -> None:
    table.add_column("key", width=20, no_wrap=True)
    table.add_column("age", justify="right", width=5, no_wrap=True)


def _word(action: str, form: int) -> str:
    return _WORDS[action][form] if action in _WORDS else action


def _sentence(rows: Sequence[Mapping[str, Any]], form: int) -> Text | None:
    if not rows:
        return None
    reasons = dict.fromkeys(row["reason"].replace("_", " ") for row in rows)
    actions = [_word(row["action"], form) for row in rows]
    text = Text(", ".join(dict.fromkeys(actions)))
    return text.append(f" ({', '.join(reasons)})", style="dim")


def _until(rows: Sequence[Mapping[str, Any]], key_id: str) -> str | None:
    """How long a superseded key works, from what the run says of the announcement."""
    details = (row["detail"] or "" for row in rows)
    found = (re.search(rf"{key_id} (works until .* UTC)", detail) for detail in details)
    return next((match[1] for match in found if match), None)


def _keys(account: Account, user: str) -> list[ShownKey]:
    pages = account.iam.get_paginator("list_access_keys").paginate(UserName=user)
    found = sorted(
        (key for page in pages for key in page["AccessKeyMetadata"]),
        key=lambda key: (key["CreateDate"], key["AccessKeyId"]),
    )
    now = datetime.now(UTC)
    return [
        ShownKey(key["AccessKeyId"], key["Status"], (now - key["CreateDate"]).days) for key in found
    ]
