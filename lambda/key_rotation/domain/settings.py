"""The function's settings: what each parameter may hold, and what they may not say together.

`variables.tf` refuses the same at plan time. A parameter can be edited by hand, so it is parsed
again here. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any
from unicodedata import category

from .contradictions import contradictions
from .parsing import json_of, principals
from .user_options import UserOptions, not_as_written, parse_user_names, parse_user_options


class SettingsError(Exception):
    """A setting is missing, malformed or contradicts another; the message names its parameter."""


@dataclass(frozen=True, slots=True)
class UserTag:
    """A tag of users, such as that of the managed ones. IAM compares keys without regard to case,
    values with."""

    key: str
    value: str

    def of(self, tags: Mapping[str, str]) -> str | None:
        """The value that a user with these tags has, None without the tag."""
        wanted = self.key.lower()
        return next((value for key, value in tags.items() if key.lower() == wanted), None)

    def is_on(self, tags: Mapping[str, str]) -> bool:
        """Whether a user with these tags carries it."""
        return self.of(tags) == self.value

    def is_same(self, other: UserTag) -> bool:
        """Whether who carries the one carries the other."""
        return (self.key.lower(), self.value) == (other.key.lower(), other.value)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which IAM users the role may touch if they are managed: those under a path, but for some."""

    path_prefix: str
    never: tuple[str, ...]

    def refuses(self, user_arn: str) -> str | None:
        """The setting that keeps the role away from a user; None if none does."""
        if not user_arn.split(":", 5)[5].removeprefix("user").startswith(self.path_prefix):
            return "user_path_prefix"
        return "never_user_arns" if user_arn in self.never else None


# -- what one parameter may hold -------------------------------------------------------------------


def _whole_number(text: str, least: int) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise ValueError(f"must be a whole number, not {text!r}")
    if int(text) < least:
        raise ValueError(f"must be at least {least}, not {text}")
    return int(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"must be true or false, not {text!r}")
    return text == "true"


def _matching(text: str, what: str, pattern: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError(f"must be {what}, not {text!r}")
    return text


def _user_tag(text: str) -> UserTag:
    tag = json_of(text, dict, 'an object {"key": …, "value": …}')
    if set(tag) != {"key", "value"} or not all(isinstance(v, str) for v in tag.values()):
        raise ValueError(f'must be a JSON object {{"key": …, "value": …}}, not {text!r}')
    _check_tag(tag["key"], tag["value"])
    return UserTag(**tag)


def _user_tag_or_none(text: str) -> UserTag | None:
    return None if text == "null" else _user_tag(text)


def _principals(text: str) -> tuple[str, ...]:
    return principals(json_of(text, list, "a list of ARNs"))


def _emails(text: str) -> tuple[str, ...]:
    emails = json_of(text, list, "a list of e-mail addresses")
    for email in emails:
        if not isinstance(email, str) or not email.isprintable() or not _EMAIL.fullmatch(email):
            raise ValueError(f"holds {email!r}, which is not a plain e-mail address")
    return tuple(emails)


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    tags = json_of(text, dict, "an object of tags")
    if not all(isinstance(value, str) for value in tags.values()):
        raise ValueError(f"must be a JSON object of strings, not {text!r}")
    for key, value in tags.items():
        _check_tag(key, value)
    return tuple(sorted(tags.items()))


def _check_tag(key: str, value: str) -> None:
    """Raises ValueError for what AWS does not accept as a tag."""
    if not key:
        raise ValueError("must name a tag key that is not empty")
    for part, limit in ((key, 128), (value, 256)):
        if len(part) > limit or not all(c in "_.:/=+-@" or category(c)[0] in "LNZ" for c in part):
            raise ValueError(
                f"holds {part!r}: a tag's key has at most 128 characters and its value 256, "
                "letters, digits, spaces and _.:/=+-@"
            )


_EMAIL = re.compile(r'[^\s@<>(),;:"]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+')


# -- the settings ----------------------------------------------------------------------------------


def _setting(parse: Callable[[str], Any]) -> Any:
    """A field that is read from the parameter of its name."""
    return field(metadata={"parse": parse})


def _number(least: int = 0) -> Any:
    return _setting(partial(_whole_number, least=least))


def _text(what: str, pattern: str) -> Any:
    return _setting(partial(_matching, what=what, pattern=pattern))


def _arn(what: str, service: str, resource: str) -> Any:
    return _text(
        f"the ARN of {what}", rf"arn:aws[a-z-]*:{service}:[a-z0-9-]+:[0-9]{{12}}:{resource}"
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per SSM parameter at `/<name>/config/<field>`; see variables.tf for each."""

    name: str = _text("a name of letters, digits, - and _", r"[A-Za-z][A-Za-z0-9_-]{0,47}")
    max_key_age_days: int = _number(least=2)
    warn_before_days: int = _number()
    grace_days: int = _number()
    min_grace_days_without_console: int = _number(least=1)
    remind_before_days: int = _number()
    hold_until_moved: bool = _setting(_boolean)
    hold_while_used_days: int = _number()
    max_overlap_days: int = _number()
    delete_after_days: int = _number(least=1)
    idle_after_days: int = _number(least=1)
    disable_unused_after_days: int = _number()
    max_rotations_per_run: int = _number()
    deleted_user_secret_retention_days: int = _number()
    max_iam_writes_per_second: int = _number(least=1)
    bulk_discovery: bool = _setting(_boolean)
    dry_run: bool = _setting(_boolean)
    require_confirmed_subscription: bool = _setting(_boolean)
    user_tag: UserTag = _setting(_user_tag)
    coverage_exempt_tag: UserTag | None = _setting(_user_tag_or_none)
    user_path_prefix: str = _text("a path such as / or /team/", r"/([A-Za-z0-9_+=,.@-]+/)*")
    never_user_arns: tuple[str, ...] = _setting(_principals)
    secret_name_prefix: str = _text("letters, digits and /_+=.@-", r"[A-Za-z0-9/_+=.@-]{1,256}")
    secret_reader_arns: tuple[str, ...] = _setting(_principals)
    user_options_sha256: str = _text(
        "a SHA-256, and marks", r"[0-9a-f]{64}( [0-9]{2,3}-[0-9]{3}:[0-9a-f]{8})*"
    )
    secret_tags: tuple[tuple[str, str], ...] = _setting(_tags)
    kms_key_arn: str = _arn("a KMS key", "kms", r"key/[A-Za-z0-9-]+")
    operator_emails: tuple[str, ...] = _setting(_emails)
    topic_arn: str = _arn("an SNS topic", "sns", r"[A-Za-z0-9_-]+")
    event_bus_arn: str = _arn("an EventBridge bus", "events", r"event-bus/[A-Za-z0-9._/-]+")
    # Of the users who have some; no parameter of its own: see `with_user_options`.
    user_options: Mapping[str, UserOptions] = field(default_factory=dict)
    # All names in `users`, and whether the entry has an address; see `parse_user_names`.
    user_names: Mapping[str, bool] = field(default_factory=dict)

    def options_of(self, user_name: str) -> UserOptions:
        """The options of a user, who may have none."""
        return self.user_options.get(user_name) or UserOptions()

    def readers_of(self, user_name: str | None) -> tuple[str, ...]:
        """Who else may read the secret of this user: everybody's readers, and their own. Of a user
        who is gone (None) only everybody's."""
        own = () if user_name is None else self.options_of(user_name).reader_arns
        return tuple(dict.fromkeys((*self.secret_reader_arns, *own)))

    @property
    def reach(self) -> Reach:
        return Reach(self.user_path_prefix, self.never_user_arns)

    @property
    def account_id(self) -> str:
        """The account of the installation."""
        return self.topic_arn.split(":")[4]

    @property
    def root_arn(self) -> str:
        """The account as a principal."""
        return f"arn:{self.topic_arn.split(':')[1]}:iam::{self.account_id}:root"

    def is_own_key(self, kms_key_id: str | None) -> bool:
        """Whether `kms_key_arn` encrypts a secret. Secrets Manager shows a key as it was named: by
        ARN or id. An alias is none of them, since it may point at another key by now."""
        return kms_key_id in (self.kms_key_arn, self.kms_key_arn.rsplit("/", 1)[1])


def parse_settings(parameters: Mapping[str, str], path: str) -> Settings:
    """Settings from the parameters found under `path`, keyed by their last name segment.

    Raises SettingsError naming the first parameter at fault. Parameters that are not settings are
    ignored: a newer version of the module may have written them.
    """
    values: dict[str, Any] = {}
    for setting in fields(Settings):
        if "parse" not in setting.metadata:
            continue
        parameter = f"{path}/{setting.name}"
        if setting.name not in parameters:
            raise SettingsError(f"parameter {parameter} is missing")
        try:
            values[setting.name] = setting.metadata["parse"](parameters[setting.name])
        except ValueError as error:
            raise SettingsError(f"parameter {parameter} {error}") from None
    try:
        settings = Settings(**values, user_names=parse_user_names(parameters, path))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    for name, problem in contradictions(settings):
        raise SettingsError(f"parameter {path}/{name} {problem}")
    return settings


def with_user_options(settings: Settings, chunks: Mapping[str, str], path: str) -> Settings:
    """The settings with the options of single users, from the parameters found under `path`.

    Raises SettingsError if the parameters are not those that Terraform wrote, naming which, or
    one is malformed.
    """
    wrong = not_as_written(chunks, settings.user_options_sha256, path)
    if wrong is not None:
        raise SettingsError(
            f"the parameters under {path} are not as Terraform wrote them ({wrong}): an apply is "
            "under way, or somebody changed them beside Terraform. Find out who, and apply again"
        )
    try:
        return replace(settings, user_options=parse_user_options(chunks, path))
    except ValueError as error:
        raise SettingsError(str(error)) from None
