"""One kind of points of one scenario: `python -m tests.crash.slice KIND SCENARIO [PROMISE]`.

Prints how often each promise was broken, as JSON; with a promise it stops when that one was.
"""

from __future__ import annotations

import json
import sys
from collections import Counter

from tests.crash.branches import undisturbed_calls
from tests.crash.points import KINDS, Point, try_point
from tests.crash.runs import MUTATING
from tests.crash.trunk import Strike


def main() -> None:
    kind, scenario, *wanted = sys.argv[1:]
    broken: Counter[str] = Counter()
    for point in sorted(KINDS[kind](scenario), key=_is_at_a_read):
        broken.update(violation.promise.value for violation in try_point(point).violations)
        if any(promise in broken for promise in wanted):
            break
    json.dump(broken, sys.stdout)


def _is_at_a_read(point: Point) -> bool:
    """Last, since most sabotages show where something changes."""
    calls = undisturbed_calls(point.scenario)[point.at :] if isinstance(point, Strike) else ()
    return not calls[0].startswith(MUTATING) if calls else False


if __name__ == "__main__":
    main()
