"""The times of AWS's answers: read fast, and as botocore reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from key_rotation_cli.connection import bare_session, timestamp


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-29T08:15:30Z",
        "2026-11-29T08:15:30.123Z",
        "2026-11-29T08:15:30+00:00",
        "2026-11-29T10:15:30+02:00",
        "20261129T081530Z",
        "Sun, 29 Nov 2026 08:15:30 GMT",
        "1795940130",
        "1795940130.5",
        1795940130,
        1795940130.5,
    ],
)
def test_a_time_is_the_one_that_botocore_reads(value: Any) -> None:
    assert timestamp(value) == parse_timestamp(value)
    assert timestamp(value).utcoffset() == parse_timestamp(value).utcoffset()
    assert timestamp(value).utcoffset() is not None


def test_a_time_without_a_zone_is_left_to_botocore() -> None:
    assert timestamp("2026-11-29T08:15:30") == parse_timestamp("2026-11-29T08:15:30")


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        timestamp("soon")


def test_the_answers_of_a_session_are_read_that_way() -> None:
    bare = bare_session()
    shape = bare.get_service_model("iam").operation_model("CreateAccessKey").output_shape
    body = (
        b"<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey>"
        b"<CreateDate>2026-11-29T10:15:30+02:00</CreateDate>"
        b"</AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>"
    )
    parser = bare.get_component("response_parser_factory").create_parser("query")

    answer = parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)

    created = answer["AccessKey"]["CreateDate"]
    assert created.utcoffset() == timedelta(hours=2)
    assert type(created.tzinfo).__module__ == "datetime"  # dateutil has a class of its own
