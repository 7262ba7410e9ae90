"""The password for SMTP is the one that Amazon SES takes.

AWS publishes the algorithm and no values to test it with. So it is held against two others: the
values of Terraform's AWS provider (TestSESSMTPPasswordFromSecretKeySigV4 in its
internal/service/iam/access_key_test.go), whose passwords people send mail with; and the signature
of botocore, which AWS writes, over the same parts.
"""

from __future__ import annotations

import base64
import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from key_rotation.domain.model import AccessKey, KeyStatus, NewAccessKey
from key_rotation.domain.ses_smtp import smtp_credentials, smtp_password
from tests.unit.builders import NOW

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("region", "secret_access_key", "password"),
    [
        ("eu-central-1", "some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("eu-central-1", "another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
        ("us-west-1", "some+secret+key", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
        ("us-west-1", "another+secret+key", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"),
    ],
)
def test_passwords_are_those_that_another_implementation_is_held_to(
    region: str, secret_access_key: str, password: str
) -> None:
    assert smtp_password(secret_access_key, region) == password


def by_botocore(secret_access_key: str, region: str) -> str:
    """A signature of the date 11111111 over the name of the operation, behind the version."""
    request = AWSRequest()
    request.context["timestamp"] = "11111111T000000Z"
    signer = SigV4Auth(Credentials("AKIAEXAMPLE", secret_access_key), "ses", region)
    signature = bytes.fromhex(signer.signature("SendRawEmail", request))
    return base64.b64encode(b"\x04" + signature).decode()


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
    st.sampled_from(["eu-west-1", "us-east-1", "us-gov-west-1", "ap-southeast-2"]),
)
def test_passwords_are_signatures_of_botocore(secret_access_key: str, region: str) -> None:
    assert smtp_password(secret_access_key, region) == by_botocore(secret_access_key, region)


def test_each_region_has_a_password_of_its_own() -> None:
    key = NewAccessKey(AccessKey("AKIAEXAMPLE", KeyStatus.ACTIVE, NOW), SECRET)

    found = smtp_credentials(key, ("eu-west-1", "us-east-1"))

    assert list(found) == ["eu-west-1", "us-east-1"]
    assert {credentials["UserName"] for credentials in found.values()} == {"AKIAEXAMPLE"}
    assert len({credentials["Password"] for credentials in found.values()}) == 2
    assert SECRET not in json.dumps(found)
