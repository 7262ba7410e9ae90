"""What people do to users, keys, secrets and settings. An act that is impossible at its time is
passed over: it raises `PassedOverError`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

from tests.aws.account import ACCOUNT_ID, REGION
from tests.crash.owners import use_new
from tests.crash.settings_read import parameter
from tests.soak.eye import Eye

NAMES = ("alice", "bob", "build-agent")
STRANGER = f"arn:aws:iam::{ACCOUNT_ID}:user/mallory"
_READER = "arn:aws:iam::999999999999:role/deploy"
_TAG = "access-key-rotation"
Doing = Callable[[Eye, str, int], str]  # returns what was done, in words


class PassedOverError(Exception):
    """The act is impossible now."""


def _need(holds: object) -> None:
    if not holds:
        raise PassedOverError


def _key(eye: Eye, name: str, pick: int, status: str | None = None) -> str:
    ids = [i for i, key in eye.keys(name).items() if status in (None, key.status)]
    _need(ids)
    return ids[pick % len(ids)]


# -- keys ------------------------------------------------------------------------------------------


def _creates_a_key(eye: Eye, name: str, _pick: int) -> str:
    _need(len(eye.keys(name)) < 2)
    return f"{name} gets another key, {eye.account.add_key(name)}"


def _switches_a_key(eye: Eye, name: str, pick: int) -> str:
    key_id = _key(eye, name, pick)
    status = "Inactive" if eye.is_active(name, key_id) else "Active"
    eye.account.set_status(key_id, status, name)
    return f"{key_id} of {name} becomes {status}"


def _deletes_a_key(eye: Eye, name: str, pick: int) -> str:
    key_id = _key(eye, name, pick)
    eye.account.client("iam").delete_access_key(UserName=name, AccessKeyId=key_id)
    return f"{key_id} of {name} is deleted"


def _switches_a_leaked_key_on(eye: Eye, name: str, pick: int) -> str:
    keys = [i for i, k in eye.keys(name).items() if i in eye.leaked and k.status == "Inactive"]
    _need(keys)
    eye.account.set_status(keys[pick % len(keys)], "Active", name)
    return f"{keys[pick % len(keys)]} of {name}, which leaked, is switched on again"


def _uses_a_key(eye: Eye, name: str, pick: int) -> str:
    held = [i for i in eye.keys(name) if eye.holds(i) and eye.is_active(name, i)]
    _need(held)
    eye.account.use(held[pick % len(held)])
    return f"{name} uses {held[pick % len(held)]}"


def _moves(eye: Eye, name: str, _pick: int) -> str:
    eye.fetch(name)
    use_new(eye, name)
    return f"{name} reads the secret and uses what is in it"


# -- users -----------------------------------------------------------------------------------------


def _retags(eye: Eye, name: str, pick: int) -> str:
    iam = eye.account.client("iam")
    key, value = _USER_TAGS[pick % len(_USER_TAGS)]
    if value is None:
        iam.untag_user(UserName=name, TagKeys=[key])
        return f"{name} loses the tag {key}"
    iam.tag_user(UserName=name, Tags=[{"Key": key, "Value": value}])
    return f"{name} gets the tag {key}={value}"


_USER_TAGS: tuple[tuple[str, str | None], ...] = (
    (_TAG, None),
    (_TAG, "enabled"),
    (_TAG, "enabled"),
    (_TAG, "off"),
    (f"{_TAG}:max-key-age-days", "60"),
    (f"{_TAG}:max-key-age-days", None),
    (f"{_TAG}:grace-days", "2"),
    (f"{_TAG}:grace-days", "12"),
    (f"{_TAG}:hold-until", "2026-06-20"),
    (f"{_TAG}:hold-until", None),
    (f"{_TAG}:grace-days", "many"),
    (f"{_TAG}:hold-until", "2026-07-04"),
)


def _sets_a_password(eye: Eye, name: str, _pick: int) -> str:
    iam, user = eye.account.client("iam"), iam_backends[ACCOUNT_ID]["aws"].users[name]
    if user.password:
        iam.delete_login_profile(UserName=name)
        return f"{name} loses the console password"
    iam.create_login_profile(UserName=name, Password="Not-Secret-1")
    return f"{name} gets a console password"


def _deletes_the_user(eye: Eye, name: str, _pick: int) -> str:
    _need(len(eye.names) > 1 or eye.keys(name))
    iam, user = eye.account.client("iam"), iam_backends[ACCOUNT_ID]["aws"].users[name]
    for key_id in eye.keys(name):
        iam.delete_access_key(UserName=name, AccessKeyId=key_id)
    if user.password:
        iam.delete_login_profile(UserName=name)
    _principal_becomes(user.arn, user.id)
    iam.delete_user(UserName=name)
    eye.is_gone(name)
    return f"{name} is deleted"


def _creates_the_user(eye: Eye, name: str, pick: int) -> str:
    _need(name not in eye.names)
    eye.account.add_user(name, *((), (0,), (85,))[pick % 3], password=pick % 2 == 0)
    eye.is_new(name)
    return f"{name} is created again"


def _moves_the_user(eye: Eye, name: str, pick: int) -> str:
    path = ("/team/", "/")[pick % 2]
    _changes_the_user(name, path=path)
    return f"{name} moves to {path}"


def _changes_the_user(name: str, path: str | None = None, new_name: str | None = None) -> None:
    """moto leaves tags, keys' names and policies as they were; AWS does not."""
    iam: Any = iam_backends[ACCOUNT_ID]["aws"]
    user = iam.users[name]
    before = user.arn
    tags = iam.tagger.get_tag_dict_for_resource(before)
    iam.tagger.delete_all_tags_for_resource(before)
    iam.update_user(name, path, new_name)
    iam.tagger.tag_resource(user.arn, [{"Key": key, "Value": value} for key, value in tags.items()])
    for key in user.access_keys:
        key.user_name = user.name
    _principal_becomes(before, user.arn)


def _renames_the_user(eye: Eye, name: str, _pick: int) -> str:
    new_name = f"{name}-renamed"
    _need(new_name not in eye.names)
    _changes_the_user(name, new_name=new_name)
    eye.is_renamed(name, new_name)
    return f"{name} is renamed to {new_name}"


def _renames_back(eye: Eye, name: str, _pick: int) -> str:
    now = f"{name}-renamed"
    _need(now in eye.names and name not in eye.names)
    _changes_the_user(now, new_name=name)
    eye.is_renamed(now, name)
    return f"{now} is renamed to {name} again"


def _principal_becomes(before: str, now: str) -> None:
    """As AWS shows a policy of a user that was renamed, moved or deleted: `Principal` alone."""
    for secret in _secrets():
        if not secret.policy:
            continue
        policy = json.loads(secret.policy)
        for statement in policy["Statement"]:
            principal = statement.get("Principal")
            if isinstance(principal, dict) and isinstance(principal.get("AWS"), list):
                principal["AWS"] = [now if one == before else one for one in principal["AWS"]]
        secret.policy = json.dumps(policy)


def _secrets() -> list[Any]:
    store: Any = secretsmanager_backends[ACCOUNT_ID][REGION].secrets
    return list({id(secret): secret for secret in store.values()}.values())


# -- secrets ---------------------------------------------------------------------------------------


def _client(eye: Eye, name: str) -> tuple[Any, str]:
    secret = eye.secret(name)
    _need(secret is not None and not secret.is_deleted())
    return eye.account.client("secretsmanager"), eye.account.secret_name(name)


def _changes_the_policy(eye: Eye, name: str, pick: int) -> str:
    client, secret = _client(eye, name)
    policy = eye.secret(name).policy
    _need(policy)
    if pick % 2:
        client.delete_resource_policy(SecretId=secret)
        return f"the policy of the secret of {name} is removed"
    found = json.loads(policy)
    allowed = found["Statement"][0]["Principal"]["AWS"]
    _need(isinstance(allowed, list))
    allowed.append(STRANGER)
    client.put_resource_policy(SecretId=secret, ResourcePolicy=json.dumps(found))
    return f"a stranger may read the secret of {name}"


def _retags_the_secret(eye: Eye, name: str, pick: int) -> str:
    client, secret = _client(eye, name)
    tags = [tag["Key"] for tag in eye.secret(name).tags or []]
    ours = [tag for tag in tags if tag.startswith(f"{_TAG}:") and "managed-by" not in tag]
    _need(ours)
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
    _need(not eye.secret(name).replicas)
    client.replicate_secret_to_regions(SecretId=secret, AddReplicaRegions=[{"Region": "us-east-1"}])
    return f"the secret of {name} is replicated to us-east-1"


def _ends_the_replicas(eye: Eye, name: str, _pick: int) -> str:
    client, secret = _client(eye, name)
    _need(eye.secret(name).replicas)
    client.remove_regions_from_replication(SecretId=secret, RemoveReplicaRegions=["us-east-1"])
    return f"the secret of {name} is replicated no more"


def _deletes_the_secret(eye: Eye, name: str, _pick: int) -> str:
    client, secret = _client(eye, name)
    _need(not eye.secret(name).replicas)
    client.delete_secret(SecretId=secret, RecoveryWindowInDays=30)
    return f"the secret of {name} is deleted, to be gone in 30 days"


def _restores_the_secret(eye: Eye, name: str, _pick: int) -> str:
    secret = eye.secret(name)
    _need(secret is not None and secret.is_deleted())
    eye.account.client("secretsmanager").restore_secret(SecretId=eye.account.secret_name(name))
    return f"the secret of {name} is restored"


# -- settings and listeners ------------------------------------------------------------------------


def _changes_a_setting(eye: Eye, _name: str, pick: int) -> str:
    setting, value = _SETTINGS[pick % len(_SETTINGS)]
    _need(parameter(setting) != value)
    eye.account.set_parameter(setting, value)
    return f"the setting {setting} becomes {value}"


_SETTINGS = (
    ("hold_until_moved", "false"),
    ("hold_until_moved", "true"),
    ("remind_before_days", "0"),
    ("remind_before_days", "2"),
    ("grace_days", "6"),
    ("warn_before_days", "5"),
    ("delete_after_days", "32"),
    ("max_rotations_per_run", "1"),
    ("require_confirmed_subscription", "false"),
    ("bulk_discovery", "false"),
    ("max_key_age_days", "85"),
    ("max_key_age_days", "soon"),
)


def _changes_the_readers(eye: Eye, _name: str, _pick: int) -> str:
    named = parameter("secret_reader_arns") != "[]"
    eye.account.set_parameter("secret_reader_arns", "[]" if named else json.dumps([_READER]))
    return "the readers of all secrets " + ("are removed" if named else f"become {_READER}")


def _subscribes(eye: Eye, name: str, _pick: int) -> str:
    _need(name not in eye.subscribed)
    eye.subscribed.add(name)
    eye.account.subscribe(name, user=name, audience="user")
    return f"{name} subscribes"


def _unsubscribes(eye: Eye, name: str, _pick: int) -> str:
    _need(name in eye.subscribed)
    eye.subscribed.discard(name)
    eye.account.unsubscribe(name)
    return f"{name} unsubscribes"


# -- requests of operators -------------------------------------------------------------------------


def emergency(eye: Eye, name: str, pick: int) -> dict[str, Any]:
    """The payload for a key of this user."""
    key_id = _key(eye, name, pick)
    asked = {"user": name, "access_key_id": key_id, "reason": "leaked"}
    return {"emergency": asked | ({"even_if_nobody_can_fetch": True} if pick % 2 else {})}


def request(eye: Eye, name: str, _pick: int) -> dict[str, Any]:
    """The payload that asks for a rotation."""
    _need(name in eye.names)
    return {"rotate": {"users": [name], "reason": "the supplier left"}}


EMERGENCY = {"runs an emergency": emergency, "asks for a rotation": request}
OF_THE_ABSENT = ("creates the user", "renames the user back")
DOINGS: dict[str, Doing] = {
    "creates a key": _creates_a_key,
    "switches a key": _switches_a_key,
    "deletes a key": _deletes_a_key,
    "switches a leaked key on": _switches_a_leaked_key_on,
    "uses a key": _uses_a_key,
    "moves to the new key": _moves,
    "retags the user": _retags,
    "gives or takes the password": _sets_a_password,
    "deletes the user": _deletes_the_user,
    "creates the user": _creates_the_user,
    "moves the user": _moves_the_user,
    "renames the user": _renames_the_user,
    "renames the user back": _renames_back,
    "changes the policy": _changes_the_policy,
    "retags the secret": _retags_the_secret,
    "chooses another KMS key": _chooses_another_kms_key,
    "replicates the secret": _replicates,
    "ends the replicas": _ends_the_replicas,
    "deletes the secret": _deletes_the_secret,
    "restores the secret": _restores_the_secret,
    "changes a setting": _changes_a_setting,
    "changes the readers": _changes_the_readers,
    "subscribes": _subscribes,
    "unsubscribes": _unsubscribes,
}
ACTS = (*DOINGS, *EMERGENCY)
