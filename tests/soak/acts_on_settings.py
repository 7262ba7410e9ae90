"""What people do to the settings, the options of users, and the subscriptions."""

from __future__ import annotations

import json

from key_rotation.domain.settings import SettingsError, parse_settings
from tests.aws.account import PATH
from tests.crash.settings_read import options, parameter
from tests.soak.doing import NAMES, Doing, need
from tests.soak.eye import Eye

_READER = "arn:aws:iam::999999999999:role/deploy"
_OWN_READER = "arn:aws:iam::999999999999:role/own"


def _changes_a_setting(eye: Eye, _name: str, pick: int) -> str:
    setting, value = _SETTINGS[pick % len(_SETTINGS)]
    need(parameter(setting) != value)
    need(value == UNREADABLE or _are_valid(eye, {setting: value}))
    eye.account.set_parameter(setting, value)
    return f"the setting {setting} becomes {value}"


def _mends_a_setting(eye: Eye, _name: str, pick: int) -> str:
    changed = [n for n in sorted(dict(_SETTINGS)) if parameter(n) != eye.at_first[n]]
    need(changed)
    name = changed[pick % len(changed)]
    value = eye.at_first[name]
    others = len(changed) > 1 or parameter(name) == UNREADABLE
    need(others or _are_valid(eye, {name: value}))
    eye.account.set_parameter(name, value)
    return f"the setting {name} is {value} again"


def _are_valid(eye: Eye, change: dict[str, str]) -> bool:
    """Terraform refuses settings that contradict each other."""
    try:
        parse_settings({name: parameter(name) for name in eye.at_first} | change, PATH)
    except SettingsError:
        return False
    return True


UNREADABLE = "soon"
_SETTINGS = (
    ("hold_until_moved", "false"),
    ("hold_until_moved", "true"),
    ("remind_before_days", "0"),
    ("remind_before_days", "2"),
    ("grace_days", "6"),
    ("warn_before_days", "5"),
    ("delete_after_days", "32"),
    ("max_rotations_per_run", "1"),
    ("max_iam_writes_per_second", "1"),
    ("require_confirmed_subscription", "false"),
    ("bulk_discovery", "false"),
    ("disable_unused_after_days", "30"),
    ("dry_run", "true"),
    ("max_key_age_days", "85"),
    ("max_key_age_days", UNREADABLE),
)


def _changes_the_readers(eye: Eye, _name: str, _pick: int) -> str:
    named = parameter("secret_reader_arns") != "[]"
    eye.account.set_parameter("secret_reader_arns", "[]" if named else json.dumps([_READER]))
    return "the readers of all secrets " + ("are removed" if named else f"become {_READER}")


def _changes_own_readers(eye: Eye, name: str, _pick: int) -> str:
    has_some = _changes_an_option(eye, name, "reader_arns", [_OWN_READER])
    return f"{name} {'gets' if has_some else 'loses'} a reader of their own"


def _wants_a_first_key(eye: Eye, name: str, _pick: int) -> str:
    wanted = _changes_an_option(eye, name, "first_key", True)
    return f"{name} is to get a first key" + ("" if wanted else " no more")


def _changes_an_option(eye: Eye, name: str, option: str, value: object) -> bool:
    """Whether the user has it from now on."""
    of_users = {one: dict(options(one)) for one in {*NAMES, *eye.names}}
    if of_users[name].pop(option, None) is None:
        of_users[name][option] = value
    eye.account.set_user_options({one: found for one, found in of_users.items() if found})
    return option in of_users[name]


def _subscribes(eye: Eye, name: str, _pick: int) -> str:
    need(name not in eye.subscribed)
    eye.subscribed.add(name)
    eye.account.subscribe(name, user=name, audience="user")
    return f"{name} subscribes"


def _unsubscribes(eye: Eye, name: str, _pick: int) -> str:
    need(name in eye.subscribed)
    eye.subscribed.discard(name)
    eye.account.unsubscribe(name)
    return f"{name} unsubscribes"


ON_SETTINGS: dict[str, Doing] = {
    "changes a setting": _changes_a_setting,
    "mends a setting": _mends_a_setting,
    "changes own readers": _changes_own_readers,
    "wants a first key": _wants_a_first_key,
    "changes the readers": _changes_the_readers,
    "subscribes": _subscribes,
    "unsubscribes": _unsubscribes,
}
