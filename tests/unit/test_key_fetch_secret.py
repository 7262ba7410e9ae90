"""The value of the secret: a key, a placeholder, or something else."""

from __future__ import annotations

import json

import pytest

from key_fetch.failures import Exit, FetchError
from key_fetch.key import Identity, Key
from key_fetch.secret import Secret, parse, region_of
from tests.unit.pulling_host import ACCOUNT, ARN, NEW, OWNER, SOMEBODY_ELSE, STRANGER

VALUE = {"Version": 1, "AccessKeyId": NEW.id, "SecretAccessKey": NEW.secret}
HUSH = "wJalrXUtnFEMI"


@pytest.mark.parametrize("more", [{}, {"UserName": "build-agent", "Smtp": {"eu-west-1": {}}}])
def test_a_key_and_whatever_else_there_is(more: dict[str, object]) -> None:
    found = parse(json.dumps(VALUE | more), ARN)

    assert found == Secret(ARN, NEW, "build-agent" if more else None)
    assert found.account == ACCOUNT


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"Version": 1, "UserName": "a", "AccountId": ACCOUNT, "Placeholder": "none"}),
        "There is no access key here yet.",
    ],
)
def test_a_placeholder(text: str) -> None:
    with pytest.raises(FetchError, match="holds no key yet") as failure:
        parse(text, ARN)

    assert failure.value.status == Exit.PLACEHOLDER
    assert ARN in str(failure.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="bytes"),
        pytest.param(f'["{HUSH}"]', id="list"),
        pytest.param(f'"{HUSH}"', id="string"),
        pytest.param("null", id="null"),
        pytest.param(f'{{"AccessKeyId": "AKIA", "SecretAccessKey": "{HUSH}', id="cut off"),
        pytest.param("{}", id="empty"),
        pytest.param(json.dumps({"SecretAccessKey": HUSH}), id="no id"),
        pytest.param(json.dumps({"AccessKeyId": NEW.id}), id="no secret"),
        pytest.param(json.dumps(VALUE | {"AccessKeyId": 7}), id="id is a number"),
        pytest.param(json.dumps(VALUE | {"AccessKeyId": f"AKIA {HUSH}"}), id="id with a blank"),
        pytest.param(json.dumps(VALUE | {"SecretAccessKey": {"a": HUSH}}), id="object"),
        pytest.param(json.dumps(VALUE | {"SecretAccessKey": f"{HUSH}\n[b]"}), id="line feed"),
        pytest.param(json.dumps(VALUE | {"SecretAccessKey": f"{HUSH} "}), id="blank"),
        pytest.param(json.dumps(VALUE | {"SecretAccessKey": f"{HUSH}\u00e9"}), id="not ASCII"),
        pytest.param(json.dumps(VALUE | {"SecretAccessKey": ""}), id="nothing"),
    ],
)
def test_what_is_no_key_is_unusable_and_not_quoted(text: str | None) -> None:
    with pytest.raises(FetchError) as failure:
        parse(text, ARN)

    assert failure.value.status == Exit.UNUSABLE
    assert ARN in str(failure.value)
    assert HUSH not in str(failure.value)
    assert failure.value.__cause__ is None


@pytest.mark.parametrize(
    ("secret_id", "region"),
    [
        (ARN, "eu-west-1"),
        (
            "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:a-AbCdEf",
            "us-gov-west-1",
        ),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam/a+2Cb@c=d-AbCdEf", "eu-west-1"),
        ("iam-access-key/build-agent", None),
        ("arnold", None),
    ],
)
def test_the_region_of_an_arn(secret_id: str, region: str | None) -> None:
    assert region_of(secret_id) == region


@pytest.mark.parametrize("secret_id", ["arn:aws:iam::123456789012:user/a", "arn:", f"{ARN} x"])
def test_an_arn_of_something_else(secret_id: str) -> None:
    with pytest.raises(FetchError, match="neither the ARN of a secret nor a name") as failure:
        region_of(secret_id)
    assert failure.value.status == Exit.USAGE


@pytest.mark.parametrize(
    ("user", "owner", "may"),
    [
        ("build-agent", OWNER, True),
        (None, OWNER, True),
        ("build-agent", Identity(f"arn:aws:iam::{ACCOUNT}:user/ci/build-agent", ACCOUNT), True),
        ("build-agent", SOMEBODY_ELSE, False),
        ("build-agent", STRANGER, False),
        (None, STRANGER, False),
    ],
)
def test_whose_the_key_may_be(user: str | None, owner: Identity, may: bool) -> None:
    assert Secret(ARN, NEW, user).may_belong_to(owner) is may


def test_no_object_of_ours_shows_a_secret() -> None:
    key = Key("AKIA", HUSH, f"token {HUSH}")

    assert HUSH not in f"{key} {key!r} {Secret(ARN, key)} {[key]}"
