"""The plans for people: on the screen, and as Markdown for a pull request or a job's summary."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .artefact import Artefact
from .outcome import WARNING, Outcome, Result, table

# A comment on GitHub takes 65,536 characters.
_LONGEST = 60_000

WHAT_STAYS = """\
What stays in each destroyed account:
  users and their access keys       as they are; nobody rotates them any more
  secrets of `users`                pending deletion for 30 days; nobody can read them
  secrets that the function made    stay, at $0.40 a month each, with their records as tags
  the module's KMS key              pending deletion for 30 days; then nothing can be decrypted
  the workspace                     stays, with an empty state
Before: docs/operations.md of the module, "Leaving the module"."""


def alike(outcomes: Sequence[Outcome], artefact: Artefact) -> list[tuple[list[Outcome], str]]:
    """The texts of plans and failures; accounts whose text is the same, but for the account's id,
    are together. Those without a change or a warning are left out."""
    groups: dict[str, tuple[list[Outcome], str]] = {}
    for outcome in outcomes:
        text = artefact.text_of(outcome.account).read_text(encoding="utf-8").strip()
        if outcome.result is Result.NO_CHANGE and not text.startswith(WARNING):
            continue
        key = text.replace(outcome.account_id, "<id>")
        groups.setdefault(key, ([], text))[0].append(outcome)
    return list(groups.values())


def markdown(outcomes: Sequence[Outcome], artefact: Artefact, *, destroy: bool) -> str:
    """A table, and below it each plan, folded. What is too long for a comment is cut:
    it begins with a line for each change, creations last."""
    what = "destroy" if destroy else "plan"
    head = f"## Access key rotation: {what}\n\n{_fenced(table(outcomes))}\n"
    groups = alike(outcomes, artefact)
    room = _share(_LONGEST - len(head) - 500 * len(groups), [len(text) for _, text in groups])
    parts = [head]
    for members, text in groups:
        names = ", ".join(member.account for member in members)
        if len(text) > room:
            text = _cut(text, members[0], room)
        same = (
            "" if len(members) == 1 else f"The same in all of these; here {members[0].account}.\n\n"
        )
        parts.append(
            f"<details><summary>{names}: {_summary(members[0])}</summary>\n\n"
            f"{same}{_fenced(text)}\n</details>\n"
        )
    if destroy:
        parts.append(f"{_fenced(WHAT_STAYS)}\n")
    return "\n".join(parts)


def screen(outcomes: Sequence[Outcome], artefact: Artefact) -> str:
    """Each plan, but for those that failed."""
    parts = []
    for members, text in alike(outcomes, artefact):
        if not members[0].failed:
            names = ", ".join(member.account for member in members)
            parts.append(f"--- {names}\n\n{text}\n")
    return "\n".join(parts)


def changes(outcomes: Sequence[Outcome]) -> str:
    """A line for each change: the account, the action, the address."""
    pairs = [(outcome.account, change) for outcome in outcomes for change in outcome.changes]
    widest = max((len(account) for account, _ in pairs), default=0)
    return "\n".join(f"{account.ljust(widest)}  {change}" for account, change in pairs)


def _share(room: int, lengths: Sequence[int]) -> int:
    """How long each text may be, so that all fit: short ones leave their part to the others."""
    left = sorted(lengths)
    while left and left[0] * len(left) <= room:
        room -= left.pop(0)
    return max(room, 0) // len(left) if left else max(lengths, default=0)


def _cut(text: str, outcome: Outcome, room: int) -> str:
    """As much of a plan as there is room for, below a line for each change."""
    lines = sorted(outcome.changes, key=_is_creation)
    listed = "\n".join([f"All {len(lines)} changes:", *lines]) + "\n\n" if lines else ""
    shown = (listed + text)[:room].rsplit("\n", 1)[0]
    return f"{shown}\n… cut: the artefact has all of it, in {outcome.account}.txt"


def _is_creation(change: str) -> bool:
    return change.startswith("create ")


def _summary(outcome: Outcome) -> str:
    if outcome.result in (Result.FAILED, Result.NEW):
        return str(outcome.result)
    if outcome.result is Result.NO_CHANGE:
        return f"{outcome.result}, with a warning"
    add, change, destroy = outcome.numbers or (0, 0, 0)
    return f"{add} to add, {change} to change, {destroy} to destroy"


def _fenced(text: str) -> str:
    """As code, whatever is in it."""
    longest = max((len(found) for found in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"
