"""What people do to secrets."""

from __future__ import annotations

import json
from typing import Any

from tests.aws.account import ACCOUNT_ID
from tests.soak.doing import TAG, Doing, need
from tests.soak.eye import Eye

_STRANGER = f"arn:aws:iam::{ACCOUNT_ID}:user/mallory"


def _client(eye: Eye, name: str) -> tuple[Any, str]:
    secret = eye.secret(name)
    need(secret is not None and not secret.is_deleted())
    return eye.account.client("secretsmanager"), eye.account.secret_name(name)


def _changes_the_policy(eye: Eye, name: str, pick: int) -> str:
    client, secret = _client(eye, name)
    policy = eye.secret(name).policy
    need(policy)
    if pick % 2:
        client.delete_resource_policy(SecretId=secret)
        return f"the policy of the secret of {name} is removed"
    found = json.loads(policy)
    allowed = found["Statement"][0]["Principal"]["AWS"]
    need(isinstance(allowed, list))
    allowed.append(_STRANGER)
    client.put_resource_policy(SecretId=secret, ResourcePolicy=json.dumps(found))
    return f"a stranger may read the secret of {name}"


def _retags_the_secret(eye: Eye, name: str, pick: int) -> str:
    client, secret = _client(eye, name)
    tags = [tag["Key"] for tag in eye.secret(name).tags or []]
    ours = [tag for tag in tags if tag.startswith(f"{TAG}:") and "managed-by" not in tag]
    need(ours)
    gone = ours[pick % len(ours)]
    client.untag_resource(SecretId=secret, TagKeys=[gone])
    eye.lost_record(name, gone)
    return f"the secret of {name} loses the tag {gone}"


def _chooses_another_kms_key(eye: Eye, name: str, _pick: int) -> str:
    client, secret = _client(eye, name)
    client.update_secret(SecretId=secret, KmsKeyId="alias/somebodys")
    return f"the secret of {name} gets another KMS key"


def _replicates(eye: Eye, name: str, _pick: int) -> str:
    client, secret = _client(eye, name)
    need(not eye.secret(name).replicas)
    client.replicate_secret_to_regions(SecretId=secret, AddReplicaRegions=[{"Region": "us-east-1"}])
    return f"the secret of {name} is replicated to us-east-1"


def _ends_the_replicas(eye: Eye, name: str, _pick: int) -> str:
    client, secret = _client(eye, name)
    need(eye.secret(name).replicas)
    client.remove_regions_from_replication(SecretId=secret, RemoveReplicaRegions=["us-east-1"])
    return f"the secret of {name} is replicated no more"


def _deletes_the_secret(eye: Eye, name: str, _pick: int) -> str:
    client, secret = _client(eye, name)
    need(not eye.secret(name).replicas)
    client.delete_secret(SecretId=secret, RecoveryWindowInDays=30)
    return f"the secret of {name} is deleted, to be gone in 30 days"


def _restores_the_secret(eye: Eye, name: str, _pick: int) -> str:
    secret = eye.secret(name)
    need(secret is not None and secret.is_deleted())
    eye.account.client("secretsmanager").restore_secret(SecretId=eye.account.secret_name(name))
    return f"the secret of {name} is restored"


ON_SECRETS: dict[str, Doing] = {
    "changes the policy": _changes_the_policy,
    "retags the secret": _retags_the_secret,
    "chooses another KMS key": _chooses_another_kms_key,
    "replicates the secret": _replicates,
    "ends the replicas": _ends_the_replicas,
    "deletes the secret": _deletes_the_secret,
    "restores the secret": _restores_the_secret,
}
