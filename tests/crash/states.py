"""The state of a history: two histories in the same state go on in the same way.

It holds all that the runs and the ledger go by: users with keys and tags, secrets, settings,
subscriptions, what the ledger knows and has found broken, and the time. The ids of keys and the
names that AWS draws by lot decide nothing, so each is named by its place in the text. Of a key that
is gone, and that no secret holds, the ledger's facts decide nothing any more.

Times are cut to the minute: the retries of a call wait for some seconds, by lot as well. Of the
minutes within ten of each other only the order is kept. Lambda tries again after one and two of
them, so the runs of the days after come by as much later, and what they go by is days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import sha256
from itertools import count
from typing import Any

from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.ssm.models import ssm_backends

from key_fetch.key import Key
from tests.aws.account import ACCOUNT_ID, REGION, Account
from tests.crash.known import State
from tests.crash.ledger import Ledger

_SECONDS = re.compile(r"(\d\d:\d\d):\d\d(?:\.\d+)?")
_MINUTES = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d)(\d)")
# What AWS draws by lot looks like: names of secrets, ids of keys, our ids of versions, and keys.
_DRAWN = re.compile(
    r"arn:aws:secretsmanager:[\w:/+=.@-]*\w|AKIA[A-Z0-9]{16}|[0-9a-f]{64}|[A-Za-z0-9/+]{40}"
)
_PLAIN = (str, bytes, bool, type(None), Enum)
_FIRST_TIME = 1_000_000_000  # no other number is as large as a time in seconds
# Of the logging module; what others hold already; what was said and has been read; what the harness
# knows beside the history, and what nobody reads; and of a pull that is over, where it was.
_NOT_STATE = frozenset(
    (
        *("lock", "formatter", "filters", "backend", "account_id", "partition"),
        *("topic", "_private_key", "sent_notifications", "published", "reasons"),
        *("known", "histories", "secrets", "last_changed_date"),
        *("steps", "counts", "_file", "_now", "_death", "_pipe"),
    )
)
# Each lets something pass, and does nothing else: see `Ledger`.
_EXCUSES = frozenset(("tolerant", "_notified_again", "disabled", "_disabled"))
# By the id of a key, and held against a limit at the very end.
_PENDING = frozenset(("_reminders",))


def state_of(account: Account, ledger: Ledger, repeats: int = 0, *besides: object) -> State:
    """With `besides`, what only the harness knows: equal ones have the same future."""
    iam, sns = iam_backends[ACCOUNT_ID]["aws"], sns_backends[ACCOUNT_ID][REGION]
    secrets: Any = secretsmanager_backends[ACCOUNT_ID][REGION].secrets
    parameters = ssm_backends[ACCOUNT_ID][REGION]._parameters
    parts = {
        "now": f"{account.clock.now():%Y-%m-%d %H}:{account.clock.now().minute // 10}",
        "clock": (account.clock.left, account.clock.ends, account.rule_token),
        "users": iam.users,
        "tags": iam.tagger.tags,
        "roles": iam.roles,
        "secrets": dict(secrets.items()),
        "settings": {path: versions[-1].value for path, versions in parameters.items()},
        "schedule": events_backends[ACCOUNT_ID][REGION].event_buses["default"].rules,
        "subscriptions": sns.subscriptions,
        "ledger": ledger,
        "besides": besides,
    }
    text = _Text(ledger, {secret.arn: name for name, secret in sorted(secrets.items())})
    digest = sha256(in_order(text.of(parts)).encode()).hexdigest()
    return State(digest, frozenset(map(text.named, text.excuses)), repeats)


def in_order(text: str) -> str:
    """With the minutes of each ten of them numbered."""
    minutes: dict[tuple[str, str], set[str]] = {}
    for day, ten, minute in _MINUTES.findall(text):
        minutes.setdefault((day, ten), set()).add(minute)
    numbers = {tens: sorted(each) for tens, each in minutes.items()}
    return _MINUTES.sub(
        lambda found: f"{found[1]} {found[2]} {numbers[found[1], found[2]].index(found[3])}", text
    )


def _are_tags(value: Iterable[Any]) -> bool:
    """Their order decides nothing."""
    return all(isinstance(each, Mapping) and "Key" in each for each in value)


class _Text:
    """Of values, with what AWS drew by lot under other names."""

    def __init__(self, ledger: Ledger, arns: Mapping[str, str]) -> None:
        self._names = {arn: f"<ARN of {name}>" for arn, name in arns.items()}
        self._places: dict[str, tuple[str, int]] = {}
        for place, (key_id, secret) in enumerate(ledger.secrets_ever.items()):
            self._places[secret] = ("secret", place)
            self._places[sha256(key_id.encode()).hexdigest()] = ("version", place)
            self._places[key_id] = ("key", place)
        self._numbers: dict[int, int] = {}
        self._next = count()
        self._gone = ledger.secrets_ever.keys() - ledger.present()
        self._inside: set[int] = set()
        self.excuses: set[str] = set()

    def of(self, value: Any) -> str:
        return self.named(self._shown(value))

    def named(self, text: str) -> str:
        """With every name by lot replaced, and times cut."""
        return _SECONDS.sub(r"\1", _DRAWN.sub(lambda match: self._name(match[0]), text))

    def _name(self, drawn: str) -> str:
        """A key, its secret and its version have the number of its first appearance."""
        if drawn not in self._places:
            return self._names.get(drawn, drawn)
        kind, place = self._places[drawn]
        if place not in self._numbers:
            self._numbers[place] = next(self._next)
        return f"<{kind} {self._numbers[place]}>"

    def _by_age(self, text: str) -> str:
        """To sort by: the names by lot give no order."""
        return _DRAWN.sub(
            lambda match: str(self._places.get(match[0]) or self._name(match[0])), text
        )

    def _shown(self, value: Any) -> str:
        if isinstance(value, _PLAIN):
            return repr(value)
        if isinstance(value, int | float):
            is_time = value > _FIRST_TIME
            return str(datetime.fromtimestamp(value, UTC) if is_time else value)
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
            return self._of_items(value.items(), self._gone)
        if isinstance(value, set | frozenset):
            present = value - self._gone
            return f"{{{', '.join(sorted(map(self._shown, present), key=self._by_age))}}}"
        if isinstance(value, Key):
            return f"{value.id}: {value.secret}"
        if isinstance(value, Iterable):
            shown = list(map(self._shown, value))
            return f"[{', '.join(sorted(shown) if _are_tags(value) else shown)}]"
        fields = vars(value).items()
        shown = [f"{k}={self._field(k, v)}" for k, v in fields if k not in _NOT_STATE]
        return f"{type(value).__name__}({', '.join(shown)})"

    def _field(self, name: str, value: Any) -> str:
        if name in _PENDING:
            return self._of_items(value.items(), frozenset())
        if name not in _EXCUSES:
            return self._shown(value)
        excused = value - self._gone if isinstance(value, set) else [name] if value else []
        self.excuses |= {f"{name} {each}" for each in excused}
        return "-"

    def _of_items(self, items: Iterable[tuple[Any, Any]], gone: Set[str]) -> str:
        pairs = [
            f"{self._shown(k)}: {self._shown(v)}"
            for k, v in items
            if not (isinstance(k, str) and k in gone)
        ]
        return f"{{{', '.join(pairs)}}}"
