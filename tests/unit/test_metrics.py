"""The ages of the keys, and what counts as over the limit."""

from __future__ import annotations

import pytest

from key_rotation.domain.model import ManagedUser
from key_rotation.notify.metrics import gauges
from tests.unit.builders import NOW, expired, inactive, key, settings, user

STRICT = {"max-key-age-days": "61"}


@pytest.mark.parametrize(
    ("users", "oldest", "over_limit"),
    [
        pytest.param([], 0, 0, id="nobody"),
        pytest.param([user()], 0, 0, id="no key"),
        pytest.param([user(key("A", 12, hours=12))], 12.5, 0, id="young"),
        pytest.param([user(key("A", 90))], 90, 0, id="due"),
        pytest.param([user(key("A", 90, seconds=1))], pytest.approx(90, abs=0.001), 1, id="over"),
        pytest.param([user(inactive("A", 400), expired("B", 300))], 0, 0, id="not active"),
        pytest.param([user(key("A", 100), key("B", 95))], 100, 2, id="two of one user"),
        pytest.param([user(key("A", 5)), user(key("B", 91)), user()], 91, 1, id="several users"),
        pytest.param([user(key("A", 70), tags=STRICT)], 70, 1, id="over the user's own limit"),
    ],
)
def test_gauges(users: list[ManagedUser], oldest: float, over_limit: int) -> None:
    measured = {measure.name: measure for measure in gauges(users, settings(), NOW)}

    assert measured["OldestActiveKeyDays"].value == oldest
    assert measured["OldestActiveKeyDays"].unit == "None"
    assert measured["KeysOverLimit"].value == over_limit
