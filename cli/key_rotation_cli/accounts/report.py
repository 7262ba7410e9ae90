"""`key-rotation report --accounts`: one report over every account."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from key_rotation.notify.text import counted

from ..account import no_report, settled
from ..exits import Exit
from ..report.command import CALLS
from ..report.compliance import BENCHMARK_DAYS, Compliance
from ..report.file import check_target, write_private
from ..report.page import account_part, document, template
from ..schedule import standstill
from ..screen import Screen
from ..unmanaged import summed_up
from .gather import Gathered
from .options import read_accounts
from .status import name_unread
from .summary import VERDICTS, counts_of, total


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    target: Path = arguments.html
    check_target(target)
    found = read_accounts(
        arguments, screen, CALLS, datetime.now(UTC), arguments.exact, with_past=True
    )
    write_private(target, page(found))
    counts = total(counts_of(account) for account in found.read)
    screen.say(
        f"{target}: {counted(len(found.read), 'account')}, {counts.managed_users} managed users, "
        f"{counts.active_keys} active keys, {counts.over_benchmark} over {BENCHMARK_DAYS} days, "
        f"{counts.blocked} users blocked"
    )
    for account in found.read:
        status = account.status
        for sentence in summed_up(status):
            screen.say(f"{account.name}: {sentence}")
        for sentence in (
            *standstill(status.settings, status.schedule),
            *no_report(status),
            *settled(status),
            *account.administrators.findings(),
        ):
            screen.note(f"{account.name}: {sentence}")
        if account.past.error is not None:
            screen.note(
                f"{account.name}: without the rotations of the last twelve months: "
                f"{account.past.error}"
            )
    name_unread(found, screen)
    return Exit.OK if found.is_whole else Exit.AWS


def page(found: Gathered) -> str:
    """The whole document: the accounts in a table, the worst verdict first; then the part of
    each."""
    accounts = [(account, counts_of(account)) for account in found.read]
    accounts.sort(key=lambda each: list(VERDICTS).index(each[1].verdict))
    part = template("accounts.html.j2").render(
        accounts=accounts,
        part=lambda each: account_part(Compliance(each.status, each.administrators), each.past),
        total=total(counts for _, counts in accounts),
        unread=found.unread,
        verdicts=VERDICTS,
    )
    title = counted(len(found.read) + len(found.unread), "account")
    about = f"{title}, {found.at:%Y-%m-%d %H:%M UTC}"
    return document(title, about, [Markup(part)])  # noqa: S704 - the template escapes
