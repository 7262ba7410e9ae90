"""IAM as it was: answers from an earlier state of the account, and uses that are not shown yet.

moto is put back for the time of one answer, so every read shows the past in AWS's own shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends

from tests.aws.account import ACCOUNT_ID

LISTS = (
    *("iam:ListAccessKeys", "iam:ListUsers", "iam:ListUserTags"),
    "iam:GetAccountAuthorizationDetails",
)


@dataclass(frozen=True)
class KeyThen:
    key: Any
    status: str
    last_used: Any


@dataclass(frozen=True)
class UserThen:
    user: Any
    path: str
    keys: tuple[KeyThen, ...]
    tags: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Iam:
    """The users of the account, with their keys and tags, at one moment."""

    users: tuple[UserThen, ...]

    @staticmethod
    def now() -> Iam:
        backend = _backend()
        return Iam(
            tuple(
                UserThen(
                    user,
                    user.path,
                    tuple(KeyThen(key, key.status, key.last_used) for key in user.access_keys),
                    tuple(backend.tagger.tags.get(user.arn, {}).items()),
                )
                for user in backend.users.values()
            )
        )

    @contextmanager
    def shown(self) -> Iterator[None]:
        """moto answers as if it were then; afterwards it is as it was."""
        present = Iam.now()
        self._restore()
        try:
            yield
        finally:
            present._restore()

    def _restore(self) -> None:
        backend = _backend()
        for user in backend.users.values():
            backend.tagger.tags.pop(user.arn, None)
        backend.users.clear()
        for then in self.users:
            user = then.user
            user.path = then.path
            backend.users[user.name] = user
            if then.tags:
                backend.tagger.tags[user.arn] = dict(then.tags)
            user.access_keys[:] = [known.key for known in then.keys]
            for known in then.keys:
                known.key.status, known.key.last_used = known.status, known.last_used


@contextmanager
def uses_until(moment: datetime) -> Iterator[None]:
    """moto shows no use of a key later than that."""
    keys = [key for user in _backend().users.values() for key in user.access_keys]
    present = [key.last_used for key in keys]
    for key in keys:
        key.last_used = last_use_by(key, moment)
    try:
        yield
    finally:
        for key, use in zip(keys, present, strict=True):
            key.last_used = use


def last_use_by(key: Any, moment: datetime) -> Any:
    """The last use of moto's key up to that moment, in moto's shape; None if there was none."""
    use = key.last_used
    while use is not None and use.timestamp.replace(tzinfo=UTC) > moment:
        use = vars(use).get("before")
    return use


def _backend() -> Any:
    return iam_backends[ACCOUNT_ID]["aws"]
