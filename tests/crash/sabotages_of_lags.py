"""Sabotages of what bears with IAM as it is: more keys than it should show, answers that lag."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

OF_LAGS = (
    Sabotage(
        "a key counts as lost although the one that was asked for is in the secret",
        "domain/orphans.py",
        "    if any(_fits(intent, other) and situation.secret.holds(other) for other in "
        "situation.keys):\n"
        "        return False  # the same of any other: a run asks for one key under an intent\n",
        "",
        Promise.PERSONS_KEY,
        "third-keys",
        "due again",
    ),
)
