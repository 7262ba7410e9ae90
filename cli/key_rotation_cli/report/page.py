"""The report as one HTML page: no script, nothing from elsewhere, everything escaped.

`document.html.j2` is the page, `account.html.j2` what it has of an account; jinja2 escapes whatever
it is handed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from key_rotation.domain.action import Reason
from key_rotation.notify.reasons import blocked_because
from key_rotation.notify.text import counted, one_line

from .. import hand_over
from ..forecast import Due
from ..rotation_limit import limit_of
from ..schedule import standstill
from .charts import age_histogram, by_month, rotations
from .compliance import BENCHMARK_DAYS, WEEKS, Compliance, KeyEvent
from .past import NOT_ASKED, Past
from .related import related

_MOST_UNMANAGED = 100
_LATEST = 20  # events shown each way
_SHOWN_CHANGES = 200  # of the last twelve months
# What is not done yet, and may not be, must not read as if it were.
_WILL = {
    "rotate": "will be replaced",
    "disable": "will be disabled",
    "delete": "will be deleted",
    "warn": "owner will be warned",
    "announce": "will be announced",
    "remind": "owner will be reminded",
    "prepare": "secret will be restored",
    "hold": "will be held",
    "block": "will be blocked",
}
_BADGES = {"ok": "good", "due": "warn", "held": "warn", "blocked": "bad"}
_SETTINGS = (
    "max_key_age_days",
    "warn_before_days",
    "grace_days",
    "min_grace_days_without_console",
    "remind_before_days",
    "hold_until_moved",
    "hold_while_used_days",
    "max_overlap_days",
    "delete_after_days",
    "idle_after_days",
    "disable_unused_after_days",
)


def page(compliance: Compliance, past: Past = NOT_ASKED) -> str:
    """The whole document, of one account."""
    account = compliance.account
    title = f"account {account.account_id}"
    about = (
        f"Account {account.account_id}, installation {account.settings.name} in {account.region}, "
        f"{account.at:%Y-%m-%d %H:%M UTC}"
    )
    return document(title, about, [account_part(compliance, past)])


def document(title: str, about: str, parts: Sequence[Markup]) -> str:
    """A whole document; `about` says of what and when."""
    return template("document.html.j2").render(title=title, about=about, parts=parts)


def account_part(compliance: Compliance, past: Past = NOT_ASKED) -> Markup:
    """What a document has of an account."""
    account = compliance.account
    now = account.at
    before, coming = compliance.weeks()
    latest = compliance.past()
    due = [event for event in compliance.coming() if event.at < now + timedelta(days=30)]

    def due_day(due: Due | KeyEvent) -> str:
        return hand_over.between(due.at, due.held_until, now)

    part = template(
        "account.html.j2"
    ).render(
        compliance=compliance,
        account=account,
        obstacles=[*standstill(account.settings, account.schedule), *limit_of(account)],
        administrators=compliance.administrators,
        # The charts escape their own texts.
        ages=Markup(age_histogram(compliance.bins())),  # noqa: S704
        rotations=Markup(rotations(before, coming)),  # noqa: S704
        latest=latest[:_LATEST],
        more_latest=len(latest[_LATEST:]),
        due=due[:_LATEST],
        more_due=len(due[_LATEST:]),
        past=past,
        related=related(compliance),
        by_month=Markup(by_month(past) if past.history else ""),  # noqa: S704
        day=_day,
        due_day=due_day,
        last_use=hand_over.last_use,
    )
    return Markup(part)  # noqa: S704 - the template escapes


def template(name: str) -> Template:
    """A file of this folder as a template."""
    environment = Environment(
        loader=PackageLoader("key_rotation_cli.report", "."),
        autoescape=True,
        # What is somebody else's text turns no line of the page around. Markup is ours.
        finalize=lambda value: one_line(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "badges": _BADGES,
        "most_unmanaged": _MOST_UNMANAGED,
        "benchmark_days": BENCHMARK_DAYS,
        "shown_changes": _SHOWN_CHANGES,
        "shown_settings": _SETTINGS,
        "weeks": WEEKS,
    }
    environment.filters |= {
        "because": lambda reason: blocked_because(Reason(reason)),
        "counted": counted,
        "will": lambda verb: _WILL.get(verb, verb),
        "repr": repr,
    }
    return environment.get_template(name)


def _day(event: KeyEvent) -> str:
    return f"{event.at:%Y-%m-%d}"
