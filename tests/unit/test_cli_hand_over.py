"""What the command line shows of the use of keys, and of an owner's move to a new one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from key_rotation.domain.hand_over import HandOver
from key_rotation.domain.model import LastUse, ManagedUser
from key_rotation_cli.account import read_all
from key_rotation_cli.hand_over import between, day, flat, known, rows, words
from tests.unit.builders import NOW, SETTINGS, ago, inactive, key, secret, stamp, user
from tests.unit.fakes import FakeAccount
from tests.unit.sample import status


def pair(**used: Any) -> ManagedUser:
    """A service that got the key B a day ago."""
    state = secret("B", "A", announced=stamp("B", 1))
    return user(key("A", 91), key("B", 1), secret=state, used=used, password=False)


def shown(subject: ManagedUser) -> list[list[str]]:
    return [row[1:] for row in rows([status("alice", subject)], NOW)]


# -- as data ---------------------------------------------------------------------------------------


def test_a_superseded_key_and_its_successor() -> None:
    one = status("alice", pair(A=ago(0.5), B=None))
    old, new = one.keys

    assert known(one, old) == {
        "last_used": {"time": "2026-06-01T00:00:00Z", "service": "s3", "region": "eu-west-1"},
        "hand_over": HandOver.NOT_FETCHED,
        "held_until": "2026-06-30T12:00:00Z",
    }
    assert known(one, new) == {"last_used": None, "hand_over": None, "held_until": None}


def test_what_was_not_read_is_left_out() -> None:
    account = FakeAccount()
    account.add(user(key("A", 10)))
    [one], _ = read_all(account.world(), SETTINGS, account.scan(), NOW, lambda _done, _of: None)

    assert known(one, one.keys[0]) == {"hand_over": None, "held_until": None}


@pytest.mark.parametrize(
    ("fields", "cells"),
    [
        pytest.param({}, {}, id="not read"),
        pytest.param(
            {"last_used": None},
            {"last_used": "never", "last_used_service": None, "last_used_region": None},
            id="never used",
        ),
        pytest.param(
            {"last_used": {"time": "then", "service": "s3", "region": "eu-west-1"}},
            {"last_used": "then", "last_used_service": "s3", "last_used_region": "eu-west-1"},
            id="used",
        ),
    ],
)
def test_cells(fields: dict[str, Any], cells: dict[str, Any]) -> None:
    assert flat(fields) == cells


# -- as a table ------------------------------------------------------------------------------------


def test_rows_of_one_who_has_not_moved() -> None:
    assert shown(pair(A=ago(0.5), B=None)) == [
        ["A", "s3 in eu-west-1, 2026-06-01", "not fetched", "2026-06-07 to 06-30"],
        ["B", "never", "", ""],
    ]


def test_rows_of_one_who_has() -> None:
    assert shown(pair(A=ago(2), B=ago(0.5))) == [
        ["A", "s3 in eu-west-1, 2026-05-30", "moved", "2026-06-07"],
        ["B", "s3 in eu-west-1, 2026-06-01", "", ""],
    ]


def test_rows_of_two_keys_of_which_none_replaces_the_other() -> None:
    """They help their owner to choose."""
    assert [row[2:] for row in shown(user(key("A", 100), key("B", 50)))] == [["", ""], ["", ""]]


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(user(key("A", 10)), id="one key"),
        pytest.param(
            user(
                inactive("A", 95),
                key("B", 5),
                secret=secret("B", "A", announced=stamp("B", 5), inactive_since=stamp("A", 5)),
            ),
            id="disabled already",
        ),
    ],
)
def test_no_row_of_a_settled_user(subject: ManagedUser) -> None:
    assert shown(subject) == []


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (None, "never"),
        (LastUse(ago(1), "s3", "eu-west-1"), "s3 in eu-west-1, 2026-05-31"),
        (LastUse(ago(1), "iam"), "iam, 2026-05-31"),
        (LastUse(ago(1)), "2026-05-31"),
    ],
)
def test_words(use: LastUse | None, text: str) -> None:
    assert words(use) == text


@pytest.mark.parametrize(
    ("at", "held_until", "earliest", "both"),
    [
        pytest.param(NOW, None, "next run", "next run", id="now"),
        pytest.param(ago(-4), None, "2026-06-05", "2026-06-05", id="later"),
        pytest.param(NOW, ago(-20), "once moved", "by 2026-06-21", id="held"),
        pytest.param(ago(-4), ago(-20), "2026-06-05", "2026-06-05 to 06-21", id="held then"),
        pytest.param(
            *(ago(-4), datetime(2027, 1, 2, tzinfo=UTC)),
            *("2026-06-05", "2026-06-05 to 2027-01-02"),
            id="over the turn of the year",
        ),
    ],
)
def test_days(at: datetime, held_until: datetime | None, earliest: str, both: str) -> None:
    assert (day(at, held_until, NOW), between(at, held_until, NOW)) == (earliest, both)


# -- what it costs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "reads"),
    [
        pytest.param(pair(), 2, id="a superseded pair"),
        pytest.param(user(key("A", 10)), 0, id="one key"),
        pytest.param(
            user(
                inactive("A", 95),
                key("B", 5),
                secret=secret("B", "A", announced=stamp("B", 5), inactive_since=stamp("A", 5)),
            ),
            0,
            id="disabled already",
        ),
    ],
)
def test_the_last_use_is_read_of_superseded_pairs(subject: ManagedUser, reads: int) -> None:
    account = FakeAccount()
    account.add(subject)

    read_all(account.world(), SETTINGS, account.scan(), NOW, lambda _done, _of: None)

    assert account.calls.count("last_used") == reads
    assert account.calls.count("describe") == 1
