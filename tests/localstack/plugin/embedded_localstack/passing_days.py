"""Days pass for one user: all that is dated of their keys and their secret becomes older."""

# mypy: disable-error-code="import-not-found"
import re
from datetime import datetime, timedelta
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def let_pass(user_name: str, secret_name: str, days: float) -> None:
    """The keys, their last uses, the last read of the secret, and the times in its tags.

    Raises KeyError if there is no such user; a secret need not be there.
    """
    from moto.iam.models import AccessKeyLastUsed, iam_backends
    from moto.secretsmanager.models import secretsmanager_backends

    passed = timedelta(days=days)
    accounts = [a["aws"] for a in list(iam_backends.values()) if user_name in a["aws"].users]
    if not accounts:
        raise KeyError(f"no user {user_name}")
    for account in accounts:
        for key in account.users[user_name].access_keys:
            key.create_date -= passed
            if (used := key.last_used) is not None:
                then = used.timestamp - passed
                key.last_used = AccessKeyLastUsed(then, used.service, used.region)
    for regions in list(secretsmanager_backends.values()):
        for backend in list(regions.values()):
            for secret in [s for s in backend.secrets.values() if s.name == secret_name]:
                _age(secret, passed)


def _age(secret: Any, passed: timedelta) -> None:
    if secret.last_accessed_date:
        secret.last_accessed_date -= int(passed.total_seconds())
    for tag in secret.tags or []:
        tag["Value"] = _TIME.sub(lambda found: _earlier(found[0], passed), tag["Value"])


def _earlier(time: str, passed: timedelta) -> str:
    return (datetime.strptime(time, _FORMAT) - passed).strftime(_FORMAT)
