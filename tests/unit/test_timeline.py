"""The pictures of a key's life are of the defaults in variables.tf, in both themes."""

from __future__ import annotations

import re

import pytest
from scripts.draw_timeline import IMAGES, THEMES, draw, drawn_from

from tests.defaults import defaults


@pytest.mark.parametrize("theme", THEMES)
def test_the_committed_picture_is_of_the_present_defaults(theme: str) -> None:
    """Another version of matplotlib may draw other lines, so what it was drawn from counts."""
    picture = (IMAGES / f"timeline-{theme}.svg").read_text()

    assert drawn_from() in picture, "run: make docs"


@pytest.mark.parametrize("theme", THEMES)
def test_the_picture_shows_each_day_on_which_something_happens(theme: str) -> None:
    picture = draw(theme)

    of = defaults()
    due = of["max_key_age_days"]
    grace = due + max(of["grace_days"], of["min_grace_days_without_console"])
    off = {due + of["grace_days"], grace, due + of["max_overlap_days"]}
    deleted = {day + of["delete_after_days"] for day in off}
    notified = {due - of["warn_before_days"], grace - of["remind_before_days"]}
    shown = {int(day) for day in re.findall(r">(\d+)<", picture)}
    assert shown == {0, due} | notified | off | deleted
    assert "reminded" in picture
    assert "held" in picture
    assert draw(theme) == picture
