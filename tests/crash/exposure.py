"""Who could read the secrets, held against what the documents say and not against the product."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from moto.iam.models import iam_backends

from tests.aws.account import ACCOUNT_ID, Account
from tests.crash.settings_read import AsRead, options, parameter

FindSecret = Callable[[str], Any]
_LOOKS = {"secretsmanager:GetResourcePolicy": "policy", "secretsmanager:DescribeSecret": "rest"}


class Exposures:
    """Looks at each store. What a person changes after the run has looked cannot be known: a
    `GetResourcePolicy` sees the policy, a `DescribeSecret` the KMS key and the replicas. The ARN of
    a user is read once; whatever it is, the policy spares nobody but the user with that id."""

    def __init__(self, account: Account, names: Sequence[str], secret: FindSecret) -> None:
        self._account = account
        self._names = names
        self._unseen: set[str] = set()
        self._stored = {current_key(secret(name)) for name in names} | {None}
        self._arns: dict[str, set[str]] = {}
        self._read = AsRead(self._readers)
        self._readers_ever = self._all_readers()
        for name in names:
            self._readers_ever |= _denied_but(secret(name))

    def _readers(self) -> dict[str, list[str]]:
        return {name: readers(name) for name in self._names}

    def _all_readers(self) -> set[str]:
        return {reader for named in self._readers().values() for reader in named}

    def begin_run(self) -> None:
        """Whatever somebody did before it, the run can see."""
        self._unseen.clear()
        self._arns.clear()
        self._note_arns()

    def _note_arns(self) -> None:
        users = iam_backends[ACCOUNT_ID]["aws"].users
        for name in self._names:
            if name in users:
                self._arns.setdefault(name, set()).add(users[name].arn)

    @property
    def may_have_changed(self) -> bool:
        """A person acted, and no look has seen it yet."""
        return bool(self._unseen)

    def after(self, call: str, secret: FindSecret) -> Iterator[tuple[str, str | None, str]]:
        """User, key and problem of each key that this call stored where others could read it."""
        self._readers_ever |= self._all_readers()
        if call == "person":
            self._unseen = set(_LOOKS.values())
            self._note_arns()
        self._read.after(call)
        self._unseen.discard(_LOOKS.get(call, ""))
        if call != "secretsmanager:PutSecretValue":
            return
        for name in self._names:
            current = current_key(secret(name))
            if current not in self._stored:
                found = [
                    self._problems(name, secret(name), named[name]) for named in self._read.values
                ]
                for part, problem in min((list(problems) for problems in found), key=len):
                    if part not in self._unseen:
                        yield name, current, problem
            self._stored.add(current)

    def former_readers(self, secret: FindSecret) -> Iterator[tuple[str, str]]:
        """User and ARN of each principal that may read, and is a reader no more. Nobody reads what
        is pending deletion."""
        for name in self._names:
            found = secret(name)
            if found is None or found.is_deleted():
                continue
            named = {reader for of_all in self._read.values for reader in of_all[name]}
            for reader in _denied_but(found) & (self._readers_ever - named):
                yield name, reader

    def _problems(
        self, name: str, secret: Any, readers: Sequence[str]
    ) -> Iterator[tuple[str, str]]:
        """Which look would see it, and what it is."""
        user = iam_backends[ACCOUNT_ID]["aws"].users[name]
        denied: dict[str, Any] = {"StringNotEquals": {"aws:userid": user.id}}
        if readers:
            denied["ArnNotEquals"] = {"aws:PrincipalArn": readers}
        named = {*readers, f"arn:aws:iam::{ACCOUNT_ID}:root"}
        statements = json.loads(secret.policy)["Statement"] if secret.policy else []
        if [statement["Effect"] for statement in statements] != ["Allow", "Deny"]:
            yield "policy", "its policy is not ours"
        else:
            allow, deny = statements
            arns = self._arns.get(name, set()) | {user.arn}
            if all(set(allow["Principal"]["AWS"]) != {arn, *named} for arn in arns):
                yield "policy", f"it allows {allow['Principal']}"
            if deny.get("Condition") != denied or deny["Principal"] != "*":
                yield "policy", f"it denies all but {deny.get('Condition')}"
        if secret.kms_key_id != own_key(self._account):
            yield "rest", f"its KMS key is {secret.kms_key_id}"
        if secret.replicas:
            yield "rest", f"it is replicated to {[replica.region for replica in secret.replicas]}"


def readers(name: str) -> list[str]:
    """Of this user's secret, as the parameters name them now: everybody's, and the user's own."""
    return [*json.loads(parameter("secret_reader_arns")), *options(name).get("reader_arns", [])]


def own_key(account: Account) -> str:
    return str(account.parameters["kms_key_arn"])


def current_key(secret: Any) -> str | None:
    """The id of the key that a plain read returns, to whoever may read."""
    for version in secret.versions.values() if secret else ():
        if "AWSCURRENT" in version["version_stages"]:
            key_id: str | None = json.loads(version["secret_string"]).get("AccessKeyId")
            return key_id
    return None


def _denied_but(secret: Any) -> set[str]:
    """Whom the Deny of the secret's policy spares, by ARN."""
    statements = json.loads(secret.policy)["Statement"] if secret and secret.policy else []
    spared: set[str] = set()
    for statement in statements:
        condition = statement.get("Condition", {}).get("ArnNotEquals", {})
        spared |= set(condition.get("aws:PrincipalArn", []))
    return spared
