"""`make crash`: every point of every scenario, and the proof that the harness can fail."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.crash.points import points_of, try_point
from tests.crash.scenarios import SCENARIOS


def main() -> int:
    began = time.monotonic()
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        chosen = [s.name for s in SCENARIOS if only in s.name]
        points = [point for some in pool.map(points_of, chosen) for point in some]
        print(f"{len(points)} points", flush=True)
        broken: Counter[str] = Counter()
        for number, (point, violations) in enumerate(
            zip(points, pool.map(try_point, points, chunksize=4), strict=True), 1
        ):
            for violation in violations:
                broken[violation.promise] += 1
                print(f"  {point}\n    {violation.promise}: {violation.what}", flush=True)
            if number % 200 == 0:
                print(f"{number} tried, {time.monotonic() - began:.0f} s", flush=True)
    print(
        f"{len(points)} points, {sum(broken.values())} violations, {time.monotonic() - began:.0f} s"
    )
    for promise, times in broken.items():
        print(f"  {times} x {promise}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
