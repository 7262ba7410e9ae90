"""What people and a chat channel get of the first run of examples/complete."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.localstack.backdoor import Mail
from tests.stage.account import mails_about
from tests.stage.example import OPERATORS

from .stage import Stage


def mails_to(stage: Stage, user: str) -> list[Mail]:
    """The mails to an owner; a service's come to an operator's address."""
    address = stage.outputs["iam_users"][user]["email"]
    return mails_about(stage.account, stage.outputs["topic_arn"], f" of {user} in ", address)


@pytest.mark.parametrize(
    ("user", "subject"),
    [
        ("it-alice", "was replaced"),
        ("it-build-agent", "was replaced"),
        ("it-dave", "will be replaced"),
        ("it-frank", "is disabled"),
    ],
)
def test_each_owner_gets_one_mail(stage: Stage, user: str, subject: str) -> None:
    [mail] = mails_to(stage, user)

    assert subject in mail["subject"]


def test_the_mail_says_until_when_the_old_key_works(stage: Stage) -> None:
    [old] = stage.held["it-build-agent"]
    [mail] = mails_to(stage, "it-build-agent")

    received = datetime.fromisoformat(mail["received_at"]).astimezone(UTC)
    week = [received + timedelta(days=7, minutes=-m) for m in range(3)]
    ends = [f"Old key: {old.id}, works until {day:%Y-%m-%d %H:%M} UTC" for day in week]
    assert any(line in mail["message"] for line in ends), ends


def test_the_operators_get_one_digest_with_the_users_that_have_no_address(stage: Stage) -> None:
    new = stage.secret("it-legacy-import")["AccessKeyId"]
    [digest] = stage.account.backdoor.wait_for_mails(
        OPERATORS, lambda mail: "it-legacy-import: " in mail["message"]
    )

    assert "Access key rotation in " in digest["subject"]
    text = " ".join(digest["message"].split())
    assert f"it-legacy-import: new key {new} is in the secret" in text


def test_the_operators_get_nothing_but_digests(stage: Stage) -> None:
    mails = mails_about(stage.account, stage.outputs["topic_arn"], "", OPERATORS)

    assert mails
    assert [m["subject"] for m in mails if "Access key rotation in " not in m["subject"]] == []


def test_the_chat_channel_of_one_user_shows_one_card(stage: Stage) -> None:
    [card] = stage.channel.cards()

    assert stage.secret("it-alice")["AccessKeyId"] in card["content"]["description"]
    assert any("aws secretsmanager" in step for step in card["content"]["nextSteps"])
