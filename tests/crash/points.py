"""All points: everything that is tried, scenario by scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tests.crash.faults import fault_points
from tests.crash.lags import lag_points
from tests.crash.ledger import Violation
from tests.crash.overlaps import overlap_points
from tests.crash.people import person_points


class Point(Protocol):
    """One thing that happens at one place; its text says what and where."""

    def violations(self) -> list[Violation]: ...


KINDS: dict[str, Callable[[str], Sequence[Point]]] = {
    "faults": fault_points,
    "overlaps": overlap_points,
    "people": person_points,
    "lags": lag_points,
}


def try_point(point: Point) -> list[Violation]:
    """The promises that this point breaks."""
    return point.violations()
