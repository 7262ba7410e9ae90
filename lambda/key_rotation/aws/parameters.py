"""The settings as SSM parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


def read_parameters(ssm: SSMClient, path: str) -> dict[str, str]:
    """The values of the parameters directly under `path`, by the last segment of their names."""
    paginator = ssm.get_paginator("get_parameters_by_path")
    return {
        parameter["Name"].removeprefix(f"{path}/"): parameter["Value"]
        for page in paginator.paginate(Path=path)
        for parameter in page["Parameters"]
    }
