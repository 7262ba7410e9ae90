"""Credentials for the SMTP interface of Amazon SES, derived from an access key by AWS's algorithm.

https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html, "by converting existing AWS
credentials". Standard library only.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable

from .model import NewAccessKey

# The date stands for any. The first byte of a password is the version of the algorithm.
_SCOPE = ("11111111", "{region}", "ses", "aws4_request", "SendRawEmail")
_VERSION = b"\x04"


def smtp_password(secret_access_key: str, region: str) -> str:
    """The password for one region: another region refuses it."""
    signature = f"AWS4{secret_access_key}".encode()
    for part in _SCOPE:
        signature = hmac.digest(signature, part.format(region=region).encode(), "sha256")
    return b64encode(_VERSION + signature).decode()


def smtp_credentials(key: NewAccessKey, regions: Iterable[str]) -> dict[str, dict[str, str]]:
    """`{"eu-west-1": {"UserName": …, "Password": …}}`; the passwords are as secret as the key."""
    return {
        region: {
            "UserName": key.access_key.id,
            "Password": smtp_password(key.secret_access_key, region),
        }
        for region in regions
    }
