"""The state of a history, as a text: two histories in the same state go on in the same way.

It holds all that the runs and the ledger go by: users with keys and tags, secrets, settings,
subscriptions, what the ledger knows and has found broken, and the time. The ids of keys and the
names that AWS draws by lot decide nothing, so each is named by its place. Times are cut to the
minute: the retries of a call wait for some seconds, by lot as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Any

from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.ssm.models import ssm_backends

from tests.aws.account import ACCOUNT_ID, REGION, Account
from tests.crash.ledger import Ledger

_SECONDS = re.compile(r"(\d\d:\d\d):\d\d(?:\.\d+)?")
_PLAIN = (str, bytes, bool, type(None), Enum)
_FIRST_TIME = 1_000_000_000  # no other number is as large as a time in seconds
# Of the logging module; what others hold already; what was said and has been read; and what the
# harness knows beside the history.
_NOT_STATE = frozenset(
    (
        *("lock", "formatter", "filters", "backend", "account_id", "partition"),
        *("topic", "_private_key", "sent_notifications", "published", "reasons"),
        *("known", "histories"),
    )
)


def state_of(account: Account, ledger: Ledger) -> str:
    """A digest of the state: equal ones have the same future."""
    iam, sns = iam_backends[ACCOUNT_ID]["aws"], sns_backends[ACCOUNT_ID][REGION]
    secrets: Any = secretsmanager_backends[ACCOUNT_ID][REGION].secrets
    drawn = {}
    for place, (key_id, secret) in enumerate(ledger.secrets_ever.items()):
        drawn[secret] = f"<secret {place}>"
        drawn[sha256(key_id.encode()).hexdigest()] = f"<version {place}>"
        drawn[key_id] = f"<key {place}>"
    for name, secret in sorted(secrets.items()):
        drawn[secret.arn] = f"<ARN of {name}>"
    parts = {
        "now": account.clock.now(),
        "clock": (account.clock.left, account.clock.ends, account.rule_token),
        "users": iam.users,
        "tags": iam.tagger.tags,
        "roles": iam.roles,
        "secrets": dict(secrets.items()),
        "settings": dict(ssm_backends[ACCOUNT_ID][REGION]._parameters),
        "schedule": events_backends[ACCOUNT_ID][REGION].event_buses["default"].rules,
        "subscriptions": sns.subscriptions,
        "ledger": ledger,
    }
    text = _Text(drawn).of(parts)
    return sha256(text.encode()).hexdigest()


class _Text:
    """Of values, with what was `drawn` by lot under other names."""

    def __init__(self, drawn: Mapping[str, str]) -> None:
        self._drawn = drawn
        self._pattern = re.compile("|".join(map(re.escape, drawn)) or "(?!)")
        self._inside: set[int] = set()

    def of(self, value: Any) -> str:
        found = self._pattern.sub(lambda match: self._drawn[match[0]], self._shown(value))
        return _SECONDS.sub(r"\1", found)

    def _shown(self, value: Any) -> str:
        if isinstance(value, _PLAIN):
            return repr(value)
        if isinstance(value, int | float):
            return str(int(value) // 60 if value > _FIRST_TIME else value)
        if isinstance(value, datetime | timedelta):
            return str(value)
        if id(value) in self._inside or isinstance(value, Account) or callable(value):
            return "-"
        self._inside.add(id(value))
        shown = self._parts(value)
        self._inside.discard(id(value))
        return shown

    def _parts(self, value: Any) -> str:
        if isinstance(value, Mapping):
            pairs = [f"{self._shown(k)}: {self._shown(v)}" for k, v in value.items()]
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, set | frozenset):
            return f"{{{', '.join(sorted(map(self.of, value)))}}}"
        if isinstance(value, Iterable):
            return f"[{', '.join(map(self._shown, value))}]"
        fields = [f"{k}={self._shown(v)}" for k, v in vars(value).items() if k not in _NOT_STATE]
        return f"{type(value).__name__}({', '.join(fields)})"
