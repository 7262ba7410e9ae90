"""Readers of one user: to that user they are as everybody's readers, and to nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from key_rotation.domain.action import Decision, Needs
from key_rotation.domain.emergency import decide_emergency
from key_rotation.domain.hand_over import state_of
from key_rotation.domain.policy import decide
from key_rotation.domain.user_options import UserOptions
from tests.unit.builders import NOW, settings, uses
from tests.unit.test_policy import (
    EMERGENCIES,
    GRACE,
    HAND_OVER,
    HOLD,
    LEAKED,
    PROMISED,
    REMINDERS,
    Case,
)

_BY_READERS = "secret_reader_arns"
TABLE = (*GRACE, *HOLD, *PROMISED, *HAND_OVER, *REMINDERS, *LEAKED)
WITH_READER = [case for case in TABLE if _BY_READERS in case.settings]
EMERGENCIES_WITH_READER = [case for case in EMERGENCIES if _BY_READERS in case.settings]


def cases(of: list[Case]) -> list[Any]:
    return [pytest.param(case, id=case.description) for case in of]


def with_readers_of(name: str, case: Case) -> dict[str, Any]:
    """The case's settings, with its readers as those of this user alone."""
    changes = dict(case.settings)
    return (
        changes
        | {"user_options": {name: UserOptions(changes.pop(_BY_READERS))}}
        | {_BY_READERS: ()}
    )


def without_readers(case: Case) -> dict[str, Any]:
    return case.settings | {_BY_READERS: ()}


def test_there_are_cases() -> None:
    assert len(WITH_READER) > 5
    assert EMERGENCIES_WITH_READER


@pytest.mark.parametrize("case", cases(WITH_READER))
def test_an_own_reader_counts_for_their_user(case: Case) -> None:
    everybodys = decide(case.user, settings(**case.settings), NOW)

    assert isinstance(everybodys, Decision)
    assert decide(case.user, settings(**with_readers_of("alice", case)), NOW) == everybodys


@pytest.mark.parametrize("case", cases(WITH_READER))
def test_a_reader_of_somebody_else_counts_for_nothing(case: Case) -> None:
    nobodys = decide(case.user, settings(**without_readers(case)), NOW)

    assert decide(case.user, settings(**with_readers_of("bob", case)), NOW) == nobodys


@pytest.mark.parametrize("case", cases(EMERGENCIES_WITH_READER))
def test_so_it_is_in_an_emergency(case: Case) -> None:
    def decided(changes: dict[str, Any]) -> Decision | Needs:
        return decide_emergency(case.user, "A", settings(**changes), NOW)

    assert decided(with_readers_of("alice", case)) == decided(dict(case.settings))
    assert decided(with_readers_of("bob", case)) == decided(without_readers(case))
    assert decided(with_readers_of("alice", case)) != decided(without_readers(case))


def test_without_a_reader_of_theirs_the_password_must_be_known() -> None:
    [case] = [case for case in GRACE if _BY_READERS in case.settings]
    unread = replace(case.user, has_password=None)

    assert isinstance(decide(unread, settings(**with_readers_of("alice", case)), NOW), Decision)
    assert isinstance(decide(unread, settings(**with_readers_of("bob", case)), NOW), Needs)


def test_how_far_an_owner_is_depends_on_no_reader() -> None:
    [case, *_] = [case for case in HAND_OVER if _BY_READERS in case.settings]
    used = replace(case.user, last_used=uses({key.id: None for key in case.user.keys}))

    assert state_of(used, settings(**with_readers_of("alice", case)), NOW) == state_of(
        used, settings(**without_readers(case)), NOW
    )
