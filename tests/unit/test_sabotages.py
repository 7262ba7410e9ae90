"""The sabotages of the crash harness, without running them: a refactoring must not leave one stale
until the next whole run."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.crash.sabotage import Sabotage
from tests.crash.sabotages import ALL


@pytest.mark.parametrize("sabotage", ALL, ids=lambda sabotage: sabotage.name)
def test_what_it_breaks_is_there_once(sabotage: Sabotage) -> None:
    assert sabotage.source.read_text().count(sabotage.old) == 1
    assert sabotage.new != sabotage.old


def test_each_has_a_name_of_its_own() -> None:
    assert [name for name, times in Counter(s.name for s in ALL).items() if times > 1] == []
