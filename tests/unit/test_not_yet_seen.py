"""docs/not-yet-seen.md: one list, whose ids others name (the acceptance test, issues, ADRs)."""

from __future__ import annotations

import re

import pytest
from scripts.docs import ROOT

LIST = ROOT / "docs" / "not-yet-seen.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in LIST.read_text().splitlines()
    if line.startswith("| `")
]
IDS = [row[0].strip("` ") for row in ROWS]
CLAIM = re.compile(r"not(?: yet)?\s+(?:been\s+)?\[?seen\]?(?:\([^)]*\))?\s+on\s+AWS", re.IGNORECASE)


def test_the_ids_are_short_and_each_is_there_once() -> None:
    assert len(IDS) > 20
    assert len(set(IDS)) == len(IDS)
    assert [name for name in IDS if not re.fullmatch(r"[a-z][a-z0-9-]{2,27}", name)] == []


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_row_says_what_and_what_follows(row: list[str]) -> None:
    assert len(row) == 3
    assert all(len(cell) > 3 for cell in row)


def _documents() -> list[str]:
    files = [ROOT / "SECURITY.md", ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return [file.read_text() for file in files if file != LIST]


def test_who_claims_it_links_the_list() -> None:
    claims = [text for text in _documents() if CLAIM.search(text)]

    assert len(claims) > 3
    assert [text[:60] for text in claims if "not-yet-seen.md" not in text] == []


def test_what_an_adr_names_is_on_the_list() -> None:
    named = [
        name
        for text in _documents()
        for item in re.findall(r"^- \[Not yet seen\][^:]*(?::[^\n]*)?", text, re.MULTILINE)
        for name in re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", item)
    ]

    assert len(named) > 5
    assert set(named) - set(IDS) == set()
