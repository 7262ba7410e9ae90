"""IAM's credential report: ordered, waited for, and read."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..domain.credential_report import CredentialReport, Row, Slot
from ..ports import Clock, NoCredentialReportError
from .errors import code

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# AWS says nothing of how long a report takes, so the waits grow with the time that it took so far:
# whoever waits is late by 60 % at most. Seconds.
_FIRST_LOOK = timedelta(seconds=2)
_GROWTH = 0.6
_SHORTEST_WAIT = timedelta(seconds=1)
# An account of 5,000 users is given half a minute before its users are read one by one.
_PATIENCE = timedelta(seconds=30)
_NOT_YET = ("ReportInProgress", "ReportNotPresent", "ReportExpired")
# IAM makes a new report when the last one is 4 hours old; what is much older is not to be trusted.
_TRUSTED_FOR = timedelta(hours=5)
_BOOLEANS = {"true": True, "false": False}


class IamCredentialReports:
    """The `CredentialReports` port on an IAM client. Two looks are at most `longest_wait` apart.

    The report is made while the caller does something else, so its time counts from the request.
    A report that is already there is read at once.
    """

    def __init__(
        self, iam: IAMClient, clock: Clock, longest_wait: timedelta = timedelta(seconds=16)
    ) -> None:
        self._iam = iam
        self._clock = clock
        self._longest_wait = longest_wait
        self._requested_at = clock.now()
        self._is_there = False

    def request(self) -> None:
        self._is_there = self._iam.generate_credential_report().get("State") == "COMPLETE"
        self._requested_at = self._clock.now()

    def read(self) -> CredentialReport:
        give_up_at = self._clock.now() + _PATIENCE
        if not self._is_there:
            self._sleep(self._requested_at + _FIRST_LOOK - self._clock.now())
        while True:
            try:
                answer = self._iam.get_credential_report()
                break
            except ClientError as error:
                left = give_up_at - self._clock.now()
                if code(error) not in _NOT_YET or left <= timedelta(0):
                    raise
            passed = self._clock.now() - self._requested_at
            self._sleep(min(max(passed * _GROWTH, _SHORTEST_WAIT), self._longest_wait, left))
        generated = answer["GeneratedTime"].astimezone(UTC)
        if self._clock.now() - generated > _TRUSTED_FOR:
            raise NoCredentialReportError(f"the report is of {generated:%Y-%m-%d %H:%M} UTC")
        return CredentialReport(generated, parse_report(answer["Content"].decode()))

    def _sleep(self, wait: timedelta) -> None:
        if wait > timedelta(0):
            self._clock.sleep(wait.total_seconds())


def parse_report(text: str) -> dict[str, Row]:
    """The rows of the users, by name; the account's root user has none.

    A row that cannot be read is left out: its user is looked at like one that the report does not
    know. Raises NoCredentialReportError if it is not a credential report at all.
    """
    lines = csv.reader(io.StringIO(text))
    header = next(lines, [])
    wanted = {"user", "arn", "user_creation_time", *_slot_columns(1), *_slot_columns(2)}
    if missing := sorted(wanted - set(header)):
        raise NoCredentialReportError(f"the report has no column {missing[0]}")
    rows = {}
    for line in lines:
        if len(line) != len(header):
            continue
        cells = dict(zip(header, line, strict=True))
        created = _time(cells["user_creation_time"])
        first, second = _slot(cells, 1), _slot(cells, 2)
        is_user = ":user/" in cells["arn"]
        if is_user and created is not None and first is not None and second is not None:
            password = _BOOLEANS.get(cells.get("password_enabled", "").lower())
            rows[cells["user"]] = Row(created, (first, second), password)
    return rows


def _slot_columns(number: int) -> tuple[str, str, str]:
    slot = f"access_key_{number}"
    return f"{slot}_active", f"{slot}_last_rotated", f"{slot}_last_used_date"


def _slot(cells: dict[str, str], number: int) -> Slot | None:
    active, rotated, used = (cells[column] for column in _slot_columns(number))
    is_active = _BOOLEANS.get(active.lower())
    return None if is_active is None else Slot(is_active, _time(rotated), _time(used))


def _time(text: str) -> datetime | None:
    """A moment in UTC; None for N/A and the like."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else None
