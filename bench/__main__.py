"""`make bench`: this product, the plain loop, and any other handler, side by side.

Writes docs/performance.md and docs/performance.svg; exits with 1 if a number that must be reached
is not. `--handler module:function` adds a program (and then writes nothing), `--quick` measures
small accounts only and writes nothing, `--command-line` measures `key-rotation` only and writes
nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.defaults import default_parameters

from . import cold_start, command_line, fetching
from .cell import PLAIN_LOOP, PRODUCT, Cell, Result, parsed
from .claims import Measured, of_the_command_line
from .page import claims_table, command_table, main_table, operations_table, page
from .process import in_a_process, say

DOCS = Path(__file__).resolve().parent.parent / "docs"
USERS = (100, 1_000, 5_000)
MAX_WORKERS = 2
SOME = 56


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--handler", action="append", default=[], metavar="MODULE:FUNCTION")
    parser.add_argument("--quick", action="store_true", help="100 users only")
    parser.add_argument("--command-line", action="store_true", help="`key-rotation` only")
    asked = parser.parse_args()
    if asked.command_line:
        answered = command_line.measured()
        of_it = of_the_command_line(answered)
        print("\n".join(command_table(answered)), end="\n\n")
        print("\n".join(claims_table(of_it)))
        return 0 if all(claim.holds for claim in of_it) else 1
    names = {PRODUCT: "this product", PLAIN_LOOP: "plain loop"}
    names |= {handler: handler for handler in asked.handler}
    users = USERS[:1] if asked.quick else USERS
    grid = [
        Cell(handler, many, due, until_done=True)
        for many in users
        for due in (0, SOME, many)
        for handler in names
    ]
    if asked.quick:
        results = measured(grid)
        print("\n".join(main_table(names, [results[cell] for cell in grid])))
        return 0
    extra = [
        Cell(PRODUCT, 5_000, 0, managed=False),
        Cell(PRODUCT, 5_000, 0, is_monday=True),
        Cell(PRODUCT, 5_000, 0, own_readers=True),
        Cell(PRODUCT, 5_000, 5_000, throttle_every=100, until_done=True),
        Cell(PRODUCT, 1_000, 1_000, budget=100.0, until_done=True),
    ]
    results = measured([*grid, *extra])
    of = {(cell.handler, cell.users, cell.due): results[cell] for cell in grid}
    unmanaged, monday, with_options, throttled, rollout = (results[cell] for cell in extra)
    cold, fetched = cold_start.measure(), fetching.measure()
    claims = Measured(
        none_due=of[PRODUCT, 5_000, 0],
        unmanaged=unmanaged,
        monday=monday,
        with_options=with_options,
        some_due=of[PRODUCT, 5_000, SOME],
        all_due=of[PRODUCT, 5_000, 5_000],
        throttled=throttled,
        rollout=rollout,
        plain_some_due=of[PLAIN_LOOP, 5_000, SOME],
        cold=cold,
        fetched=fetched,
        answered=(answered := command_line.measured()),
    ).claims()
    typical = [of[handler, 5_000, SOME] for handler in names]
    print("\n".join(main_table(names, [results[cell] for cell in grid])), end="\n\n")
    print("\n".join(operations_table(names, typical)), end="\n\n")
    print(f"cold start: {cold.ratio:.1f} times a handler that makes one boto3 client\n")
    print(f"key-fetch process: {fetched.ratio:.2f} times aws secretsmanager get-secret-value\n")
    print("\n".join(claims_table(claims)))
    if not asked.handler:
        (DOCS / "performance.svg").write_text(_picture(names, of))
        (DOCS / "performance.md").write_text(
            page(
                names,
                [results[cell] for cell in grid],
                typical,
                of[PRODUCT, 5_000, 5_000],
                claims,
                cold,
                fetched,
                answered,
            )
        )
        print("\nwritten: docs/performance.md and docs/performance.svg")
    return 0 if all(claim.holds for claim in claims) else 1


def measured(cells: Sequence[Cell]) -> dict[Cell, Result]:
    """The results, each from a process of its own; the longest first, so that the end is short."""
    began = time.monotonic()
    parameters = json.dumps(default_parameters())

    def one(cell: Cell) -> Result:
        result = parsed(in_a_process("bench.cell", cell, parameters))
        say(
            f"{time.monotonic() - began:4.0f} s  {cell.handler} {cell.users:,} users, "
            f"{cell.due:,} due: {result.total:,} calls, {result.seconds:,.1f} s"
        )
        return result

    by_length = sorted(cells, key=lambda cell: cell.due * 12 + cell.users, reverse=True)
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        return dict(zip(by_length, pool.map(one, by_length), strict=True))


def _picture(names: dict[str, str], of: dict[tuple[str, int, int], Result]) -> str:
    # Not before the measurements: a process counts the memory of the one that it was forked from.
    from .chart import Curve, Panel, draw

    def curves(value: str) -> list[Curve]:
        return [
            Curve(name, [(many, getattr(of[handler, many, SOME], value)) for many in USERS])
            for handler, name in names.items()
        ]

    return draw(
        [
            Panel(f"Calls of a run, {SOME} keys due", "calls", curves("total")),
            Panel(f"Seconds of a run, {SOME} keys due", "s", curves("seconds")),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
