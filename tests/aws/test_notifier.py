"""Messages on the wire of SNS: who would get them, and how many a second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from key_rotation.aws.notifier import MAILS_PER_SECOND, TopicNotifier
from key_rotation.domain.model import Audience, Event, UserRef
from key_rotation.notify.message import Message
from tests.aws.account import ACCOUNT_ID, Account

MESSAGE = Message("subject", "text", {"event": "warned", "account_id": ACCOUNT_ID}, "summary")
MAILS = 4 * MAILS_PER_SECOND


def user(name: str) -> UserRef:
    return UserRef(name, f"AIDA{name}", f"arn:aws:iam::{ACCOUNT_ID}:user/{name}")


@pytest.fixture
def notifier(account: Account) -> TopicNotifier:
    return TopicNotifier(lambda: account.client("sns"), account.topic_arn, 1, account.clock)


def subscribe(account: Account, address: str, filter_policy: str) -> str:
    answer: dict[str, Any] = account.client("sns").subscribe(
        TopicArn=account.topic_arn,
        Protocol="email",
        Endpoint=address,
        Attributes={"FilterPolicy": filter_policy},
        ReturnSubscriptionArn=True,
    )
    return str(answer["SubscriptionArn"])


def seconds(account: Account, work: Callable[[], None]) -> float:
    began: datetime = account.clock.now()
    work()
    return (account.clock.now() - began).total_seconds()


def test_one_address_gets_no_more_mails_a_second_than_sns_bears(
    account: Account, notifier: TopicNotifier
) -> None:
    subscribe(account, "team@example.com", '{"audience": ["user"]}')

    def tell() -> None:
        for number in range(MAILS + 1):
            notifier.notify(user(f"u{number}"), Event.WARNED, MESSAGE)

    assert seconds(account, tell) == pytest.approx(4, abs=0.01)


def test_addresses_do_not_wait_for_each_other(account: Account, notifier: TopicNotifier) -> None:
    for number in range(MAILS):
        subscribe(account, f"u{number}@example.com", f'{{"user": ["u{number}"]}}')

    def tell() -> None:
        for number in range(MAILS):
            notifier.notify(user(f"u{number}"), Event.WARNED, MESSAGE)

    assert seconds(account, tell) == 0


@pytest.mark.parametrize("by_mail", [True, False], ids=["by mail", "a queue alone"])
def test_the_parts_of_a_digest_are_paced(
    account: Account, notifier: TopicNotifier, by_mail: bool
) -> None:
    if by_mail:
        subscribe(account, "operators@example.com", '{"audience": ["operator"]}')

    def tell() -> None:
        for _ in range(MAILS + 1):
            notifier.notify_operators(MESSAGE)

    assert seconds(account, tell) == pytest.approx(4 if by_mail else 0, abs=0.01)


def test_a_subscription_that_ended_meanwhile_gets_nothing(account: Account) -> None:
    class Sns:
        """moto's, but for the moment between the list and the look."""

        def __init__(self) -> None:
            self._sns = account.client("sns")

        def __getattr__(self, name: str) -> Any:
            return getattr(self._sns, name)

        def get_subscription_attributes(self, **given: Any) -> Any:
            if given["SubscriptionArn"] == gone:
                self._sns.unsubscribe(SubscriptionArn=gone)
            return self._sns.get_subscription_attributes(**given)

    gone = subscribe(account, "carol@example.com", '{"user": ["carol"]}')
    sns: Any = Sns()
    notifier = TopicNotifier(lambda: sns, account.topic_arn, 1, account.clock)

    assert notifier.audience(user("carol"), Event.ROTATED) is Audience.OPERATOR


# -- the operators of the settings -----------------------------------------------------------------

OPERATORS = ("Ops@example.com", "other@example.com")
DIGEST = '{"audience": ["operator"]}'


class WithPending:
    """moto's SNS, which confirms at once, with one address that has not confirmed."""

    def __init__(self, account: Account, address: str) -> None:
        self._sns, self._address = account.client("sns"), address

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sns, name)

    def get_paginator(self, _operation: str) -> Any:
        return self

    def paginate(self, **given: Any) -> list[Any]:
        pending = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email"}
        pending["Endpoint"] = self._address
        return [self._sns.list_subscriptions_by_topic(**given), {"Subscriptions": [pending]}]


def with_operators(account: Account, sns: Any = None) -> TopicNotifier:
    client = sns or account.client("sns")
    return TopicNotifier(lambda: client, account.topic_arn, 1, account.clock, OPERATORS)


def test_a_strangers_subscription_is_no_operator(account: Account) -> None:
    subscribe(account, "eve@example.com", DIGEST)  # beside the queue of the fixture

    assert with_operators(account).audience(user("bob"), Event.ROTATED) is Audience.NOBODY

    subscribe(account, "ops@EXAMPLE.com", DIGEST)

    assert with_operators(account).audience(user("bob"), Event.ROTATED) is Audience.OPERATOR


def test_without_operators_in_the_settings_any_subscription_to_the_digest_counts(
    account: Account, notifier: TopicNotifier
) -> None:
    assert notifier.audience(user("bob"), Event.ROTATED) is Audience.OPERATOR
    assert notifier.unreached_operators() == []


def test_operators_who_do_not_get_the_digest_are_known(account: Account) -> None:
    subscribe(account, "other@example.com", '{"audience": ["user"]}')

    found = with_operators(account, WithPending(account, "ops@example.com")).unreached_operators()

    assert [(operator.email, operator.why) for operator in found] == [
        ("Ops@example.com", "has not confirmed the subscription"),
        (
            "other@example.com",
            "has a subscription whose filter does not admit the digest: apply again",
        ),
    ]


def test_an_operator_whose_subscription_ended_is_known(account: Account) -> None:
    ended = subscribe(account, "ops@example.com", DIGEST)
    subscribe(account, "other@example.com", DIGEST)
    assert with_operators(account).unreached_operators() == []

    account.client("sns").unsubscribe(SubscriptionArn=ended)

    [gone] = with_operators(account).unreached_operators()
    assert gone.email == "Ops@example.com"
    assert gone.why.startswith("has no subscription any more")
