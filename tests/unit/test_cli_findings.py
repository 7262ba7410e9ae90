"""What `status --check` finds, and what it passes over with `--accept-grace`."""

from __future__ import annotations

from typing import Any

import pytest

from key_rotation.domain.model import Event, ManagedUser
from key_rotation_cli.findings import Tolerance, findings
from tests.unit.builders import ago, key, secret, stamp, user
from tests.unit.sample import account_status, status

ACCEPTING = Tolerance(accept_grace=True)


def found(subject: ManagedUser, tolerance: Tolerance = ACCEPTING) -> list[str]:
    return findings(account_status(status("alice", subject)), tolerance)


def replaced(days: float, *, leaked: tuple[str, ...] = (), **facts: Any) -> ManagedUser:
    """A service whose key A was replaced so long ago by B, and works for two days more, by the
    last message. The owner uses A alone."""
    state = secret(
        "B", "A", announced=stamp("B", days), works_until=stamp("A", -2), leaked=leaked, **facts
    )
    used = {"A": ago(hours=1), "B": None}
    return user(key("A", 91 + days), key("B", days), secret=state, used=used, password=False)


def held(days: float = 28) -> ManagedUser:
    """The last notice named the day on which the key goes."""
    return replaced(days, notices={Event.ENDING: stamp("A", 1)})


def test_a_key_in_its_grace_is_passed_over_up_to_the_end_that_was_told() -> None:
    assert found(replaced(5)) == []
    assert len(found(replaced(5), Tolerance())) == 1


def test_a_held_key_is_found_also_after_the_last_notice() -> None:
    assert status("alice", held()).state == "held"
    [sentence] = found(held())
    assert sentence.startswith("alice: key A is 119 days old, over the limit of 90 (")


@pytest.mark.parametrize("leaked", [("A",), ("A", "Z")])
def test_a_leaked_key_is_found_in_its_grace(leaked: tuple[str, ...]) -> None:
    [sentence] = found(replaced(5, leaked=leaked))

    assert sentence.startswith("alice: key A is 96 days old")


def test_the_leak_of_another_key_ends_no_grace() -> None:
    assert found(replaced(5, leaked=("Z",))) == []
