"""The report as one HTML page: no script, nothing from elsewhere, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from html import escape
from importlib.resources import files

from key_rotation.messages import blocked_because
from key_rotation.model import AccessKey, Reason

from ..survey import Standing
from ..words import count
from .charts import age_histogram, rotations
from .compliance import BENCHMARK_DAYS, WEEKS, Compliance, Happening

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
    survey = compliance.survey
    past, coming = compliance.weeks()
    style = files(__package__).joinpath("style.css").read_text()
    title = f"Access key rotation: account {survey.account_id}"
    month = survey.at + timedelta(days=30)
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
<span class="soft">Account {escape(survey.account_id)}, installation
{escape(survey.settings.name)} in {escape(survey.region)}, {_minute(survey.at)}</span>
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
{_happenings(due, "Due", "nothing is due", survey.at)}
</section>
</div>
<section>
<h2>All marked users</h2>
{_users(compliance)}
</section>
{_settings(compliance)}
</main>
</body>
</html>
"""


def _verdict(compliance: Compliance) -> str:
    failing, unread = compliance.failing, len(compliance.survey.unread)
    if unread:
        text = f"Not complete: {count(unread, 'marked user')} could not be read."
        return _banner("bad", "Incomplete", text)
    if failing:
        text = f"{count(failing, 'active key')} of marked users older than {BENCHMARK_DAYS} days."
        return _banner("bad", "Not compliant", text)
    text = f"No active key of a marked user is older than {BENCHMARK_DAYS} days."
    return _banner("good", "Compliant", text)


def _banner(kind: str, word: str, text: str) -> str:
    return (
        f'<section class="verdict keep {kind}"><strong>{escape(word)}</strong>'
        f"<span>{escape(text)}</span></section>"
    )


def _figures(compliance: Compliance) -> str:
    keys, survey = compliance.keys, compliance.survey
    over = sum(key.over_limit for key in keys)
    figures = [
        (len(survey.standings) + len(survey.unread), "marked users", False),
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
        elif compliance.survey.unread:
            result = _badge("warn", "not complete")
        else:
            result = _badge("good", "passed")
        rows.append([escape(control.name), escape(control.about), result])
    return _table(["Control", "What it asks for", "Result for marked users"], rows)


def _scope(compliance: Compliance) -> str:
    survey = compliance.survey
    marked = len(survey.standings) + len(survey.unread)
    tag = survey.settings.user_tag
    text = (
        f"Marked are {marked} of {survey.scanned} IAM users: those with the tag {tag.key} = "
        f"{tag.value}. The keys of the other {survey.scanned - marked} and of the root user were "
        "not looked at; the controls cover them too."
    )
    if survey.odd:
        names = ", ".join(f"{name} ({value!r})" for name, value in sorted(survey.odd.items()))
        text += f" Not marked, since the tag has another value: {names}."
    return f'<p class="soft">{escape(text)}</p>'


def _blocked(compliance: Compliance) -> str:
    if not compliance.blocked:
        return ""
    rows = [
        [
            _name(standing.name),
            escape(blocked_because(Reason(standing.reason))),
            _oldest(standing, compliance.survey.at),
        ]
        for standing in compliance.blocked
    ]
    table = _table(["User", "Their key cannot be replaced, because", "Oldest active key"], rows)
    return f'<section class="keep"><h2>Blocked: waiting for a person</h2>{table}</section>'


def _unread(compliance: Compliance) -> str:
    if not compliance.survey.unread:
        return ""
    rows = [[_name(u.name), escape(u.error)] for u in compliance.survey.unread]
    return f"<section><h2>Could not be read</h2>{_table(['User', 'Why'], rows)}</section>"


def _happenings(
    happenings: Sequence[Happening], when: str, none: str, now: datetime | None = None
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
    now = compliance.survey.at
    rows = [row for standing in compliance.survey.standings for row in _user(standing, now)]
    headings = ["User", "State", "Key", "Status", "Age in days", "Limit", "Next", "Due"]
    return _table(headings, rows)


def _user(standing: Standing, now: datetime) -> Iterable[list[str]]:
    state = _badge(_BADGES[standing.state], standing.state)
    if standing.reason != Reason.YOUNG:
        state += f' <span class="soft">{escape(standing.reason.replace("_", " "))}</span>'
    head = [_name(standing.name), state]
    if not standing.keys:
        yield [*head, "no key", "", "", "", "", ""]
    for index, key in enumerate(standing.keys):
        step = standing.forecast.next_about(key.id)
        age = str((now - key.created).days)
        over = standing.is_over_limit(key, now)
        yield [
            *(head if index == 0 else ["", ""]),
            f"<code>{escape(key.id)}</code>",
            _status(key),
            f'<b class="over">{age}</b>' if over else age,
            str(standing.limits.max_key_age_days),
            escape(_DUE[step[1].value]) if step else "",
            _when(step[0], now) if step else "",
        ]


def _settings(compliance: Compliance) -> str:
    settings = compliance.survey.settings
    shown = (
        ("max_key_age_days", settings.max_key_age_days),
        ("warn_before_days", settings.warn_before_days),
        ("grace_days", settings.grace_days),
        ("fetch_days", settings.fetch_days),
        ("hold_while_used_days", settings.hold_while_used_days),
        ("max_overlap_days", settings.max_overlap_days),
        ("delete_after_days", settings.delete_after_days),
        ("idle_after_days", settings.idle_after_days),
        ("dry_run", str(settings.dry_run).lower()),
    )
    pairs = ", ".join(f"{name} = {value}" for name, value in shown)
    return (
        '<p class="soft">Settings: ' + escape(pairs) + ". Ages and states were read from IAM and "
        "Secrets Manager at the time above; no secret was read. What is due is told as things "
        "stand: if nobody changes a key or a tag, and no key is used meanwhile.</p>"
    )


def _name(user: str) -> str:
    return f'<b class="whole">{escape(user)}</b>'


def _status(key: AccessKey) -> str:
    text = escape(key.status.value)
    return text if key.is_active else f'<span class="inactive">{text}</span>'


def _oldest(standing: Standing, now: datetime) -> str:
    active = [key for key in standing.keys if key.is_active]
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
