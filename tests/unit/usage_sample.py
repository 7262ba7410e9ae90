"""The use of a key as docs/cli.md shows it; the account is made up."""

from __future__ import annotations

from key_rotation_cli.usage.answer import Usage
from key_rotation_cli.usage.keys import LastUse, UserKey
from key_rotation_cli.usage.lookup import Period, Reading
from key_rotation_cli.usage.trail import Call
from tests.unit.builders import ACCOUNT, NOW, ago

_KEY = "AKIADFFE85964EXAMPLE"
_NIGHTLY, _BY_HAND = "Boto3/1.34.0 exec-env/AWS_ECS_FARGATE", "aws-cli/2.15.0 md/command#s3.ls"


def usage_sample() -> Usage:
    """A job that comes every night, and somebody who tried twice by hand and was refused once."""
    nightly = [
        _call(days + 0.4, "203.0.113.7", _NIGHTLY, "sts.amazonaws.com") for days in range(89)
    ]
    by_hand = [
        _call(days, "198.51.100.24", _BY_HAND, "s3.amazonaws.com", error)
        for days, error in ((12.3, None), (12.2, "AccessDenied"))
    ]
    key = UserKey(_KEY, "Active", ago(93.4), LastUse(ago(0.39), "s3", "eu-west-1"))
    calls = sorted([*nightly, *by_hand], key=lambda call: call.at, reverse=True)
    readings = [Reading("eu-west-1", _KEY, tuple(calls)), Reading("us-east-1", _KEY, ())]
    regions = [reading.region for reading in readings]
    return Usage("legacy-import", ACCOUNT, Period(NOW, 90), regions, [key], readings)


def _call(days: float, address: str, agent: str, service: str, error: str | None = None) -> Call:
    return Call(f"{service}-{days}", ago(days), address, agent, service, "eu-west-1", error)
