"""The users of a benchmark: how many, and how many of them have a key that is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from key_rotation.aws import records
from key_rotation.aws.reading_policy import reading_policy
from key_rotation.domain.model import Intent, Stamp, UserRef, version_id
from tests.defaults import default_parameters

from . import user_options
from .account import ACCOUNT_ID, Account, Key, Secret, User

ROOT_ARN = f"arn:aws:iam::{ACCOUNT_ID}:root"
MARK = {"access-key-rotation": "enabled"}


@dataclass(frozen=True)
class Population:
    """`due` users have a key past its limit, the others one that is 5 to 75 days old.

    All are in the steady state: a secret with its policy and records, a password, nothing left to
    delete. `managed` is false for an account in which nobody carries the tag. With `own_readers`
    each user has a reader of their own.
    """

    users: int
    due: int
    managed: bool = True
    own_readers: bool = False

    def account(self, now: datetime) -> Account:
        account = Account()
        options: dict[str, dict[str, list[str]]] = {}
        for number, name in enumerate(self._names()):
            is_due = number < self.due
            age = timedelta(days=90 + number % 9 if is_due else 5 + number % 71, hours=number % 24)
            key = Key(f"AKIA{number:016d}", created=now - age)
            user = User(
                name,
                f"AIDA{number:017d}",
                created=now - timedelta(days=800),
                tags=dict(MARK) if self.managed else {"team": f"team-{number % 40}"},
                keys=[key],
            )
            account.users[name] = user
            if self.managed:
                readers = [f"arn:aws:iam::{ACCOUNT_ID}:role/of-{name}"] if self.own_readers else []
                options[name] = {"reader_arns": readers}
                secret = steady_secret(user, key, readers)
                account.secrets[secret.name] = secret
        if self.own_readers:
            account.user_options = user_options.chunks(options)
        return account

    def _names(self) -> Iterator[str]:
        # The due ones are spread over the alphabet, and so over the pages.
        step = 7919  # a prime that divides no number of users used here
        return (f"user-{number * step % 100_000:05d}" for number in range(self.users))


def steady_secret(user: User, key: Key, readers: Sequence[str] = ()) -> Secret:
    """The user's secret as a rotation, and then the warning, left it: the product's own records."""
    policy = reading_policy(ROOT_ARN, UserRef(user.name, user.id, user.arn), readers)
    at = key.created + timedelta(seconds=2)
    return Secret(
        name=f"iam-access-key/{user.name}",
        policy=policy,
        kms_key_id=default_parameters()["kms_key_arn"],
        versions={version_id(key.id): ["AWSCURRENT"]},
        tags={
            records.MANAGED_BY: "access-key-rotation",
            records.USER_ID: user.id,
            records.POLICY_FOR: f"{user.id} {sha256(policy.encode()).hexdigest()}",
            records.INTENT: records.write_intent(Intent(key.created, "earlier", frozenset())),
            records.ANNOUNCED: records.write_stamp(Stamp(key.id, at)),
            records.WARNED: records.write_stamp(Stamp(key.id, at + timedelta(days=83))),
        },
    )
