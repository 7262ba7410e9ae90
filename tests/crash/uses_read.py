"""The last uses of keys, as a run has read them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from moto.iam.models import iam_backends

from tests.aws.account import ACCOUNT_ID, Account
from tests.crash.iam_past import last_use_by

_READ = "iam:GetAccessKeyLastUsed"


class UsesRead:
    """What IAM has shown when a run asked last: what it shows later that run cannot know. IAM shows
    a use `late`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._shown: dict[str, Any] = {}
        self.late = timedelta(0)

    def after(self, call: str) -> None:
        if call == _READ:
            users = iam_backends[ACCOUNT_ID]["aws"].users.values()
            keys = [key for user in users for key in user.access_keys]
            self._shown = {key.access_key_id: self._shows(key) for key in keys}

    def forget(self) -> None:
        """That run is over, or another one begins."""
        self._shown.clear()

    def of(self, key: Any) -> Any:
        """The last use of moto's key, in moto's shape; what IAM shows now if no run has asked."""
        key_id = key.access_key_id
        return self._shown[key_id] if key_id in self._shown else self._shows(key)

    def _shows(self, key: Any) -> Any:
        return last_use_by(key, self._account.clock.now() - self.late)
