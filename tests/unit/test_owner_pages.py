"""docs/owners: every kind of owner has a page, found from the guide, and each answers the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "owners.md").read_text()
PAGES = sorted((DOCS / "owners").glob("*.md"))
ANSWERS = ["Once", "At each rotation", "If it fails", "To check"]


def test_the_guide_leads_to_every_page() -> None:
    """From the table on its first screen, one line each."""
    first_screen = GUIDE.partition("## Which mail?")[0]
    linked = re.findall(r"^\| \[[^]]+\]\(owners/(\w+\.md)\)", first_screen, re.MULTILINE)

    assert sorted(linked) == [page.name for page in PAGES]
    assert len(first_screen.splitlines()) < 30


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_answers_four_questions(page: Path) -> None:
    text = page.read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ANSWERS
    assert "[the guide](../owners.md)" in text


def test_anchors_that_others_link_stay() -> None:
    """The manual of the operators has some; tickets and wikis may have any."""
    headings = re.findall(r"^## (.+)$", GUIDE, re.MULTILINE)

    assert {
        "What comes when",
        "Try before the day",
        "Fetch the new key",
        "Never copy a key again",
        "Programs that run for weeks",
        "If something went wrong",
    } <= set(headings)
