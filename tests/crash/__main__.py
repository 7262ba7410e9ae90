"""`make crash`: every point of every scenario, and then the sabotages that must be noticed.

CRASH="--kind people --scenario emergency" tries a part, CRASH="--every 50" a sample.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from functools import partial
from itertools import chain

from tests.crash.branches import count_no_references
from tests.crash.pairs import PairsPoint
from tests.crash.points import KINDS, Point, points_of, try_points
from tests.crash.sabotage import try_sabotage
from tests.crash.sabotages import ALL
from tests.crash.scenarios import SCENARIOS

PROGRESS_EVERY = 30.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--scenario", default="", help="only those whose names hold this")
    parser.add_argument("--kind", choices=KINDS, help="only this kind of points")
    parser.add_argument("--every", type=int, default=1, help="only each so-manyth point")
    parser.add_argument(
        "--every-scenario", type=int, default=1, help="only in each so-manyth scenario"
    )
    parser.add_argument(
        "--sabotages",
        type=int,
        default=None,
        help="only so many of the sabotages (all, or none when only a part of the points is tried)",
    )
    chosen = parser.parse_args()
    is_sample = chosen.every > 1 or chosen.every_scenario > 1
    is_part = bool(chosen.scenario or chosen.kind or is_sample)
    sabotages = chosen.sabotages if chosen.sabotages is not None else 0 if is_part else None
    named = [s.name for s in SCENARIOS if chosen.scenario in s.name]
    names = named[:: chosen.every_scenario]
    kinds = [chosen.kind] if chosen.kind else list(KINDS)
    broken = _try_points(kinds, names, chosen.every)
    unnoticed = _try_sabotages(sabotages)
    return 1 if broken or unnoticed else 0


def _try_points(kinds: Sequence[str], names: Sequence[str], every: int) -> int:
    """The number of violations, each printed."""
    began = said = time.monotonic()
    broken: Counter[str] = Counter()
    histories: Counter[str] = Counter()
    with ProcessPoolExecutor(os.cpu_count(), initializer=count_no_references) as pool:
        found = list(pool.map(partial(points_of, kinds=kinds, every=every), names))
        points = {
            kind: list(chain.from_iterable(of_scenario[kind] for of_scenario in found))[::every]
            for kind in kinds
        }
        counts = ", ".join(f"{len(some)} {kind}" for kind, some in points.items())
        total, tried = sum(map(len, points.values())), 0
        print(f"{total} points: {counts}", flush=True)
        begun = [pool.submit(try_points, some) for some in _by_scenario(points.values())]
        for results in as_completed(begun):
            for result in results.result():
                histories[type(result.point).__name__] += result.histories
                for violation in result.violations:
                    broken[violation.promise] += 1
                    where = f"{result.point}\n    {violation.promise}: {violation.what}"
                    print(f"  {where}", flush=True)
            tried += len(results.result())
            if time.monotonic() - said > PROGRESS_EVERY:
                said = time.monotonic()
                print(f"  {tried} of {total}, {said - began:.0f} s", flush=True)
    took = time.monotonic() - began
    pairs = histories.pop(PairsPoint.__name__, 0)
    print(f"{tried} points, {histories.total()} histories and {pairs} pairs of faults")
    print(f"{broken.total()} violations, {took:.0f} s")
    for promise, times in broken.items():
        print(f"  {times} x {promise}")
    return broken.total()


def _by_scenario(points: Iterable[Sequence[Point]]) -> list[list[Point]]:
    """Those of one scenario together, of all kinds: it is set up once, and its states are known.
    The largest come first, so that no process waits long for the others at the end."""
    by_scenario: dict[str, list[Point]] = {}
    for point in chain.from_iterable(points):
        by_scenario.setdefault(point.scenario, []).append(point)
    return sorted(by_scenario.values(), key=len, reverse=True)


def _try_sabotages(most: int | None) -> int:
    """The number of sabotages that the harness did not notice."""
    chosen = ALL[:most]
    if not chosen:
        return 0
    began = time.monotonic()
    unnoticed = 0
    print(f"{len(chosen)} sabotages of the source, and the promise that each one broke:")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(try_sabotage, chosen):
            unnoticed += not result.is_caught
            verdict = f"broke {result.wanted}" if result.is_caught else "WAS NOT NOTICED"
            print(f"  {result.sabotage}\n    {verdict}", flush=True)
    took = time.monotonic() - began
    print(f"{len(chosen)} sabotages, {unnoticed} not noticed, {took:.0f} s")
    return unnoticed


if __name__ == "__main__":
    sys.exit(main())
