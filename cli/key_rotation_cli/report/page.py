"""The report as one HTML page: no script, nothing from elsewhere, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from html import escape
from importlib.resources import files

from key_rotation.domain.model import AccessKey, Reason
from key_rotation.notify.mail import blocked_because

from ..account import UserStatus
from ..words import count
from .charts import age_histogram, rotations
from .compliance import BENCHMARK_DAYS, WEEKS, Compliance, KeyEvent

_LATEST = 20  # happenings shown each way; the table of users has what is on record for each
_DUE = {
    "rotate": "replaced",
    "disable": "disabled",
    "delete": "deleted",
    "warn": "warned",
    "announce": "announced",
    "prepare": "secret restored",
    "block": "blocked",
}
_BADGES = {"ok": "good", "due": "warn", "held": "warn", "blocked": "bad"}


def page(compliance: Compliance) -> str:
    """The whole document."""
    account = compliance.account
    past, coming = compliance.weeks()
    style = files(__package__).joinpath("style.css").read_text()
    title = f"Access key rotation: account {account.account_id}"
    month = account.at + timedelta(days=30)
    latest = compliance.past()[:_LATEST]
    due = [h for h in compliance.coming() if h.at < month][:_LATEST]
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
<header>
<h1>IAM access key rotation</h1>
<span class="soft">Account {escape(account.account_id)}, installation
{escape(account.settings.name)} in {escape(account.region)}, {_minute(account.at)}</span>
</header>
{_verdict(compliance)}
{_figures(compliance)}
<section class="keep">
<h2>Controls</h2>
{_controls(compliance)}
{_scope(compliance)}
</section>
{_blocked(compliance)}
{_unread(compliance)}
<div class="pair">
<section class="keep">
<h2>Age of the active keys</h2>
<p class="soft">Number of keys by age in days</p>
{age_histogram(compliance.bins())}
</section>
<section class="keep">
<h2>Rotations</h2>
<p class="soft">Each user's last one, by week, and those due in the next {WEEKS} weeks as things
stand</p>
{rotations(past, coming)}
</section>
</div>
<div class="pair">
<section>
<h2>Latest on record</h2>
{_happenings(latest, "When", "nothing is on record yet")}
</section>
<section>
<h2>Due within 30 days</h2>
{_happenings(due, "Due", "nothing is due", account.at)}
</section>
</div>
<section>
<h2>All managed users</h2>
{_users(compliance)}
</section>
{_settings(compliance)}
</main>
</body>
</html>
"""


def _verdict(compliance: Compliance) -> str:
    failing, unread = compliance.failing, len(compliance.account.unread)
    if unread:
        text = f"Not complete: {count(unread, 'managed user')} could not be read."
        return _banner("bad", "Incomplete", text)
    if failing:
        text = f"{count(failing, 'active key')} of managed users older than {BENCHMARK_DAYS} days."
        return _banner("bad", "Not compliant", text)
    text = f"No active key of a managed user is older than {BENCHMARK_DAYS} days."
    return _banner("good", "Compliant", text)


def _banner(kind: str, word: str, text: str) -> str:
    return (
        f'<section class="verdict keep {kind}"><strong>{escape(word)}</strong>'
        f"<span>{escape(text)}</span></section>"
    )


def _figures(compliance: Compliance) -> str:
    keys, account = compliance.keys, compliance.account
    over = sum(key.over_limit for key in keys)
    figures = [
        (len(account.statuses) + len(account.unread), "managed users", False),
        (len(keys), "active keys", False),
        (keys[0].age.days if keys else 0, "days: the oldest active key", False),
        (over, "over their own limit", over > 0),
        (compliance.failing, f"over {BENCHMARK_DAYS} days", compliance.failing > 0),
        (len(compliance.blocked), "users blocked", bool(compliance.blocked)),
    ]
    items = "".join(
        f'<li class="{"bad" if bad else ""}"><b>{number}</b><span>{escape(what)}</span></li>'
        for number, what, bad in figures
    )
    return f'<ul class="figures">{items}</ul>'


def _controls(compliance: Compliance) -> str:
    rows = []
    for control in compliance.controls():
        if control.failing:
            result = _badge("bad", f"{count(control.failing, 'key')} failing")
        elif compliance.account.unread:
            result = _badge("warn", "not complete")
        else:
            result = _badge("good", "passed")
        rows.append([escape(control.name), escape(control.about), result])
    return _table(["Control", "What it asks for", "Result for managed users"], rows)


def _scope(compliance: Compliance) -> str:
    account = compliance.account
    managed = len(account.statuses) + len(account.unread)
    tag = account.settings.user_tag
    text = (
        f"Managed are {managed} of {account.scanned} IAM users: those with the tag {tag.key} = "
        f"{tag.value}. The keys of the other {account.scanned - managed} and of the root user were "
        "not looked at; the controls cover them too."
    )
    if account.unexpected:
        names = ", ".join(
            f"{name} ({value!r})" for name, value in sorted(account.unexpected.items())
        )
        text += f" Not managed, since the tag has another value: {names}."
    return f'<p class="soft">{escape(text)}</p>'


def _blocked(compliance: Compliance) -> str:
    if not compliance.blocked:
        return ""
    rows = [
        [
            _name(status.name),
            escape(blocked_because(Reason(status.reason))),
            _oldest(status, compliance.account.at),
        ]
        for status in compliance.blocked
    ]
    table = _table(["User", "Their key cannot be replaced, because", "Oldest active key"], rows)
    return f'<section class="keep"><h2>Blocked: waiting for a person</h2>{table}</section>'


def _unread(compliance: Compliance) -> str:
    if not compliance.account.unread:
        return ""
    rows = [[_name(u.name), escape(u.error)] for u in compliance.account.unread]
    return f"<section><h2>Could not be read</h2>{_table(['User', 'Why'], rows)}</section>"


def _happenings(
    happenings: Sequence[KeyEvent], when: str, none: str, now: datetime | None = None
) -> str:
    if not happenings:
        return f'<p class="soft">{escape(none)}</p>'
    rows = [
        [
            _when(h.at, now),
            _name(h.user),
            escape(_DUE.get(h.what, h.what)),
            f"<code>{escape(h.access_key_id)}</code>",
        ]
        for h in happenings
    ]
    return _table([when, "User", "What", "Key"], rows)


def _users(compliance: Compliance) -> str:
    now = compliance.account.at
    rows = [row for status in compliance.account.statuses for row in _user(status, now)]
    headings = ["User", "State", "Key", "Status", "Age in days", "Limit", "Next", "Due"]
    return _table(headings, rows)


def _user(status: UserStatus, now: datetime) -> Iterable[list[str]]:
    state = _badge(_BADGES[status.state], status.state)
    if status.reason != Reason.NOT_DUE:
        state += f' <span class="soft">{escape(status.reason.replace("_", " "))}</span>'
    head = [_name(status.name), state]
    if not status.keys:
        yield [*head, "no key", "", "", "", "", ""]
    for index, key in enumerate(status.keys):
        step = status.forecast.next_about(key.id)
        age = str((now - key.created).days)
        over = status.is_over_limit(key, now)
        yield [
            *(head if index == 0 else ["", ""]),
            f"<code>{escape(key.id)}</code>",
            _status(key),
            f'<b class="over">{age}</b>' if over else age,
            str(status.limits.max_key_age_days),
            escape(_DUE[step[1].value]) if step else "",
            _when(step[0], now) if step else "",
        ]


def _settings(compliance: Compliance) -> str:
    settings = compliance.account.settings
    shown = (
        ("max_key_age_days", settings.max_key_age_days),
        ("warn_before_days", settings.warn_before_days),
        ("grace_days", settings.grace_days),
        ("min_grace_days_without_console", settings.min_grace_days_without_console),
        ("hold_while_used_days", settings.hold_while_used_days),
        ("max_overlap_days", settings.max_overlap_days),
        ("delete_after_days", settings.delete_after_days),
        ("idle_after_days", settings.idle_after_days),
        ("dry_run", str(settings.dry_run).lower()),
    )
    pairs = ", ".join(f"{name} = {value}" for name, value in shown)
    return (
        '<p class="soft">Settings: ' + escape(pairs) + ". Ages and states were read from IAM and "
        "Secrets Manager at the time above; no secret was read. What is due is shown as things "
        "stand: if nobody changes a key or a tag, and no key is used meanwhile.</p>"
    )


def _name(user: str) -> str:
    return f'<b class="whole">{escape(user)}</b>'


def _status(key: AccessKey) -> str:
    text = escape(key.status.value)
    return text if key.is_active else f'<span class="inactive">{text}</span>'


def _oldest(status: UserStatus, now: datetime) -> str:
    active = [key for key in status.keys if key.is_active]
    if not active:
        return ""
    return f"<code>{escape(active[0].id)}</code>, {(now - active[0].created).days} days"


def _when(at: datetime, now: datetime | None = None) -> str:
    text = "next run" if now is not None and at <= now else f"{at:%Y-%m-%d}"
    return f'<span class="whole">{text}</span>'


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _badge(kind: str, text: str) -> str:
    return f'<span class="badge {kind}">{escape(text)}</span>'


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The headings are text, the cells HTML."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )
