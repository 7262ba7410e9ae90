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
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from itertools import batched, chain, groupby

from tests.crash.points import KINDS, Point, points_of, try_points
from tests.crash.sabotage import try_sabotage
from tests.crash.sabotages import ALL
from tests.crash.scenarios import SCENARIOS

PROGRESS_EVERY = 30.0  # seconds
FIRSTS_OF_A_SAMPLE = 60  # of so many first faults one is paired, at most
AT_ONCE = 20  # points that a process tries of one scenario, before it looks for the next


def main() -> int:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--scenario", default="", help="only those whose names hold this")
    parser.add_argument("--kind", choices=KINDS, help="only this kind of points")
    parser.add_argument("--every", type=int, default=1, help="only each so-manyth point")
    parser.add_argument(
        "--sabotages",
        type=int,
        default=None,
        help="only so many of the sabotages (all, or none when only a part of the points is tried)",
    )
    chosen = parser.parse_args()
    is_part = bool(chosen.scenario or chosen.kind or chosen.every > 1)
    sabotages = chosen.sabotages if chosen.sabotages is not None else 0 if is_part else None
    names = [s.name for s in SCENARIOS if chosen.scenario in s.name]
    kinds = [chosen.kind] if chosen.kind else list(KINDS)
    broken = _try_points(kinds, names, chosen.every)
    unnoticed = _try_sabotages(sabotages)
    return 1 if broken or unnoticed else 0


def _try_points(kinds: Sequence[str], names: Sequence[str], every: int) -> int:
    """The number of violations, each printed."""
    began = said = time.monotonic()
    broken: Counter[str] = Counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(partial(points_of, kinds=kinds), names, _every_first(names, every)))
        points = {
            kind: list(chain.from_iterable(of_scenario[kind] for of_scenario in found))[
                :: 1 if kind == "pairs" else every
            ]
            for kind in kinds
        }
        counts = ", ".join(f"{len(some)} {kind}" for kind, some in points.items())
        total, tried = sum(map(len, points.values())), 0
        print(f"{total} points: {counts}", flush=True)
        for results in pool.map(try_points, _in_batches(points.values())):
            for point, violations in results:
                for violation in violations:
                    broken[violation.promise] += 1
                    print(f"  {point}\n    {violation.promise}: {violation.what}", flush=True)
            tried += len(results)
            if time.monotonic() - said > PROGRESS_EVERY:
                said = time.monotonic()
                print(f"  {tried} of {total}, {said - began:.0f} s", flush=True)
    print(f"{tried} points, {broken.total()} violations, {time.monotonic() - began:.0f} s")
    for promise, times in broken.items():
        print(f"  {times} x {promise}")
    return broken.total()


def _every_first(names: Sequence[str], every: int) -> list[int]:
    """Of so many first faults one has its pairs looked for, by scenario; 0: of none. To look for
    them takes some seconds each, so a sample looks into each so-manyth scenario alone."""
    return [0 if place % every else min(every, FIRSTS_OF_A_SAMPLE) for place in range(len(names))]


def _in_batches(points: Iterable[Sequence[Point]]) -> list[tuple[Point, ...]]:
    """Scenario by scenario, of all kinds: so that each is set up a few times only."""
    by_scenario = sorted(chain.from_iterable(points), key=lambda point: point.scenario)
    return [
        batch
        for _, some in groupby(by_scenario, key=lambda point: point.scenario)
        for batch in batched(some, AT_ONCE)
    ]


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
