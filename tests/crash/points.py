"""All points: everything that is tried, scenario by scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from tests.aws.account import Account
from tests.crash.branches import beginning, in_a_branch
from tests.crash.faults import fault_points
from tests.crash.lags import lag_points
from tests.crash.ledger import Ledger
from tests.crash.overlaps import overlap_points
from tests.crash.pairs import pair_points
from tests.crash.people import person_points
from tests.crash.promises import Violation
from tests.crash.pulls import pull_points
from tests.crash.refused_policies import refused_policy_points
from tests.crash.third_keys import third_key_points


class Point(Protocol):
    """One thing that happens at one place; its text says what and where."""

    @property
    def scenario(self) -> str: ...

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        """Brings it about and lets the days after it pass, under the ledger's eye."""


KINDS: dict[str, Callable[[str], Iterable[Point]]] = {
    "faults": fault_points,
    "overlaps": overlap_points,
    "people": person_points,
    "lags": lag_points,
    "third-keys": third_key_points,
    "policies": refused_policy_points,
    "pulls": pull_points,
    "pairs": pair_points,
}


def points_of(
    scenario: str, every_first: int = 1, kinds: Sequence[str] = tuple(KINDS)
) -> dict[str, Sequence[Point]]:
    """All points of a scenario by kind, found by an undisturbed run of it. Pairs are found by runs
    of their own, so only those of each so-manyth first fault are looked for; 0: of none."""
    return {
        kind: list(pair_points(scenario, every_first) if every_first else ())
        if kind == "pairs"
        else list(KINDS[kind](scenario))
        for kind in kinds
    }


def try_points(points: Sequence[Point]) -> list[tuple[Point, list[Violation]]]:
    """Each with the promises that it breaks. Points of one scenario have one beginning."""
    return [(point, try_point(point)) for point in points]


def try_point(point: Point) -> list[Violation]:
    """The promises that this point breaks."""
    account, ledger, payload = beginning(point.scenario)

    def play() -> list[Violation]:
        point.play(account, ledger, payload)
        return ledger.violations

    return in_a_branch(play)
