"""Sabotages of what decides who can read a key."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

OF_ACCESS = (
    Sabotage(
        "the predecessor's value stays in the secret",
        "aws/secrets.py",
        "        if not is_known and is_predecessors(",
        "        if False and is_predecessors(",
        Promise.PREDECESSOR,
        "faults",
        "a user created again",
    ),
    Sabotage(
        "a secret without a tag is taken for that of its name's user",
        "domain/left_behind.py",
        "    return is_left_behind(secret, user_id, access().grant)",
        "    return False",
        Promise.PREDECESSOR,
        "faults",
        "a user created again, due, the tag is gone",
    ),
    Sabotage(
        "a policy is put right whatever a predecessor left in the secret",
        "run/protection.py",
        "    if (emptied := _emptied(world, owner, state, grant)) is not None:",
        "    if (emptied := None) is not None:",
        Promise.PREDECESSOR,
        "faults",
        "a user created again, not due, the tag is gone",
    ),
    Sabotage(
        "a policy that somebody changed is not looked at before the old key goes",
        "run/retire.py",
        "    if unreadable and run.mend_secret(progress, action):",
        "    if False:",
        Promise.WORKING_KEY,
        "faults",
        "superseded, the policy was changed",
    ),
    Sabotage(
        "a leaked key goes whoever can read its successor",
        "run/retire.py",
        "    unmended = _mend_before_a_leak_ends(run, progress, action, stays) if at_once else None\n",
        "    unmended = None\n",
        Promise.WORKING_KEY,
        "faults",
        "leaked, and its successor cannot be fetched",
    ),
    Sabotage(
        "the policy is not read before a key is stored",
        "run/issue.py",
        "    run.mend_secret(progress, action)\n    _confirm",
        "    run.ensure_secret(progress)\n    _confirm",
        Promise.READ_FIRST,
        "people",
        "due, warned of",
    ),
    Sabotage(
        "a record of the policy stands in for the policy",
        "aws/secrets.py",
        "        answer = self._client().get_resource_policy(SecretId=_arn(state))\n        policy = ",
        "        if state.policy_for:\n            return Access(True, True)\n"
        "        answer = self._client().get_resource_policy(SecretId=_arn(state))\n        policy = ",
        Promise.READ_FIRST,
        "people",
        "due, somebody prepared the secret",
    ),
    Sabotage(
        "the KMS key is not compared",
        "domain/settings.py",
        "        return kms_key_id in (",
        "        return bool(self.kms_key_arn) or kms_key_id in (",
        Promise.READ_FIRST,
        "people",
        "due, somebody prepared the secret",
    ),
    Sabotage(
        "replicas are not looked at",
        "run/protection.py",
        "    return found.as_wanted and not is_elsewhere(settings, state)",
        "    return found.as_wanted and settings.is_own_key(state.kms_key_id)",
        Promise.READ_FIRST,
        "people",
        "due, warned of",
    ),
    Sabotage(
        "a change of readers waits for the next warning",
        "run/weekly.py",
        "    return recent or is_weekly(now)",
        "    return recent and False",
        Promise.READERS,
        "faults",
        "settled, a reader removed",
    ),
)
