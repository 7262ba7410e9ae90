"""What people do to users and their keys."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from moto.iam.models import iam_backends

from tests.aws.account import ACCOUNT_ID
from tests.crash.owners import use_new
from tests.crash.settings_read import is_managed
from tests.soak.doing import TAG, Doing, key_of, need
from tests.soak.eye import Eye, secrets

# -- keys ------------------------------------------------------------------------------------------


def _creates_a_key(eye: Eye, name: str, _pick: int) -> str:
    need(len(eye.keys(name)) < 2)
    return f"{name} gets another key, {eye.account.add_key(name)}"


def _switches_a_key(eye: Eye, name: str, pick: int) -> str:
    key_id = key_of(eye, name, pick)
    status = "Inactive" if eye.is_active(name, key_id) else "Active"
    eye.account.set_status(key_id, status, name)
    return f"{key_id} of {name} becomes {status}"


def _deletes_a_key(eye: Eye, name: str, pick: int) -> str:
    key_id = key_of(eye, name, pick)
    eye.account.client("iam").delete_access_key(UserName=name, AccessKeyId=key_id)
    return f"{key_id} of {name} is deleted"


def _switches_a_leaked_key_on(eye: Eye, name: str, pick: int) -> str:
    keys = [i for i, k in eye.keys(name).items() if i in eye.leaked and k.status == "Inactive"]
    need(keys)
    eye.account.set_status(keys[pick % len(keys)], "Active", name)
    return f"{keys[pick % len(keys)]} of {name}, which leaked, is switched on again"


def _restores_a_key(eye: Eye, name: str, pick: int) -> str:
    """As `key-rotation restore` does: a tag holds this key, and then it is switched on."""
    key_id = key_of(eye, name, pick, "Inactive")
    need(key_id not in eye.leaked)
    day = (eye.account.clock.now() + timedelta(days=3 + pick % 12)).date()
    tag = {"Key": f"{TAG}:hold-until", "Value": f"{day} {key_id}"}
    eye.account.client("iam").tag_user(UserName=name, Tags=[tag])
    eye.look("person")
    eye.account.set_status(key_id, "Active", name)
    return f"{key_id} of {name} is restored, until {day}"


def _uses_a_key(eye: Eye, name: str, pick: int) -> str:
    held = [i for i in eye.keys(name) if eye.holds(i) and eye.is_active(name, i)]
    need(held)
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
    if key == TAG and value != "enabled" and is_managed(name):
        eye.is_untagged(name)
    if value is None:
        iam.untag_user(UserName=name, TagKeys=[key])
        return f"{name} loses the tag {key}"
    iam.tag_user(UserName=name, Tags=[{"Key": key, "Value": value}])
    return f"{name} gets the tag {key}={value}"


_USER_TAGS: tuple[tuple[str, str | None], ...] = (
    (TAG, None),
    (TAG, "enabled"),
    (TAG, "enabled"),
    (TAG, "off"),
    (f"{TAG}:max-key-age-days", "60"),
    (f"{TAG}:max-key-age-days", None),
    (f"{TAG}:grace-days", "2"),
    (f"{TAG}:grace-days", "12"),
    (f"{TAG}:hold-until", "2026-06-20"),
    (f"{TAG}:hold-until", None),
    (f"{TAG}:grace-days", "many"),
    (f"{TAG}:hold-until", "2026-07-04"),
    (f"{TAG}:disable-unused-after-days", "30"),
    (f"{TAG}:disable-unused-after-days", "0"),
    (f"{TAG}:disable-unused-after-days", None),
)


def _sets_a_password(eye: Eye, name: str, _pick: int) -> str:
    iam, user = eye.account.client("iam"), iam_backends[ACCOUNT_ID]["aws"].users[name]
    if user.password:
        iam.delete_login_profile(UserName=name)
        return f"{name} loses the console password"
    iam.create_login_profile(UserName=name, Password="Not-Secret-1")
    return f"{name} gets a console password"


def _deletes_the_user(eye: Eye, name: str, _pick: int) -> str:
    need(len(eye.names) > 1 or eye.keys(name))
    user = iam_backends[ACCOUNT_ID]["aws"].users[name]
    eye.account.delete_user(name)
    _principal_becomes(user.arn, user.id)
    eye.is_gone(name)
    return f"{name} is deleted"


def _creates_the_user(eye: Eye, name: str, pick: int) -> str:
    need(name not in eye.names)
    ages = ((), (0,), (85,), (90,))[pick % 4]
    eye.account.add_user(name, *ages, password=pick % 3 > 0)
    eye.is_new(name)
    return f"{name} is created again"


def _moves_the_user(eye: Eye, name: str, pick: int) -> str:
    path = ("/team/", "/")[pick % 2]
    changes_the_user(name, path=path)
    eye.is_moved(name)
    return f"{name} moves to {path}"


def changes_the_user(name: str, path: str | None = None, new_name: str | None = None) -> None:
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
    need(new_name not in eye.names)
    changes_the_user(name, new_name=new_name)
    eye.is_renamed(name, new_name)
    return f"{name} is renamed to {new_name}"


def _renames_back(eye: Eye, name: str, _pick: int) -> str:
    now = f"{name}-renamed"
    need(now in eye.names and name not in eye.names)
    changes_the_user(now, new_name=name)
    eye.is_renamed(now, name)
    return f"{now} is renamed to {name} again"


def _principal_becomes(before: str, now: str) -> None:
    """As AWS shows a policy of a user that was renamed, moved or deleted: `Principal` alone."""
    for secret in secrets():
        if not secret.policy:
            continue
        policy = json.loads(secret.policy)
        for statement in policy["Statement"]:
            principal = statement.get("Principal")
            if isinstance(principal, dict) and isinstance(principal.get("AWS"), list):
                principal["AWS"] = [now if one == before else one for one in principal["AWS"]]
        secret.policy = json.dumps(policy)


ON_USERS: dict[str, Doing] = {
    "creates a key": _creates_a_key,
    "switches a key": _switches_a_key,
    "deletes a key": _deletes_a_key,
    "switches a leaked key on": _switches_a_leaked_key_on,
    "restores a key": _restores_a_key,
    "uses a key": _uses_a_key,
    "moves to the new key": _moves,
    "retags the user": _retags,
    "gives or takes the password": _sets_a_password,
    "deletes the user": _deletes_the_user,
    "creates the user": _creates_the_user,
    "moves the user": _moves_the_user,
    "renames the user": _renames_the_user,
    "renames the user back": _renames_back,
}
