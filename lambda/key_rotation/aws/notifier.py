"""Messages through the SNS topic, and who would get them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from ..concurrent import map_concurrent
from ..domain.model import Audience, Event, UserRef
from ..notify.message import Message
from ..ports import Clock
from .filters import admits
from .rate_limiter import RateLimiter

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import SubscriptionTypeDef

# SNS ends a subscription by e-mail that gets more than 10 a second. These are the starts of calls,
# which bunch up on their way.
MAILS_PER_SECOND = 5


@dataclass(frozen=True, slots=True)
class _Subscription:
    """A confirmed one, as far as it matters; e-mail has a `pace`."""

    filter_policy: str | None
    filter_policy_scope: str | None
    pace: RateLimiter | None

    def gets(self, attributes: Mapping[str, str]) -> bool:
        return admits(self.filter_policy, self.filter_policy_scope, attributes)


class TopicNotifier:
    """The `Notifier` port on an SNS client, made when first needed; the subscriptions are read
    once per run, whichever thread asks first, and `max_workers` of them side by side."""

    def __init__(
        self, sns: Callable[[], SNSClient], topic_arn: str, max_workers: int, clock: Clock
    ) -> None:
        self._sns = sns
        self._topic_arn = topic_arn
        self._max_workers = max_workers
        self._clock = clock
        self._reading = Lock()

    def audience(self, user: UserRef, event: Event) -> Audience:
        if self._anyone_gets(_attributes(Audience.USER, event, user.account_id, user.name)):
            return Audience.USER
        digest = _attributes(Audience.OPERATOR, Event.DIGEST, user.account_id)
        return Audience.OPERATOR if self._anyone_gets(digest) else Audience.NOBODY

    def notify(self, user: UserRef, event: Event, message: Message) -> None:
        self._publish(message, _attributes(Audience.USER, event, user.account_id, user.name))

    def notify_operators(self, message: Message) -> None:
        account_id = message.data["account_id"]
        self._publish(message, _attributes(Audience.OPERATOR, Event.DIGEST, account_id))

    def _anyone_gets(self, attributes: Mapping[str, str]) -> bool:
        return any(subscription.gets(attributes) for subscription in self._confirmed_once())

    def _confirmed_once(self) -> list[_Subscription]:
        with self._reading:
            return self._confirmed

    @cached_property
    def _confirmed(self) -> list[_Subscription]:
        """A pending one has no ARN yet."""
        sns = self._sns()
        paginator = sns.get_paginator("list_subscriptions_by_topic")
        listed = [
            subscription
            for page in paginator.paginate(TopicArn=self._topic_arn)
            for subscription in page["Subscriptions"]
            if subscription["SubscriptionArn"].startswith("arn:")
        ]

        def read(subscription: SubscriptionTypeDef) -> _Subscription | None:
            arn = subscription["SubscriptionArn"]
            try:
                attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
            except sns.exceptions.NotFoundException:
                return None  # ended since it was listed
            if attributes.get("PendingConfirmation", "false") != "false":
                return None
            is_mail = subscription["Protocol"] in ("email", "email-json")
            pace = RateLimiter(MAILS_PER_SECOND, self._clock) if is_mail else None
            policy, scope = attributes.get("FilterPolicy"), attributes.get("FilterPolicyScope")
            return _Subscription(policy, scope, pace)

        found = map_concurrent(read, listed, self._max_workers)
        return [subscription for subscription in found if subscription is not None]

    def _publish(self, message: Message, attributes: Mapping[str, str]) -> None:
        for subscription in self._confirmed_once():
            if subscription.pace is not None and subscription.gets(attributes):
                subscription.pace.wait()
        self._sns().publish(
            TopicArn=self._topic_arn,
            Subject=message.subject,
            Message=message.body(),
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )


def _attributes(
    audience: Audience, event: Event, account_id: str, user_name: str | None = None
) -> dict[str, str]:
    """What subscriptions filter on."""
    attributes = {"event": event.value, "account_id": account_id, "audience": audience.value}
    return attributes if user_name is None else {"user": user_name, **attributes}
