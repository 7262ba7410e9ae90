"""How long a new key may be refused."""

from __future__ import annotations

import pytest

from key_fetch.failures import Exit, FetchError, NotAcceptedError
from key_fetch.key import Identity
from key_fetch.trial import wait_until_accepted
from tests.unit.pulling_host import NEW, OWNER, Clock


def trial(accepted_from: float, wait: float) -> tuple[Identity | None, list[float]]:
    """Who was found, and the seconds at which STS was asked."""
    clock = Clock()
    asked: list[float] = []

    def identity() -> Identity:
        asked.append(clock())
        if clock() < accepted_from:
            raise NotAcceptedError(NEW.id, "InvalidClientTokenId")
        return OWNER

    try:
        return wait_until_accepted(identity, wait, clock, clock.sleep), asked
    except NotAcceptedError:
        return None, asked


@pytest.mark.parametrize(
    ("accepted_from", "wait", "asked"),
    [
        pytest.param(0, 60, [0], id="at once"),
        pytest.param(0, 0, [0], id="at once, without a wait"),
        pytest.param(2, 60, [0, 1, 3], id="soon"),
        pytest.param(30, 60, [0, 1, 3, 7, 12, 17, 22, 27, 32], id="30 seconds"),
        pytest.param(10, 10, [0, 1, 3, 7, 10], id="in the last second"),
    ],
)
def test_an_accepted_key(accepted_from: float, wait: float, asked: list[float]) -> None:
    assert trial(accepted_from, wait) == (OWNER, asked)


@pytest.mark.parametrize(("wait", "asked"), [(0, [0]), (0.5, [0, 0.5]), (10, [0, 1, 3, 7, 10])])
def test_a_key_that_is_never_accepted(wait: float, asked: list[float]) -> None:
    assert trial(999, wait) == (None, asked)


def test_another_failure_is_no_refusal() -> None:
    def unreachable() -> Identity:
        raise FetchError(Exit.UNREACHABLE, "no network")

    clock = Clock()
    with pytest.raises(FetchError, match="no network"):
        wait_until_accepted(unreachable, 60, clock, clock.sleep)
    assert clock() == 0
