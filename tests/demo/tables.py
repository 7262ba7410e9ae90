"""What the demo shows: the users and their keys before and after, mails, a card, an event."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
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
    from mypy_boto3_iam.type_defs import AccessKeyMetadataTypeDef

type Keys = Mapping[str, Sequence[AccessKeyMetadataTypeDef]]
type Rows = Sequence[Mapping[str, Any]]

# What a run did to a key; what it would do is in the words of `key-rotation plan`.
_DONE = {
    "rotate": "replaced",
    "announce": "in the secret, announced",
    "disable": "disabled",
    "prepare": "secret made ready",
    "warn": "owner warned",
    "hold": "left on",
}
_FIRST_DONE = _DONE | {"rotate": "made"}


def look(account: Account, users: Iterable[str]) -> Keys:
    """The users' keys as IAM lists them, oldest first."""
    return {
        user: sorted(
            account.iam.list_access_keys(UserName=user)["AccessKeyMetadata"],
            key=lambda key: (key["CreateDate"], key["AccessKeyId"]),
        )
        for user in users
    }


def keys_table(
    users: Mapping[str, ExampleUser], keys: Keys, report: Mapping[str, Any], was: Keys | None = None
) -> Table:
    """The users, their keys, and what a dry run says of them; if they `was`, what a run did."""
    if was is None:
        columns = Column("who", ratio=1, style="dim"), Column("a run would", width=24)
    else:
        columns = Column("status", width=8), Column("what was done, and why", ratio=1)
    user = Column("user", width=max(len(name) for name in users), style="bold")
    key_and_age = Column("key", width=20), Column("age", justify="right", width=5)
    table = Table(user, *key_and_age, *columns, box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    known = {key["AccessKeyId"] for own in (was or keys).values() for key in own}
    for name, own in keys.items():
        rows = [row for row in report["users"] if row["user"] == name]
        is_first_key = any(row["reason"] == "first_key" for row in rows)
        done = _FIRST_DONE if is_first_key else _DONE
        if not own:
            about = "" if was else users[name]["about"]
            table.add_row(name, "-", "", about, _said(rows, {}), end_section=True)
        for key in own:
            key_id, is_first = key["AccessKeyId"], key is own[0]
            of_it = [r for r in rows if key_id == (r["access_key_id"] or own[0]["AccessKeyId"])]
            what = _said(of_it, done) if was else _said(of_it, {"nothing": "leave it alone"})
            if until := re.search(rf"{key_id} (works until .{{16}} UTC)", str(rows)):
                what.append(f"; {until[1]}", style="yellow")
            if key_id not in known:
                what = Text.assemble(("new: ", "bold green"), what)
            age = f"{(datetime.now(UTC) - key['CreateDate']).days} d"
            status = Text(key["Status"], "green" if key["Status"] == "Active" else "red")
            other = status if was else users[name]["about"] if is_first else ""
            cells = (name if is_first else "", key_id, age, other, what)
            table.add_row(*cells, end_section=key is own[-1])
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


def _said(rows: Rows, words: Mapping[str, str]) -> Text:
    if not rows:
        return Text(words.get("nothing", "nothing"), style="dim")
    actions = dict.fromkeys(words.get(row["action"], row["action"]) for row in rows)
    reasons = dict.fromkeys(row["reason"].replace("_", " ") for row in rows)
    return Text(", ".join(actions)).append(f" ({', '.join(reasons)})", style="dim")
