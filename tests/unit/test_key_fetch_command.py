"""The environment of the command that `key-fetch env` runs."""

from __future__ import annotations

from key_fetch.run_command import environment_with
from tests.unit.pulling_host import NEW, OLD


def test_the_key_takes_the_place_of_all_other_credentials() -> None:
    before = {
        "PATH": "/bin",
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/etc/aws/config",
        "AWS_ACCESS_KEY_ID": OLD.id,
        "AWS_SECRET_ACCESS_KEY": OLD.secret,
        "AWS_SESSION_TOKEN": "token",
        "AWS_SECURITY_TOKEN": "token",
        "AWS_CREDENTIAL_EXPIRATION": "2026-06-01T12:00:00Z",
        "AWS_PROFILE": "sso",
        "AWS_DEFAULT_PROFILE": "sso",
    }

    assert environment_with(NEW, before) == {
        "PATH": "/bin",
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/etc/aws/config",
        "AWS_ACCESS_KEY_ID": NEW.id,
        "AWS_SECRET_ACCESS_KEY": NEW.secret,
    }
