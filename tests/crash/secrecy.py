"""Whether a secret access key ever shows where it must not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.secretsmanager.models import secretsmanager_backends

from tests.aws.account import ACCOUNT_ID, REGION


class Secrecy:
    """`secrets` are all secret access keys that there ever were, by key id, the oldest first."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self._said: list[str] = []

    def heard(self, *texts: str) -> None:
        """This was published."""
        self._said += texts

    def found_in(self, *texts: str) -> Iterator[str]:
        """The keys whose secrets are in these texts, or in what was published since the last look,
        written down or measured."""
        secrets: Any = secretsmanager_backends[ACCOUNT_ID][REGION].secrets
        metrics: Any = cloudwatch_backends[ACCOUNT_ID][REGION].metric_data
        written = [
            f"{secret.name} {secret.description} {secret.tags} {secret.policy}"
            for secret in secrets.values()
        ]
        measured = [
            f"{metric.name} {[vars(one) for one in metric.dimensions]} {metric.value}"
            for metric in metrics
        ]
        for secret in secrets.values():
            self._note_passwords(secret)
        haystack = "\n".join((*texts, *written, *measured, *self._said))
        self._said.clear()
        for key_id, secret_access_key in self.secrets.items():
            if secret_access_key in haystack:
                yield key_id

    def _note_passwords(self, secret: Any) -> None:
        """Those for SMTP are as secret as the key that they are derived from."""
        for version in secret.versions.values():
            for region, found in json.loads(version["secret_string"]).get("Smtp", {}).items():
                self.secrets[f"{found['UserName']} in {region}"] = found["Password"]
