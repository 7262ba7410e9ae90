"""`key-rotation adopt`: what a destroyed installation left, for the apply that makes it again."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from key_rotation.aws.records import MANAGED_BY, PROVIDED_BY
from key_rotation.aws.secrets import secret_name

from .connection import ADOPTION
from .exits import DeclinedError, Exit
from .options import connect, shared
from .screen import Screen

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

CALLS = ADOPTION
_ESCAPED = re.compile(r"\+([0-9A-F]{2})")
# As kms.tf has it.
_DESCRIPTION_OF_KEY = "Secrets and messages of the IAM access key rotation {}."
_USER = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")  # what goes into a configuration is nothing else


@dataclass(frozen=True)
class _Secret:
    """A secret of the installation; `user` is the entry of `users` for which Terraform made it."""

    name: str
    arn: str
    user: str | None
    kms_key_id: str | None
    is_pending_deletion: bool


@dataclass(frozen=True)
class _Key:
    """A KMS key that encrypts secrets of the installation; `is_modules` if it is not your own."""

    id: str
    created: datetime
    is_modules: bool
    is_pending_deletion: bool


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "adopt",
        parents=[shared()],
        help="take back what `terraform destroy` left, so that one apply makes all of it again",
        description="Restores the secrets of the entries of `users` and the module's KMS key, "
        "which are pending deletion for 30 days after a destroy. Prints import blocks, with which "
        "one apply makes the installation again. Needs no installation. Deletes nothing.",
    )
    parser.add_argument(
        "users", metavar="USER", nargs="*", help="only the secrets of these users (default: all)"
    )
    parser.add_argument(
        "--module",
        default="module.key_rotation",
        metavar="ADDRESS",
        help="address of the module in your configuration (default: %(default)s)",
    )
    parser.add_argument(
        "--secret-name-prefix",
        default="iam-access-key/",
        metavar="PREFIX",
        help="the module's variable `secret_name_prefix` (default: %(default)s)",
    )
    parser.add_argument("--dry-run", action="store_true", help="restore nothing, only print")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> Exit:
    with screen.spinning("looking for secrets") as tick:
        connection = connect(arguments, CALLS, tick)
        manager, kms = connection.client("secretsmanager"), connection.client("kms")
        secrets = list(_secrets(manager, arguments.name, arguments.secret_name_prefix))
        keys = _keys(kms, arguments.name, secrets)
    wanted = arguments.users
    secrets = [one for one in secrets if one.user and (not wanted or one.user in wanted)]
    unknown = sorted(set(wanted) - {one.user for one in secrets})
    if unknown:
        raise DeclinedError(
            f"Terraform made no secret for {', '.join(unknown)} with a name like "
            f"{arguments.secret_name_prefix}… in {connection.region}: nothing is restored. Look at "
            f"the names of users, and at --region, --name, --secret-name-prefix",
            Exit.FINDINGS,
        )
    if not secrets and not any(key.is_modules for key in keys):
        raise DeclinedError(
            f"nothing in {connection.region} is left of the installation {arguments.name}: no key "
            f"of it, and no secret that Terraform made, with a name like "
            f"{arguments.secret_name_prefix}…. Give its --region, --name, --secret-name-prefix",
            Exit.FINDINGS,
        )
    _restore(manager, kms, keys, secrets, arguments.dry_run, screen)
    screen.text("".join(_imports(arguments.module, keys, secrets)))
    return Exit.OK


def _secrets(manager: SecretsManagerClient, installation: str, prefix: str) -> Iterator[_Secret]:
    """Those with the installation's tag, also those that are pending deletion."""
    pages = manager.get_paginator("list_secrets").paginate(
        IncludePlannedDeletion=True,
        Filters=[
            {"Key": "tag-key", "Values": [MANAGED_BY]},
            {"Key": "tag-value", "Values": [installation]},
        ],
    )
    for page in pages:
        for entry in page["SecretList"]:
            tags = {tag["Key"]: tag["Value"] for tag in entry.get("Tags", [])}
            if tags.get(MANAGED_BY) != installation:  # the filters match the beginnings of any tag
                continue
            user = _user(entry["Name"], prefix) if PROVIDED_BY in tags else None
            key, deleted = entry.get("KmsKeyId"), "DeletedDate" in entry
            yield _Secret(entry["Name"], entry["ARN"], user, key, deleted)


def _user(name: str, prefix: str) -> str | None:
    """Whose secret it is; None for one that has its name of no user."""
    user = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name.removeprefix(prefix))
    return user if _USER.fullmatch(user) and secret_name(prefix, user) == name else None


def _keys(kms: KMSClient, installation: str, secrets: Sequence[_Secret]) -> list[_Key]:
    """The newest first: an installation that came back without this command has had several. Not
    those that AWS has deleted, though secrets may still name them."""
    found = []
    for id_ in {one.kms_key_id for one in secrets if one.kms_key_id is not None}:
        try:
            about = kms.describe_key(KeyId=id_)["KeyMetadata"]
        except kms.exceptions.NotFoundException:
            continue
        is_modules = about.get("Description") == _DESCRIPTION_OF_KEY.format(installation)
        is_pending = about.get("KeyState") == "PendingDeletion"
        found.append(_Key(about["KeyId"], about["CreationDate"], is_modules, is_pending))
    return sorted(found, key=lambda key: key.created, reverse=True)


def _restore(
    manager: SecretsManagerClient,
    kms: KMSClient,
    keys: Sequence[_Key],
    secrets: Sequence[_Secret],
    dry_run: bool,
    screen: Screen,
) -> None:
    """The keys first: nobody can read a secret whose key is pending deletion."""
    verb = "would be restored" if dry_run else "restored"
    for key in (key for key in keys if key.is_pending_deletion):
        if not key.is_modules:
            screen.note(
                f"KMS key {key.id}, which is not the module's, is pending deletion. Nobody can "
                f"read what it encrypts until you run: aws kms cancel-key-deletion --key-id "
                f"{key.id}; aws kms enable-key --key-id {key.id}"
            )
            continue
        if not dry_run:
            kms.cancel_key_deletion(KeyId=key.id)
            kms.enable_key(KeyId=key.id)  # it is disabled then
        screen.note(f"{verb}: KMS key {key.id}")
    for secret in (secret for secret in secrets if secret.is_pending_deletion):
        if not dry_run:
            manager.restore_secret(SecretId=secret.arn)
        screen.note(f"{verb}: {secret.name}")


def _imports(module: str, keys: Sequence[_Key], secrets: Sequence[_Secret]) -> Iterator[str]:
    for key in [key for key in keys if key.is_modules][:1]:
        yield import_block(f"{module}.aws_kms_key.this[0]", key.id)
    arns = {secret.user: secret.arn for secret in secrets if secret.user is not None}
    for user, arn in sorted(arns.items()):
        yield import_block(f"{module}.aws_secretsmanager_secret.user[{json.dumps(user)}]", arn)


def import_block(address: str, id_: str) -> str:
    """As Terraform reads it, in HCL."""
    return f"import {{\n  to = {address}\n  id = {json.dumps(id_)}\n}}\n"
