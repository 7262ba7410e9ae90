"""The secret's passwords for SMTP, on the AWS wire."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.credentials import ProcessProvider

from key_rotation.domain.ses_smtp import smtp_password
from tests.aws.account import Account


def smtp_of(account: Account) -> Any:
    return account.secret_value().get("Smtp")


def test_the_secret_holds_a_password_for_each_region(account: Account) -> None:
    account.set_user_options({"alice": {"smtp_regions": ["eu-west-1", "us-east-1"]}})
    account.add_user("alice", 90)
    account.add_user("bob", 90)

    account.run()

    value = account.secret_value()
    assert value["Smtp"] == {
        region: {
            "UserName": value["AccessKeyId"],
            "Password": smtp_password(value["SecretAccessKey"], region),
        }
        for region in ("eu-west-1", "us-east-1")
    }
    assert "Smtp" not in account.secret_value("bob")


def test_it_is_still_an_answer_of_a_credential_process(account: Account) -> None:
    account.set_user_options({"alice": {"smtp_regions": ["eu-west-1"]}})
    account.add_user("alice", 90)
    account.run()
    answer = json.dumps(account.secret_value())

    def process(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(communicate=lambda: (answer.encode(), b""), returncode=0)

    profile = {"profiles": {"rotated": {"credential_process": "any"}}}
    found = ProcessProvider("rotated", lambda: profile, popen=process).load()

    assert found is not None
    assert found.access_key == account.secret_value()["AccessKeyId"]


def test_a_region_that_is_added_comes_with_the_next_rotation(account: Account) -> None:
    """The function cannot read the key that it has stored."""
    account.add_user("alice", 90)
    account.run()
    account.set_user_options({"alice": {"smtp_regions": ["eu-west-1"]}})
    account.pass_days(1)
    account.run()
    assert smtp_of(account) is None

    account.pass_days(89)
    account.run()

    assert list(smtp_of(account)) == ["eu-west-1"]


def test_a_first_key_has_it_too_and_nothing_else_does(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "key_rotation")
    account.set_user_options({"alice": {"first_key": True, "smtp_regions": ["eu-west-1"]}})
    account.add_user("alice")

    response = account.run()

    password = smtp_of(account)["eu-west-1"]["Password"]
    messages = account.messages("alice") + account.messages("operators")
    said = [*(str(vars(record)) for record in caplog.records), str(messages), str(response)]
    assert password not in "".join(said)
    assert account.secret_value()["SecretAccessKey"] not in "".join(said)
