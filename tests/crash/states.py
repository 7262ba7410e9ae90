"""The state of a history, as a text: two histories in the same state go on in the same way.

It holds all that the runs and the ledger go by: users with keys, secrets, settings, subscriptions,
what was published, what the ledger knows and has found broken, and the time. The ids of keys are
drawn by lot and decide nothing, so each is named by its place. Times are cut to the minute: the
retries of a call wait for some seconds, by lot as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Any

from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.ssm.models import ssm_backends

from tests.aws.account import ACCOUNT_ID, REGION, Account
from tests.crash.ledger import Ledger

_SECONDS = re.compile(r"(\d\d:\d\d):\d\d(?:\.\d+)?")
_PLAIN = (str, bytes, int, bool, type(None), Enum)
# Of the logging module, and what others hold already.
_NOT_STATE = ("lock", "formatter", "filters", "backend", "account_id", "partition")


def state_of(account: Account, ledger: Ledger) -> str:
    """A digest of the state: equal ones have the same future."""
    iam, sns = iam_backends[ACCOUNT_ID]["aws"], sns_backends[ACCOUNT_ID][REGION]
    topic = sns.topics[account.topic_arn]
    parts = {
        "now": account.clock.now(),
        "users": iam.users,
        "roles": iam.roles,
        "secrets": dict(secretsmanager_backends[ACCOUNT_ID][REGION].secrets.items()),
        "settings": dict(ssm_backends[ACCOUNT_ID][REGION]._parameters),
        "subscriptions": sorted(sns.subscriptions),
        "published": [body for _id, body, *_ in topic.sent_notifications],
        "ledger": vars(ledger),
    }
    text = _SECONDS.sub(r"\1", _shown(parts, ()))
    for place, (key_id, secret) in enumerate(ledger.secrets_ever.items()):
        version = sha256(key_id.encode()).hexdigest()
        for drawn, kind in ((secret, "secret"), (version, "version"), (key_id, "key")):
            text = text.replace(drawn, f"<{kind} {place}>")
    return sha256(text.encode()).hexdigest()


def _shown(value: Any, inside: tuple[int, ...]) -> str:
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, float):
        return str(int(value) // 60)
    if isinstance(value, datetime | timedelta):
        return str(value)
    if id(value) in inside or isinstance(value, Account) or callable(value):
        return "-"
    inside = (*inside, id(value))
    if isinstance(value, Mapping):
        pairs = [f"{_shown(k, inside)}: {_shown(v, inside)}" for k, v in value.items()]
        return f"{{{', '.join(sorted(pairs))}}}"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(_shown(one, inside) for one in value))}}}"
    if isinstance(value, Iterable):
        return f"[{', '.join(_shown(one, inside) for one in value)}]"
    fields = {k: v for k, v in vars(value).items() if k not in _NOT_STATE}
    return f"{type(value).__name__}{_shown(fields, inside)}"
