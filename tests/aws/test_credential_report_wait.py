"""How long a run waits for the credential report, counted from its request."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from bench.population import Population
from key_rotation.aws.credential_report import IamCredentialReports
from tests.aws.emulated import Wire


def read_report(wire: Wire, listing: float = 0.0, **how: timedelta) -> float:
    """When the report was there, in seconds since its request; the users took `listing`."""
    reports = IamCredentialReports(wire.client("iam"), wire.clock, **how)
    asked_at = wire.clock.seconds
    reports.request()
    wire.clock.sleep(listing)
    reports.read()
    return wire.clock.seconds - asked_at


@pytest.mark.parametrize(
    ("takes", "listing", "looks", "seconds"),
    [
        pytest.param(2.0, 0.0, 1, 2.0, id="no look before it can be there"),
        pytest.param(5.0, 0.0, 3, 5.12, id="the waits grow with the time that it took so far"),
        pytest.param(5.0, 1.5, 3, 5.12, id="listing the users is no part of a wait"),
        pytest.param(5.0, 4.0, 2, 6.4, id="a long listing takes the place of looks"),
        pytest.param(5.0, 9.0, 1, 9.0, id="made while the users were listed"),
    ],
)
def test_the_report_is_looked_for_from_its_request_on(
    takes: float, listing: float, looks: int, seconds: float
) -> None:
    wire = Wire(Population(5, due=0), {}, report_seconds=takes)

    assert read_report(wire, listing) == pytest.approx(seconds)
    assert wire.calls["iam:GetCredentialReport"] == looks


def test_a_report_that_is_there_is_read_at_once() -> None:
    wire = Wire(Population(5, due=0), {}, report_seconds=5.0)
    read_report(wire)
    wire.calls.clear()

    assert read_report(wire) == 0.0
    assert wire.calls["iam:GetCredentialReport"] == 1


def test_whoever_looks_on_waits_no_longer_than_told() -> None:
    wire = Wire(Population(5, due=0), {}, report_seconds=8.0)

    assert read_report(wire, longest_wait=timedelta(seconds=1)) == pytest.approx(8.0)


@pytest.mark.parametrize("listing", [0.0, 100.0])
def test_half_a_minute_is_waited_and_no_longer(listing: float) -> None:
    wire = Wire(Population(5, due=0), {}, report_seconds=1000.0)

    with pytest.raises(ClientError, match="ReportInProgress"):
        read_report(wire, listing)

    assert wire.clock.seconds == pytest.approx(listing + 30.0)
    assert wire.calls["iam:GetCredentialReport"] <= 8
