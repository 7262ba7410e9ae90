"""Sabotages of reads that fail: they count as an answer."""

from __future__ import annotations

from tests.crash.promises import Promise
from tests.crash.sabotage import Sabotage

OF_READS = (
    Sabotage(
        "a last use that cannot be read counts as never used",
        "aws/directory.py",
        '        found = self._iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]\n',
        "        try:\n"
        '            found = self._iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]\n'
        "        except ClientError:\n"
        "            return None\n",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "superseded, still in use",
    ),
    Sabotage(
        "a password that cannot be read counts as there",
        "aws/directory.py",
        '            if code(error) == "NoSuchEntity":\n                return False\n            raise\n        return True\n\n    def missing',
        "            return True\n        return True\n\n    def missing",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "due, a service user",
    ),
    Sabotage(
        "a secret that cannot be described counts as absent",
        "aws/secrets.py",
        '            if code(error) == "ResourceNotFoundException":\n                return SecretState(name)\n            raise',
        "            code(error)\n            return SecretState(name)",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "two active, one idle",
    ),
    Sabotage(
        "what waits for the digest is done for a secret that could not be looked at",
        "run/run.py",
        "        if runs:\n            self._users.withhold(runs, check.unconfirmed)\n",
        "",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "due, only operators subscribe",
    ),
    Sabotage(
        "an unread credential report counts as nobody",
        "domain/coverage.py",
        '        return Coverage(unknown="the credential report could not be read")',
        "        return Coverage()",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "due again, one by one",
    ),
)
