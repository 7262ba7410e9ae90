"""All secrets of this installation, to find those that nobody else looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..domain.model import Event, OwnedSecret, Stamp
from ..domain.settings import Settings
from . import records
from .errors import code

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import (
        DescribeSecretResponseTypeDef,
        SecretListEntryTypeDef,
        TagTypeDef,
    )


class InstallationSecrets:
    """The `OwnedSecrets` port on a Secrets Manager client."""

    def __init__(self, client: Callable[[], SecretsManagerClient], settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def all(self) -> Iterator[OwnedSecret]:
        """100 a page. A filter by value matches what begins with it, so it is compared again."""
        pages = (
            self._client()
            .get_paginator("list_secrets")
            .paginate(
                Filters=[
                    {"Key": "tag-key", "Values": [records.MANAGED_BY]},
                    {"Key": "tag-value", "Values": [self._settings.name]},
                ],
                IncludePlannedDeletion=True,
                PaginationConfig={"PageSize": 100},
            )
        )
        for page in pages:
            for entry in page["SecretList"]:
                secret = self._ours(entry)
                if secret is not None:
                    versions = entry.get("SecretVersionsToStages", {})
                    staged = {id_: frozenset(s) for id_, s in versions.items() if s}
                    yield replace(secret, versions=staged)

    def confirmed(self, secret: OwnedSecret) -> OwnedSecret | None:
        try:
            answer = self._client().describe_secret(SecretId=secret.arn)
        except ClientError as error:
            if code(error) == "ResourceNotFoundException":
                return None
            raise
        return self._ours(answer)

    def record_gone(self, secret: OwnedSecret, since: datetime) -> None:
        value = records.write_gone(secret.user_id or "", since)
        tags: list[TagTypeDef] = [{"Key": records.GONE_SINCE, "Value": value}]
        self._client().tag_resource(SecretId=secret.arn, Tags=tags)

    def forget_gone(self, secret: OwnedSecret) -> None:
        self._client().untag_resource(SecretId=secret.arn, TagKeys=[records.GONE_SINCE])

    def record_blocked(self, secret: OwnedSecret, since: datetime) -> None:
        value = records.write_stamp(Stamp("unmanaged", since))
        tags: list[TagTypeDef] = [{"Key": records.notice_key(Event.BLOCKED), "Value": value}]
        self._client().tag_resource(SecretId=secret.arn, Tags=tags)

    def retire(self, secret: OwnedSecret, days: int) -> None:
        self._client().delete_secret(SecretId=secret.arn, RecoveryWindowInDays=days)

    def restore(self, secret: OwnedSecret) -> None:
        self._client().restore_secret(SecretId=secret.arn)

    def _ours(
        self, found: SecretListEntryTypeDef | DescribeSecretResponseTypeDef
    ) -> OwnedSecret | None:
        name = found["Name"]
        values = {tag.get("Key"): tag.get("Value") for tag in found.get("Tags", [])}
        settings = self._settings
        if values.get(records.MANAGED_BY) != settings.name:
            return None
        if not name.startswith(settings.secret_name_prefix):
            return None
        return OwnedSecret(
            name,
            found["ARN"],
            values.get(records.USER_ID),
            records.read_gone(values.get(records.GONE_SINCE), values.get(records.USER_ID)),
            records.PROVIDED_BY in values,
            "DeletedDate" in found,
            records.read_intent(values.get(records.INTENT)),
            _time(values.get(records.ANNOUNCED)),
            _time(values.get(records.INACTIVE_SINCE)),
            _time(values.get(records.notice_key(Event.BLOCKED))),
            kms_key_id=found.get("KmsKeyId"),
            replicated="PrimaryRegion" in found,
            policy_for=values.get(records.POLICY_FOR),
        )


def _time(record: str | None) -> datetime | None:
    stamp = records.read_stamp(record)
    return stamp.time if stamp else None
