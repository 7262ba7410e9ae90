"""Which users a table of `status` has, and in which order."""

from __future__ import annotations

from itertools import chain

import pytest

from key_rotation_cli.account import AccountStatus, UserStatus
from key_rotation_cli.screen import Screen
from key_rotation_cli.selection import EVERYBODY, MOST_SHOWN, Selection
from key_rotation_cli.status_table import show
from tests.unit.builders import ago, key, secret, stamp, user
from tests.unit.sample import account_status, settled_status, status


def some(number: int, days: float, prefix: str) -> list[UserStatus]:
    return [status(f"{prefix}{n:03d}", user(key(f"{prefix}{n}", days))) for n in range(number)]


def names(selection: Selection, found: AccountStatus) -> tuple[list[str], int]:
    shown, left_out = selection.shown(found)
    return [each.name for each in shown], len(left_out)


def test_who_needs_attention_comes_first() -> None:
    pair = secret("E2", "E1", announced=stamp("E2", 10))
    held = user(key("E1", 100), key("E2", 10), secret=pair, tags={"hold-until": "2026-06-09"})
    warned = user(key("F", 85), secret=secret(warned=stamp("F", 2)))
    found = account_status(
        status("alice", user(key("A", 10))),
        status("bob", user(key("B", 95))),
        status("carol", user(key("C1", 131), key("C2", 64), used={"C1": ago(), "C2": ago()})),
        status("erin", held),
        status("frank", warned),
        settled_status("adam", key("G", 20)),
    )

    everybody, left_out = names(Selection(everybody=True), found)

    assert everybody == ["carol", "bob", "erin", "frank", "adam", "alice"]
    assert left_out == 0


def test_settled_users_are_counted_and_not_shown() -> None:
    found = account_status(
        status("bob", user(key("B", 95))), *(settled_status(f"s{n}", key("S", 9)) for n in range(9))
    )

    assert names(EVERYBODY, found) == (["bob"], 9)


def test_a_table_has_no_more_than_so_many() -> None:
    blocked = status("zoe", user(key("C1", 131), key("C2", 64)))
    found = account_status(blocked, *some(MOST_SHOWN + 5, 95, "due"))

    shown, left_out = names(EVERYBODY, found)

    assert (shown[0], len(shown), left_out) == ("zoe", MOST_SHOWN, 6)


@pytest.mark.parametrize(
    "selection",
    [
        pytest.param(Selection(everybody=True), id="--all"),
        pytest.param(Selection(states=frozenset({"due"})), id="--state"),
        pytest.param(Selection(users=("due000",)), id="--user"),
    ],
)
def test_who_asks_for_some_gets_all_of_them(selection: Selection) -> None:
    found = account_status(*some(MOST_SHOWN + 5, 95, "due"))

    assert len(names(selection, found)[0]) == MOST_SHOWN + 5


def test_it_says_how_many_more_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    settled = [settled_status(f"s{n:03d}", key("S", 9)) for n in range(50)]
    found = account_status(*chain(some(MOST_SHOWN + 3, 95, "due"), settled))

    show(found, Screen())

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + MOST_SHOWN + 3
    assert lines[-3] == "not shown: 53 users, 3 due, 50 ok (--all, --state, --user)"
