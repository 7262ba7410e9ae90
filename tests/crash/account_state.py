"""The account as it really is: what moto holds, not what the wire shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

from tests.aws.account import ACCOUNT_ID, REGION, Account
from tests.crash.exposure import current_key, own_key


@dataclass
class AccountState:
    """The users of these `names`, their keys and secrets."""

    account: Account
    names: tuple[str, ...] = ("alice",)

    def keys(self, name: str) -> dict[str, Any]:
        user = iam_backends[ACCOUNT_ID]["aws"].users.get(name)
        return {key.access_key_id: key for key in user.access_keys} if user else {}

    def present(self) -> set[str]:
        """The ids of all keys that a user has, or that a version of a secret holds."""
        store: Any = secretsmanager_backends[ACCOUNT_ID][REGION].secrets
        users = iam_backends[ACCOUNT_ID]["aws"].users.values()
        versions = [version for secret in store.values() for version in secret.versions.values()]
        stored = [json.loads(version["secret_string"]).get("AccessKeyId") for version in versions]
        return {key.access_key_id for user in users for key in user.access_keys} | set(stored)

    def staged(self, name: str) -> set[str]:
        """The key ids that any staged version of the user's secret holds."""
        secret = self.secret(name)
        versions = secret.versions.values() if secret else ()
        values = [json.loads(v["secret_string"]) for v in versions if v["version_stages"]]
        return {value["AccessKeyId"] for value in values if "AccessKeyId" in value}

    def _is_predecessors(self, name: str) -> bool:
        """Whether the secret is still that of a user of the same name who is gone. Where somebody
        has removed the tag, one that is older than the user is."""
        secret, user = self.secret(name), iam_backends[ACCOUNT_ID]["aws"].users[name]
        if secret is None:
            return False
        tags = {tag["Key"]: tag["Value"] for tag in secret.tags or []}
        owner_id: str | None = tags.get("access-key-rotation:user-id")
        if owner_id is None:
            return bool(secret.created_date < user.create_date.timestamp())
        return owner_id != user.id

    def is_active(self, name: str, key_id: str) -> bool:
        key = self.keys(name).get(key_id)
        return key is not None and key.status == "Active"

    def secret(self, name: str) -> Any:
        """moto's secret, or None."""
        store = secretsmanager_backends[ACCOUNT_ID][REGION].secrets
        return next((s for s in store.values() if s.name == self.account.secret_name(name)), None)

    def _may_read(self, name: str) -> bool:
        """Whether the owner can read it: nothing here knows who could otherwise."""
        secret = self.secret(name)
        if secret is None or secret.is_deleted() or not secret.policy:
            return False
        user = iam_backends[ACCOUNT_ID]["aws"].users[name]
        statements = json.loads(secret.policy)["Statement"]
        allowed = any(
            s["Effect"] == "Allow" and user.arn in s["Principal"]["AWS"] for s in statements
        )
        denied = any(s["Effect"] == "Deny" and user.id not in json.dumps(s) for s in statements)
        return allowed and not denied and secret.kms_key_id == own_key(self.account)

    def _last_used(self, name: str, key_id: str) -> datetime:
        used = self.keys(name)[key_id].last_used
        return used._timestamp.replace(tzinfo=UTC) if used else datetime.min.replace(tzinfo=UTC)

    def delivered(self, name: str) -> str | None:
        """The key id that this user would get by reading the secret now."""
        return self.in_secret(name) if self._may_read(name) else None

    def in_secret(self, name: str) -> str | None:
        """The key id that a plain read returns, to whoever may read."""
        return current_key(self.secret(name))

    @property
    def leaked(self) -> set[str]:
        """The keys that the secrets' records name as leaked."""
        return {key_id for name in self.names for key_id in self.leaked_of(name)}

    def leaked_of(self, name: str) -> set[str]:
        """The keys that the record of this user's secret names."""
        secret = self.secret(name)
        found = [
            tag["Value"].split()
            for tag in ((secret.tags or []) if secret else [])
            if tag["Key"] == "access-key-rotation:leaked"
        ]
        return {key_id for key_ids in found for key_id in key_ids}

    def is_on_record(self, record: str, key_id: str) -> bool:
        """Whether a secret's tag of this name names the key."""
        tags = [tag for s in map(self.secret, self.names) for tag in ((s.tags or []) if s else [])]
        return any(
            tag["Key"] == f"access-key-rotation:{record}" and tag["Value"].split()[:1] == [key_id]
            for tag in tags
        )
