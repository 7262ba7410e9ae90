"""Who reads, and who is notified, is as Terraform wrote it, or nothing is done."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from key_rotation import handler
from key_rotation.domain.pins import PINNED
from key_rotation.domain.settings import SettingsError
from tests.aws.account import ACCOUNT_ID, PATH, Account

OTHERS = {
    "kms_key_arn": f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/of-somebody-else",
    "operator_emails": '["stranger@example.com"]',
    "require_confirmed_subscription": "false",
    "secret_name_prefix": "elsewhere/",
    "secret_reader_arns": json.dumps([f"arn:aws:iam::{ACCOUNT_ID}:role/slipped-in"]),
    "topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT_ID}:another",
    "user_options_sha256": "0" * 64,
    "user_tag": json.dumps({"key": "Name", "value": "everybody"}),
}


class Context:
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def invoke(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> dict[str, Any]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return handler.lambda_handler({}, Context())


def assert_untouched(account: Account, key: str) -> None:
    assert account.statuses() == {key: "Active"}
    assert account.client("secretsmanager").list_secrets()["SecretList"] == []


def test_each_pinned_setting_is_tried() -> None:
    assert OTHERS.keys() == PINNED


def test_terraform_pins_what_the_function_demands() -> None:
    """If it pinned less, no run would begin."""
    settings = (Path(__file__).resolve().parents[2] / "settings.tf").read_text()
    [listed] = re.findall(r"pinned_settings = \{\s+for name in \[(.*?)\]", settings, re.DOTALL)

    assert set(re.findall(r'"(\w+)"', listed)) == PINNED


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_pinned_parameter_that_somebody_changed_ends_the_run_before_the_first_change(
    account: Account, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    [key] = account.add_user("alice", 90)
    account.set_parameter(name, OTHERS[name])

    with pytest.raises(SettingsError, match=f"^parameter {PATH}/{name} is not as Terraform wrote"):
        invoke(monkeypatch, account.environment())

    assert_untouched(account, key)


def test_a_parameter_put_back_lets_the_next_run_go_on(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    [key] = account.add_user("alice", 90)
    account.set_parameter("secret_reader_arns", OTHERS["secret_reader_arns"])
    with pytest.raises(SettingsError):
        invoke(monkeypatch, account.environment())
    account.set_parameter("secret_reader_arns", account.parameters["secret_reader_arns"])

    invoke(monkeypatch, account.environment())

    assert account.statuses()[key] == "Inactive"


def test_every_other_setting_can_be_edited_by_hand(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    [key] = account.add_user("alice", 61)
    account.set_parameter("max_key_age_days", "61")

    invoke(monkeypatch, account.environment())

    assert account.statuses()[key] == "Inactive"


def test_a_pinned_parameter_that_is_gone_is_named(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    [key] = account.add_user("alice", 90)
    account.client("ssm").delete_parameter(Name=f"{PATH}/user_tag")

    with pytest.raises(SettingsError, match=f"^parameter {PATH}/user_tag is missing$"):
        invoke(monkeypatch, account.environment())

    assert_untouched(account, key)


@pytest.mark.parametrize(
    ("pins", "problem"),
    [
        pytest.param("", "PINNED_SETTINGS is missing", id="none"),
        pytest.param("{}", "PINNED_SETTINGS lacks kms_key_arn, ", id="none of them"),
        pytest.param("[]", "PINNED_SETTINGS must be JSON", id="a list"),
        pytest.param("{", "PINNED_SETTINGS must be JSON", id="no JSON"),
        pytest.param('{"topic_arn": "*"}', "PINNED_SETTINGS must be JSON", id="no hash"),
        pytest.param('{"topic_arn": null}', "PINNED_SETTINGS must be JSON", id="null"),
    ],
)
def test_an_environment_without_pins_does_not_end_the_check(
    account: Account, monkeypatch: pytest.MonkeyPatch, pins: str, problem: str
) -> None:
    [key] = account.add_user("alice", 90)

    with pytest.raises(SettingsError, match=problem):
        invoke(monkeypatch, account.environment() | {"PINNED_SETTINGS": pins})

    assert_untouched(account, key)


@pytest.mark.parametrize("name", sorted(PINNED))
def test_no_pin_may_be_left_out(
    account: Account, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    [key] = account.add_user("alice", 90)
    environment = account.environment()
    pins = json.loads(environment["PINNED_SETTINGS"])
    del pins[name]

    with pytest.raises(SettingsError, match=f"PINNED_SETTINGS lacks {name}"):
        invoke(monkeypatch, environment | {"PINNED_SETTINGS": json.dumps(pins)})

    assert_untouched(account, key)
