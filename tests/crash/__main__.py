"""`make crash`: every point of every scenario (CRASH="--kind people" for a part of them)."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.crash.points import KINDS, Point, try_point
from tests.crash.scenarios import SCENARIOS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="", help="only those whose names hold this")
    parser.add_argument("--kind", choices=KINDS, help="only this kind of points")
    chosen = parser.parse_args()
    began = time.monotonic()
    names = [s.name for s in SCENARIOS if chosen.scenario in s.name]
    kinds = [chosen.kind] if chosen.kind else list(KINDS)
    broken: Counter[str] = Counter()
    tried = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for kind in kinds:
            points: list[Point] = []
            for some in pool.map(KINDS[kind], names):
                points += some
            results = pool.map(try_point, points, chunksize=4)
            for point, violations in zip(points, results, strict=True):
                for violation in violations:
                    broken[violation.promise] += 1
                    print(f"  {point}\n    {violation.promise}: {violation.what}", flush=True)
            tried += len(points)
            print(f"{kind}: {len(points)} points, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{tried} points, {sum(broken.values())} violations, {time.monotonic() - began:.0f} s")
    for promise, times in broken.items():
        print(f"  {times} x {promise}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
