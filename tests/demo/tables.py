"""What the demo shows: the users and their keys before and after, and mails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tests.localstack.backdoor import Mail

from .stage import Account, ExampleUser

_PLANNED = {
    "rotate": "replace it",
    "announce": "tell the owner",
    "disable": "disable it",
    "prepare": "make the secret ready",
    "warn": "warn the owner",
}
_DONE = {
    "rotate": "replaced",
    "announce": "in the secret, announced",
    "disable": "disabled",
    "prepare": "secret made ready",
    "warn": "owner warned",
}


@dataclass(frozen=True)
class ShownKey:
    """A key as the tables show it."""

    id: str
    status: str
    age_days: int


Keys = Mapping[str, Sequence[ShownKey]]


def look(account: Account, users: Iterable[str]) -> Keys:
    """The users' keys as IAM lists them, oldest first."""
    return {user: _keys(account, user) for user in users}


def before(users: Mapping[str, ExampleUser], keys: Keys, planned: Mapping[str, Any]) -> Table:
    """The users, their keys, and what a dry run says."""
    table = _table("a run would", users)
    for name, user in users.items():
        rows = [row for row in planned["users"] if row["user"] == name]
        for number, key in enumerate(keys[name]):
            own = [row for row in rows if row["access_key_id"] in (key.id, None)]
            would = _sentence(own, _PLANNED) or Text("leave it alone", style="dim")
            _add(table, name, user, key, would, first=number == 0)
        table.add_section()
    return table


def after(
    users: Mapping[str, ExampleUser], was: Keys, keys: Keys, done: Mapping[str, Any]
) -> Table:
    """The users, their keys, and what the run did."""
    table = _table("the run did, and why", users)
    for name, user in users.items():
        known = {key.id for key in was[name]}
        for number, key in enumerate(keys[name]):
            own = [
                row
                for row in done["users"]
                if (row["user"], row["access_key_id"]) == (name, key.id)
            ]
            did = _sentence(own, _DONE) or Text("nothing", style="dim")
            if key.id not in known:
                did = Text.assemble(("new ", "bold green"), did)
            _add(table, name, user, key, did, first=number == 0)
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
    return Panel(head, title=reader, title_align="left", border_style="blue", box=box.ROUNDED)


def _table(last: str, users: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=False, header_style="bold")
    table.add_column("user", width=max(len(user) for user in users), style="bold")
    table.add_column("who", ratio=3, style="dim")
    table.add_column("key", width=20, no_wrap=True)
    table.add_column("age", justify="right", width=5, no_wrap=True)
    table.add_column("status", width=8, no_wrap=True)
    table.add_column(last, ratio=3)
    return table


def _add(
    table: Table, name: str, user: ExampleUser, key: ShownKey, text: Text, first: bool
) -> None:
    status = Text(key.status, style="green" if key.status == "Active" else "red")
    who = (name, user["about"]) if first else ("", "")
    table.add_row(*who, key.id, f"{key.age_days} d", status, text)


def _sentence(rows: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Text | None:
    if not rows:
        return None
    reasons = dict.fromkeys(row["reason"].replace("_", " ") for row in rows)
    actions = [words.get(row["action"], row["action"]) for row in rows]
    text = Text(", ".join(dict.fromkeys(actions)))
    return text.append(f" ({', '.join(reasons)})", style="dim")


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
