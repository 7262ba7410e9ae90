"""One kind of points of one scenario: `python -m tests.crash.slice KIND SCENARIO [PROMISE]`.

Prints how often each promise was broken, as JSON; with a promise it stops when that one was.
"""

from __future__ import annotations

import json
import sys
from collections import Counter

from tests.crash.points import KINDS, try_point


def main() -> None:
    kind, scenario, *wanted = sys.argv[1:]
    broken: Counter[str] = Counter()
    for point in KINDS[kind](scenario):
        broken.update(violation.promise.value for violation in try_point(point).violations)
        if any(promise in broken for promise in wanted):
            break
    json.dump(broken, sys.stdout)


if __name__ == "__main__":
    main()
