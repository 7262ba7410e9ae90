"""The table of `plan`: whom it shows first, and how many more there are."""

from __future__ import annotations

from typing import Any

import pytest

from key_rotation_cli.plan import show
from key_rotation_cli.screen import Screen


def row(user: str, action: str, reason: str = "key_too_old") -> dict[str, Any]:
    return {
        "user": user,
        "action": action,
        "reason": reason,
        "access_key_id": None,
        "detail": "dry run",
    }


def response(*rows: dict[str, Any]) -> dict[str, Any]:
    actions = [each["action"] for each in rows]
    return {
        "users": list(rows),
        "scanned": 9,
        "counts": {action: actions.count(action) for action in dict.fromkeys(actions)},
    }


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    def shown(*rows: dict[str, Any], most: int | None = 100) -> list[list[str]]:
        show(response(*rows), Screen(), most)
        return [line.split() for line in capsys.readouterr().out.splitlines()]

    return shown


def test_a_user_who_needs_a_person_comes_first_and_the_others_as_the_run_takes_them_up(
    lines: Any,
) -> None:
    shown = lines(
        row("(account)", "report", "no_bulk_read"),
        row("zoe", "rotate"),
        row("zoe", "announce"),
        row("bob", "defer", "rotation_limit"),
        row("erin", "hold"),
        row("alice", "block", "slot_taken"),
        row("carol", "rotate"),
    )

    assert [cells[:2] for cells in shown[1:-1]] == [
        ["alice", "block"],
        ["zoe", "rotate"],
        ["zoe", "announce"],
        ["carol", "rotate"],
        ["(account)", "report"],
        ["erin", "hold"],
        ["bob", "defer"],
    ]


def test_it_says_how_many_more_rows_there_are(lines: Any) -> None:
    every = [row(f"u{n}", action) for n in range(3) for action in ("rotate", "announce")]

    shown = lines(*every, most=3)
    everything = lines(*every, most=None)

    assert len(shown) == 1 + 3 + 2
    assert " ".join(shown[-2]) == "not shown: 3 rows, 2 announce, 1 rotate (--all)"
    assert " ".join(shown[-1]).endswith("3 rotate, 3 announce")
    assert len(everything) == 1 + 6 + 1
