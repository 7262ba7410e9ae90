"""The settings as SSM parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..domain.settings import Settings, parse_settings, with_user_options
from ..domain.user_options import NO_OPTIONS

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

# Those that decide who can read a secret. The last one changes with each option of a user, also
# with the last one that goes.
_OF_ACCESS = ("secret_reader_arns", "kms_key_arn", "user_options_sha256")


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values by the last segment of the parameter's name. `access_changed_at` is when one of those
    that decide who can read a secret was last written: AWS dates it, so nobody can forge it."""

    values: dict[str, str]
    access_changed_at: datetime | None


def read_parameters(ssm: SSMClient, path: str) -> Parameters:
    """The parameters directly under `path`."""
    paginator = ssm.get_paginator("get_parameters_by_path")
    found = {
        parameter["Name"].removeprefix(f"{path}/"): parameter
        for page in paginator.paginate(Path=path)
        for parameter in page["Parameters"]
    }
    dates = [found[name].get("LastModifiedDate") for name in _OF_ACCESS if name in found]
    return Parameters(
        {name: parameter["Value"] for name, parameter in found.items()},
        max((date.astimezone(UTC) for date in dates if date), default=None),
    )


def settings_from(ssm: SSMClient, values: dict[str, str], path: str) -> Settings:
    """The settings that the parameters under `path` say, with the options of single users, which
    are read only if there are any.

    Raises SettingsError.
    """
    settings = parse_settings(values, path)
    if settings.user_options_sha256 == NO_OPTIONS:
        return settings
    beside = user_options_path(path)
    return with_user_options(settings, read_parameters(ssm, beside).values, beside)


def user_options_path(path: str) -> str:
    """Where the options of single users are: beside the settings."""
    return f"{path.rsplit('/', 1)[0]}/users"
