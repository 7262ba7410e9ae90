"""`make soak`: histories of people who tamper, one after another, each from a seed.

SOAK="--minutes 30 --seed 1" says for how long and from where; SOAK="--play FILE" plays one again.
SOAK="--sabotages" breaks the source, and looks whether that is noticed and shrunk.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import count, islice
from pathlib import Path

from tests.soak.plan import Plan, draw
from tests.soak.play import Played, play
from tests.soak.sabotages import SABOTAGES, is_noticed
from tests.soak.shrink import shrink

MANY = 10_000  # more processes than any computer has use for


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=None, help="of the first history")
    parser.add_argument("--histories", type=int, default=None, help="so many, however long")
    parser.add_argument("--violations", type=int, default=1, help="stop after so many")
    parser.add_argument("--play", type=Path, help="a history that was written to a file")
    parser.add_argument("--sabotages", action="store_true", help="what it must notice, instead")
    chosen = parser.parse_args()
    if chosen.sabotages:
        return sum(not is_noticed(sabotage) for sabotage in SABOTAGES)
    if chosen.play is not None:
        played = play(Plan.from_json(chosen.play.read_text()))
        return _tell(played)
    seed = time.time_ns() // 10**9 % 10**6 * 1000 if chosen.seed is None else chosen.seed
    return _soak(seed, chosen.minutes * 60, chosen.histories, chosen.violations)


def _soak(seed: int, seconds: float, histories: int | None, most: int) -> int:
    """Exit status 1 if there was a violation. So many histories at most, if a number is given."""
    began, done, acts, calls = time.monotonic(), 0, 0, 0
    found: Counter[str] = Counter()
    print(f"histories from seed {seed} on, for {seconds:.0f} s", flush=True)
    seeds, said = iter(range(seed, seed + histories) if histories else count(seed)), began
    processes = min(os.cpu_count() or 1, histories or MANY)
    with ProcessPoolExecutor(processes) as pool:
        running: dict[Future[Played], int] = {}
        while True:
            is_over = time.monotonic() - began > seconds or found.total() >= most
            for one in islice(seeds, 0 if is_over else 2 * processes - len(running)):
                running[pool.submit(_play_seed, one)] = one
            if not running:
                break
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                one = running.pop(future)
                if (error := future.exception()) is not None:
                    raise RuntimeError(
                        f"the harness failed in the history of seed {one}"
                    ) from error
                played = future.result()
                done, acts, calls = done + 1, acts + played.acts, calls + played.calls
                if played.violations:
                    found[played.violations[0].promise] += 1
                    print(f"\nseed {one}:", flush=True)
                    _tell(played)
                    _shrink(one, played)
            if time.monotonic() - said > 60:
                said = time.monotonic()
                print(f"  {done} histories, {said - began:.0f} s", flush=True)
    took = time.monotonic() - began
    print(
        f"{done} histories from seed {seed} on, {acts} acts, {calls} calls, "
        f"{found.total()} violations, {took:.0f} s"
    )
    for promise, times in found.items():
        print(f"  {times} x {promise}")
    return 1 if found else 0


def _play_seed(seed: int) -> Played:
    return play(draw(seed))


def _shrink(seed: int, played: Played) -> None:
    smallest, tries = shrink(play, draw(seed), played.violations[0].promise, played.last_day)
    file = Path("build/soak") / f"{seed}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(smallest.to_json())
    print(f"\nthe smallest after {tries} tries: {len(smallest.acts)} acts, {smallest}", flush=True)
    _tell(play(smallest))
    print(f'again: make soak SOAK="--play {file}"', flush=True)


def _tell(played: Played) -> int:
    for line in played.story:
        print(f"  {line}")
    for violation in played.violations:
        print(f"  VIOLATION {violation.promise}: {violation.what}", flush=True)
    return 1 if played.violations else 0


if __name__ == "__main__":
    sys.exit(main())
