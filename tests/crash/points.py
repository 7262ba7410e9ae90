"""All points: everything that is tried, scenario by scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.aws.account import Account
from tests.crash.branches import beginning, in_a_branch
from tests.crash.faults import fault_points
from tests.crash.known import State
from tests.crash.lags import lag_points
from tests.crash.late_lists import late_list_points
from tests.crash.late_reports import late_report_points
from tests.crash.late_uses import late_use_points
from tests.crash.ledger import Ledger
from tests.crash.overlaps import overlap_points
from tests.crash.pairs import pair_points
from tests.crash.people import person_points
from tests.crash.promises import Violation
from tests.crash.pulls import pull_points
from tests.crash.refused_policies import refused_policy_points
from tests.crash.third_keys import third_key_points
from tests.crash.trunk import Strike, Trunk


class Played(Protocol):
    """A point that is no moment within one run."""

    @property
    def scenario(self) -> str: ...

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        """Brings it about and lets the days after it pass, under the ledger's eye."""


Point = Played | Strike
KINDS: dict[str, Callable[[str], Iterable[Point]]] = {
    "faults": fault_points,
    "overlaps": overlap_points,
    "people": person_points,
    "lags": lag_points,
    "late-lists": late_list_points,
    "late-uses": late_use_points,
    "late-reports": late_report_points,
    "third-keys": third_key_points,
    "policies": refused_policy_points,
    "pulls": pull_points,
    "pairs": pair_points,
}

SECONDS_OF_A_SAMPLE = 12  # of so many second faults one is tried


@dataclass(frozen=True)
class Tried:
    """A point, how many histories it took, and the promises that they broke."""

    point: Point
    histories: int
    violations: list[Violation]


def points_of(
    scenario: str, kinds: Sequence[str] = tuple(KINDS), every: int = 1
) -> dict[str, Sequence[Point]]:
    """All points of a scenario by kind, found by an undisturbed run of it. Of a sample, the first
    faults are paired with some of the second ones alone."""
    return {
        kind: pair_points(scenario, min(every, SECONDS_OF_A_SAMPLE))
        if kind == "pairs"
        else list(KINDS[kind](scenario))
        for kind in kinds
    }


def try_points(points: Sequence[Point]) -> list[Tried]:
    """Those of one scenario, which have one beginning, and know its states."""
    strikes = [point for point in points if isinstance(point, Strike)]
    others = [point for point in points if not isinstance(point, Strike)]
    return [*_try_strikes(strikes), *(_try(point) for point in others)]


def try_point(point: Point) -> Tried:
    [tried] = try_points([point])
    return tried


def _try(point: Played) -> Tried:
    account, ledger, payload = beginning(point.scenario)

    def play() -> tuple[Tried, list[State]]:
        ledger.known.begin()
        point.play(account, ledger, payload)
        return _judged(point, ledger)

    tried, found = in_a_branch(play)
    ledger.known.learn(found)
    return tried


def _try_strikes(points: Sequence[Strike]) -> list[Tried]:
    if not points:
        return []
    account, ledger, payload = beginning(points[0].scenario)

    def play() -> tuple[list[Tried], list[State]]:
        all_tried: list[Tried] = []

        def learn(judged: tuple[Tried, list[State]]) -> None:
            tried, found = judged
            all_tried.append(tried)
            ledger.known.learn(found)

        ledger.known.begin()
        trunk = Trunk(account, ledger, payload, points)
        trunk.play(lambda point: _judged(point, ledger), learn)
        return all_tried, ledger.known.found(is_clean=False)

    all_tried, found = in_a_branch(play)
    ledger.known.learn(found)
    return all_tried


def _judged(point: Point, ledger: Ledger) -> tuple[Tried, list[State]]:
    tried = Tried(point, ledger.histories, ledger.violations)
    return tried, ledger.known.found(is_clean=not ledger.violations)
