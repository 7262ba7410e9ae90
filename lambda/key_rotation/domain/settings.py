"""The settings: read from SSM parameters, checked before anything is changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from unicodedata import category


class SettingsError(Exception):
    """A setting is missing, malformed or contradicts another; the message names its parameter."""


@dataclass(frozen=True, slots=True)
class UserTag:
    """The tag that marks a user. IAM compares keys without regard to case, values with."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per SSM parameter at `/<name>/config/<field>`; see variables.tf for each."""

    name: str
    max_key_age_days: int
    warn_before_days: int
    grace_days: int
    min_grace_days_without_console: int
    hold_while_used_days: int
    max_overlap_days: int
    delete_after_days: int
    idle_after_days: int
    max_rotations_per_run: int
    deleted_user_secret_retention_days: int
    max_iam_writes_per_second: int
    bulk_discovery: bool
    dry_run: bool
    require_confirmed_subscription: bool
    user_tag: UserTag
    secret_name_prefix: str
    secret_reader_arns: tuple[str, ...]
    secret_tags: tuple[tuple[str, str], ...]
    kms_key_arn: str
    topic_arn: str
    event_bus_arn: str

    @property
    def account_id(self) -> str:
        """The account of the installation."""
        return self.topic_arn.split(":")[4]


_MINIMUM = {
    "max_iam_writes_per_second": 1,
    "max_key_age_days": 2,
    "delete_after_days": 1,
    "idle_after_days": 1,
    "min_grace_days_without_console": 1,
}
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(?:user|role)/[\w+=,.@/-]+", re.ASCII)
_TEXTS = {
    "name": ("a name of letters, digits, - and _", r"[A-Za-z][A-Za-z0-9_-]{0,47}"),
    "secret_name_prefix": ("letters, digits and /_+=.@-", r"[A-Za-z0-9/_+=.@-]{1,256}"),
    "kms_key_arn": (
        "the ARN of a KMS key",
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+",
    ),
    "topic_arn": (
        "the ARN of an SNS topic",
        r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+",
    ),
    "event_bus_arn": (
        "the ARN of an EventBridge bus",
        r"arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]+",
    ),
}


def parse_settings(parameters: Mapping[str, str], path: str) -> Settings:
    """Settings from the parameters found under `path`, keyed by their last name segment.

    Raises SettingsError naming the first parameter at fault. Parameters that are not settings are
    ignored: a newer version of the module may have written them.
    """
    values: dict[str, Any] = {}
    for field in fields(Settings):
        parameter = f"{path}/{field.name}"
        if field.name not in parameters:
            raise SettingsError(f"parameter {parameter} is missing")
        try:
            values[field.name] = _parse(field.name, str(field.type), parameters[field.name])
        except ValueError as error:
            raise SettingsError(f"parameter {parameter} {error}") from None
    settings = Settings(**values)
    _check_together(settings, path)
    return settings


def _parse(name: str, kind: str, text: str) -> Any:
    match kind:
        case "int":
            return _integer(text, _MINIMUM.get(name, 0))
        case "bool":
            if text not in ("true", "false"):
                raise ValueError(f"must be true or false, not {text!r}")
            return text == "true"
        case "UserTag":
            tag = _json(text, dict, 'an object {"key": …, "value": …}')
            if set(tag) != {"key", "value"} or not all(isinstance(v, str) for v in tag.values()):
                raise ValueError(f'must be a JSON object {{"key": …, "value": …}}, not {text!r}')
            _check_tag(tag["key"], tag["value"])
            return UserTag(**tag)
        case "tuple[str, ...]":
            arns = _json(text, list, "a list of ARNs")
            for arn in arns:
                if not isinstance(arn, str) or not _PRINCIPAL.fullmatch(arn):
                    raise ValueError(f"holds {arn!r}, which is not the ARN of an IAM user or role")
            return tuple(arns)
        case "tuple[tuple[str, str], ...]":
            tags = _json(text, dict, "an object of tags")
            if not all(isinstance(value, str) for value in tags.values()):
                raise ValueError(f"must be a JSON object of strings, not {text!r}")
            for key, value in tags.items():
                _check_tag(key, value)
            return tuple(sorted(tags.items()))
        case _:
            what, pattern = _TEXTS[name]
            if not re.fullmatch(pattern, text):
                raise ValueError(f"must be {what}, not {text!r}")
            return text


def _integer(text: str, minimum: int) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise ValueError(f"must be a whole number, not {text!r}")
    if int(text) < minimum:
        raise ValueError(f"must be at least {minimum}, not {text}")
    return int(text)


def _check_tag(key: str, value: str) -> None:
    """Raises ValueError for what AWS takes for no tag."""
    if not key:
        raise ValueError("must name a tag key that is not empty")
    for part, limit in ((key, 128), (value, 256)):
        if len(part) > limit or not all(c in "_.:/=+-@" or category(c)[0] in "LNZ" for c in part):
            raise ValueError(
                f"holds {part!r}: a tag's key has at most 128 characters and its value 256, "
                "letters, digits, spaces and _.:/=+-@"
            )


def _json(text: str, kind: type, what: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise ValueError(f"must be JSON, {what}, not {text!r}")
    return value


def _check_together(settings: Settings, path: str) -> None:
    """The rules across settings; variables.tf checks the same at plan time."""
    s = settings
    rules = (
        (
            s.warn_before_days < s.max_key_age_days,
            "warn_before_days",
            f"({s.warn_before_days}) must be less than max_key_age_days ({s.max_key_age_days})",
        ),
        (
            s.grace_days + s.delete_after_days < s.max_key_age_days,
            "grace_days",
            f"({s.grace_days}) and delete_after_days ({s.delete_after_days}) must together be "
            f"less than max_key_age_days ({s.max_key_age_days})",
        ),
        (
            s.grace_days <= s.max_overlap_days,
            "grace_days",
            f"({s.grace_days}) must not exceed max_overlap_days ({s.max_overlap_days})",
        ),
        (
            s.min_grace_days_without_console <= s.max_overlap_days,
            "min_grace_days_without_console",
            f"({s.min_grace_days_without_console}) must not exceed "
            f"max_overlap_days ({s.max_overlap_days})",
        ),
        (
            s.hold_while_used_days <= s.max_overlap_days,
            "hold_while_used_days",
            f"({s.hold_while_used_days}) must not exceed max_overlap_days ({s.max_overlap_days})",
        ),
        (
            s.max_overlap_days + s.delete_after_days < s.max_key_age_days,
            "max_overlap_days",
            f"({s.max_overlap_days}) and delete_after_days ({s.delete_after_days}) must together "
            f"be less than max_key_age_days ({s.max_key_age_days})",
        ),
    )
    for holds, name, problem in rules:
        if not holds:
            raise SettingsError(f"parameter {path}/{name} {problem}")
