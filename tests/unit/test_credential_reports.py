"""The credential report as AWS writes it, and as it must not be trusted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from key_rotation.aws.credential_report import parse_report
from key_rotation.domain.credential_report import Row, Slot
from key_rotation.ports import NoCredentialReportError

COLUMNS = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used"),
    *("password_last_changed", "password_next_rotation", "mfa_active"),
    *("access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date"),
    *("access_key_1_last_used_region", "access_key_1_last_used_service"),
    *("access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date"),
    *("access_key_2_last_used_region", "access_key_2_last_used_service"),
    *("cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"),
)
HEADER = ",".join(COLUMNS)
ROOT = "<root_account>,arn:aws:iam::123456789012:root,2014-01-01T00:00:00+00:00" + (
    ",not_supported,2025-01-01T00:00:00+00:00,not_supported,not_supported,true"
    ",true,2014-01-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
)


def line(name: str = "alice", **cells: str) -> str:
    values = dict.fromkeys(COLUMNS, "N/A") | {
        "user": name,
        "arn": f"arn:aws:iam::123456789012:user/team/{name}",
        "user_creation_time": "2026-01-01T08:00:00+00:00",
        "access_key_1_active": "false",
        "access_key_2_active": "false",
    }
    return ",".join((values | cells).values())


def rows(*lines: str) -> dict[str, Row]:
    return parse_report("\n".join([HEADER, *lines]) + "\n")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_a_user_with_two_keys() -> None:
    found = rows(
        ROOT,
        line(
            access_key_1_active="true",
            access_key_1_last_rotated="2026-03-01T08:00:00+00:00",
            access_key_1_last_used_date="2026-05-01T09:00:00+02:00",
            access_key_2_last_rotated="2025-12-01T08:00:00+00:00",
        ),
    )

    assert found == {
        "alice": Row(
            utc(2026, 1, 1, 8),
            (
                Slot(True, utc(2026, 3, 1, 8), utc(2026, 5, 1, 7)),
                Slot(False, utc(2025, 12, 1, 8), None),
            ),
        )
    }


@pytest.mark.parametrize("word", ["N/A", "no_information", "not_supported", ""])
def test_what_is_no_time_is_none(word: str) -> None:
    found = rows(line(access_key_1_active="true", access_key_1_last_rotated=word))

    assert found["alice"].slots[0] == Slot(True, None, None)


def test_capitals_are_read_as_well() -> None:
    assert rows(line(access_key_1_active="TRUE"))["alice"].slots[0].active


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(line(access_key_1_active="maybe"), id="neither active nor not"),
        pytest.param(line(user_creation_time="N/A"), id="made at no time"),
        pytest.param(line(user_creation_time="2026-01-01T08:00:00"), id="in no time zone"),
        pytest.param(line("a,b"), id="a comma in the name, not quoted"),
        pytest.param(line() + ",more", id="more cells than columns"),
        pytest.param("alice", id="cut off"),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out(spoilt: str) -> None:
    """So that its user is looked at."""
    assert list(rows(spoilt, line("bob"))) == ["bob"]


def test_a_quoted_name_may_hold_a_comma() -> None:
    quoted = line('"a,b"', arn='"arn:aws:iam::123456789012:user/a,b"')

    assert list(rows(quoted)) == ["a,b"]


def test_columns_may_come_in_any_order_and_more_of_them() -> None:
    text = f"new,{HEADER}\nx,{line(access_key_2_active='true')}\n"

    assert parse_report(text)["alice"].slots[1].active


@pytest.mark.parametrize("text", ["", "user,arn\n", "<html></html>"])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(NoCredentialReportError, match="has no column"):
        parse_report(text)
