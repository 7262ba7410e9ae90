"""In which regions a key's calls are looked for."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import UnknownRegionError

from key_rotation_cli.usage.regions import likely_regions

SESSION = boto3.session.Session("testing", "testing", region_name="eu-west-1")


@pytest.mark.parametrize(
    ("own", "last_used", "expected"),
    [
        pytest.param("eu-west-1", [], ["eu-west-1", "us-east-1"], id="never used"),
        pytest.param("us-east-1", [], ["us-east-1"], id="one and the same"),
        pytest.param(
            "eu-west-1",
            ["eu-central-1", "us-east-1", "eu-central-1"],
            ["eu-west-1", "us-east-1", "eu-central-1"],
            id="each once",
        ),
        pytest.param("eu-west-1", [None, "N/A"], ["eu-west-1", "us-east-1"], id="not known"),
        pytest.param("eu-west-1", ["cn-north-1"], ["eu-west-1", "us-east-1"], id="elsewhere"),
        pytest.param("cn-northwest-1", ["us-east-1"], ["cn-northwest-1", "cn-north-1"], id="China"),
        pytest.param(
            "us-gov-east-1",
            ["us-gov-east-1"],
            ["us-gov-east-1", "us-gov-west-1"],
            id="GovCloud",
        ),
        pytest.param("eu-new-1", [], ["eu-new-1", "us-east-1"], id="newer than botocore"),
    ],
)
def test_regions(own: str, last_used: list[str | None], expected: list[str]) -> None:
    assert likely_regions(SESSION, own, last_used) == expected


def test_what_is_no_region_is_an_error() -> None:
    with pytest.raises(UnknownRegionError):
        likely_regions(SESSION, "N/A", [])


class NotSentError(Exception):
    """The request was signed, and goes no further."""


def signed_for(region: str) -> str:
    """The region for which botocore signs IAM's requests, if it is asked from there."""
    signed: list[str] = []

    def note(region_name: str, **_: Any) -> None:
        signed.append(region_name)

    def stop(**_: Any) -> None:
        raise NotSentError

    iam = SESSION.client("iam", region)
    iam.meta.events.register("before-sign.iam", note)
    iam.meta.events.register("before-send.iam", stop)
    with pytest.raises(NotSentError):
        iam.list_users()
    return signed[-1]


@pytest.mark.parametrize("partition", SESSION.get_available_partitions())
def test_events_of_global_services_are_where_iam_is(partition: str) -> None:
    """In every partition that botocore knows."""
    own = SESSION.get_available_regions("cloudtrail", partition)[-1]

    assert set(likely_regions(SESSION, own, [])) == {own, signed_for(own)}
