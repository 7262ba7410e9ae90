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
    Sabotage(
        "a first key is made whatever the second list shows",
        "run/issue.py",
        "    if progress.user.keys:\n        _withdraw_own_intent(run, progress)\n"
        '        raise ConcurrentChangeError("another run, or a person, has just made a key")\n',
        "",
        Promise.FIRST_KEY,
        "late-lists",
        "first key",
    ),
    Sabotage(
        "a use that is shown hours late keeps no key from its deletion",
        "run/retire.py",
        "    if used is None or since is None or used.time <= since.time:\n",
        "    if used is None or since is None or (run.now() - used.time).total_seconds() > 3600:\n",
        Promise.NOT_DELETED_EARLY,
        "late-uses",
        "to be deleted, used in between",
    ),
    Sabotage(
        "what the credential report shows of a use is all that is asked",
        "domain/situation.py",
        "        use = self.last_use(key)\n        return use.time if use else None\n",
        "        return self.user.reported_use\n",
        Promise.UNUSED,
        "late-reports",
        "unused, to be warned",
    ),
    Sabotage(
        "there is no day on which every user is looked at",
        "domain/prefilter.py",
        "    return now.day == FULL_LOOK_DAY or not is_settled(user, row, settings, now)\n",
        "    return not is_settled(user, row, settings, now)\n",
        Promise.REPORTED,
        "third-keys",
        "due again",
    ),
)
