"""The charts of the report, as SVG that takes its colours from the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from key_rotation.notify.text import counted

from .compliance import BENCHMARK_DAYS, BIN_DAYS, Bin, Week
from .past import Month, Past

_WIDTH, _HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 8, 22, 34
_GAP = 0.22  # of a column


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: its height, what the pointer shows, the class that colours it."""

    value: int
    title: str
    style: str
    label: str = ""


def age_histogram(bins: Sequence[Bin]) -> str:
    """Active keys by age, with the benchmark's limit as a line."""
    columns = [
        _Column(
            ages.keys,
            f"{_range(ages)} days: {counted(ages.keys, 'active key')}",
            "over" if ages.from_days >= BENCHMARK_DAYS else "within",
            f"{ages.from_days}" if ages.to_days else f"{ages.from_days}+",
        )
        for ages in bins
    ]
    at = BENCHMARK_DAYS / BIN_DAYS
    return _chart(columns, "Active access keys by age in days", at, f"{BENCHMARK_DAYS} days")


def rotations(past: Sequence[Week], coming: Sequence[Week]) -> str:
    """Rotations by week, before today and after."""
    columns = [
        _Column(week.rotations, _week(week, "done"), "within", _label(week, index))
        for index, week in enumerate(past)
    ] + [
        _Column(week.rotations, _week(week, "due"), "due", _label(week, index + len(past)))
        for index, week in enumerate(coming)
    ]
    return _chart(columns, "Rotations by week", len(past), "today")


def by_month(past: Past) -> str:
    """The keys made in each month. A line is where the log begins, or what was read of it."""
    assert past.history is not None
    months = past.months()
    columns = [
        _Column(month.rotations, _month(month), "within", f"{month.start:%b %y}")
        for month in months
    ]
    begin = sum(month.start <= past.history.since for month in months)
    since = past.history.since.day / 31 if begin else 0.0
    return _chart(columns, "Keys made by month", max(begin - 1, 0) + since, "known from here")


def _chart(columns: Sequence[_Column], title: str, mark_at: float, mark: str) -> str:
    """Columns over labels, and a vertical line before the column number `mark_at`."""
    most = _ceiling(max((column.value for column in columns), default=0))
    step = (_WIDTH - _LEFT - _RIGHT) / len(columns)
    height = _HEIGHT - _TOP - _BOTTOM
    base = _HEIGHT - _BOTTOM
    parts = [
        f'<svg class="chart" role="img" aria-label="{escape(title)}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" xmlns="http://www.w3.org/2000/svg">'
    ]
    for value in sorted({0, most // 2 if most % 2 == 0 else most, most}):
        y = base - height * value / most
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" ')
        parts.append(f'y2="{y:.1f}"/><text class="scale" x="{_LEFT - 8}" y="{y + 4:.1f}" ')
        parts.append(f'text-anchor="end">{value}</text>')
    for index, column in enumerate(columns):
        x = _LEFT + step * (index + _GAP / 2)
        tall = height * column.value / most
        middle = _LEFT + step * (index + 0.5)
        parts.append(f"<g><title>{escape(column.title)}</title>")
        if column.value:
            parts.append(
                f'<rect class="{column.style}" x="{x:.1f}" y="{base - tall:.1f}" rx="2" '
                f'width="{step * (1 - _GAP):.1f}" height="{tall:.1f}"/>'
                f'<text class="value" x="{middle:.1f}" y="{base - tall - 5:.1f}" '
                f'text-anchor="middle">{column.value}</text>'
            )
        if column.label:
            parts.append(
                f'<text class="scale" x="{middle:.1f}" y="{base + 18}" '
                f'text-anchor="middle">{escape(column.label)}</text>'
            )
        parts.append("</g>")
    x = _LEFT + step * mark_at
    parts.append(
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{base}"/>'
        f'<text class="mark" x="{x + 5:.1f}" y="{_TOP}">{escape(mark)}</text></svg>'
    )
    return "".join(parts)


def _ceiling(most: int) -> int:
    """A round number that leaves room above the highest column."""
    for unit in (4, 10, 20, 40, 100, 200, 400, 1000, 2000, 4000, 10_000):
        if most <= unit * 0.9:
            return unit
    return most + most // 9


def _range(ages: Bin) -> str:
    return f"{ages.from_days} to {ages.to_days}" if ages.to_days else f"{ages.from_days} and more"


def _week(week: Week, what: str) -> str:
    return f"7 days from {week.start:%Y-%m-%d}: {counted(week.rotations, 'rotation')} {what}"


def _month(month: Month) -> str:
    if month.unread == "all":
        return f"{month.start:%B %Y}: not known"
    text = f"{month.start:%B %Y}: {counted(month.rotations, 'key')} made"
    text += ", as far as known" if month.unread else ""
    return f"{text}, {month.emergencies} in an emergency" if month.emergencies else text


def _label(week: Week, index: int) -> str:
    """Every other week's; there is no room for all."""
    return f"{week.start:%d %b}" if index % 2 == 1 else ""
