"""Sabotages that the drawn histories must notice, and shrink to a handful of acts."""

from __future__ import annotations

import re
import time

from tests.crash.sabotage import Sabotage, run_sabotaged
from tests.crash.sabotages import ALL

_NAMES = (
    "the old key is disabled before its owner is notified",
    "an inactive key is deleted at once",
    "a key is disabled without a line in the log",
    "the predecessor's value stays in the secret",  # of a user whom somebody deletes, and creates
)
SABOTAGES = tuple(sabotage for sabotage in ALL if sabotage.name in _NAMES)
_MOST_ACTS = 4
_MINUTES = 3


def is_noticed(sabotage: Sabotage) -> bool:
    """Whether the soak, on a copy of the package that is broken like this, finds a history that
    breaks the promise, and shrinks it to a few acts. Prints what it took."""
    began = time.monotonic()
    run = run_sabotaged(sabotage, "tests.soak", "--seed", "1", "--minutes", str(_MINUTES))
    acts = [int(number) for number in re.findall(r"the smallest after .*: (\d+) acts", run.stdout)]
    is_promise = f"VIOLATION {sabotage.promise}" in run.stdout
    noticed = run.returncode == 1 and is_promise and bool(acts) and acts[0] <= _MOST_ACTS
    verdict = f"broke {sabotage.promise}, with {acts[0]} acts" if noticed else "WAS NOT NOTICED"
    print(f"  {sabotage.name}\n    {verdict}, {time.monotonic() - began:.0f} s", flush=True)
    if not noticed:
        print(f"{run.stdout[-2000:]}{run.stderr[-2000:]}", flush=True)
    return noticed
