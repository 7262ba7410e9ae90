"""Who asks, for the log: what STS knows, or nothing if it does not say."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config

from key_rotation_cli.caller import signed
from key_rotation_cli.screen import Screen
from tests.aws.account import ACCOUNT_ID, SESSION, Account
from tests.aws.answering_server import answering_server

PAYLOAD = {"rotate": {"users": ["alice"], "reason": "the supplier left"}}


def sts(url: str) -> Any:
    once = Config(retries={"total_max_attempts": 1})
    return SESSION.client("sts", endpoint_url=url, config=once)


def test_the_payload_names_who_asks(account: Account) -> None:
    arn = account.client("sts").get_caller_identity()["Arn"]

    assert signed(PAYLOAD, account.client("sts"), Screen()) == {**PAYLOAD, "requested_by": arn}
    assert f"::{ACCOUNT_ID}:" in arn


def test_a_proxy_that_answers_in_place_of_sts_hinders_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with answering_server() as proxy:
        assert signed(PAYLOAD, sts(proxy.url), Screen()) == PAYLOAD

    assert "the log will not say who asked: Unable to parse" in capsys.readouterr().err


def test_an_arn_that_the_function_would_refuse_hinders_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Odd:
        """Another partition may have other ARNs."""

        @staticmethod
        def get_caller_identity() -> dict[str, str]:
            return {"Arn": "arn of somebody"}

    assert signed(PAYLOAD, Odd, Screen()) == PAYLOAD
    assert "requested_by must be the ARN" in capsys.readouterr().err
