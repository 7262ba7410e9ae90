"""Messages through the SNS topic, and who would get them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from ..messages import Message
from ..model import Audience, Event, UserRef
from ..parallel import side_by_side
from .ceiling import Ceiling
from .filters import admits

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class TopicNotifier:
    """The `Notifier` port on an SNS client, made when first needed; the subscriptions are read
    once per run, whichever thread asks first, and `width` of them side by side. Publishes wait for
    the `ceiling`."""

    def __init__(
        self, sns: Callable[[], SNSClient], topic_arn: str, width: int, ceiling: Ceiling
    ) -> None:
        self._sns = sns
        self._topic_arn = topic_arn
        self._width = width
        self._ceiling = ceiling
        self._reading = Lock()

    def audience(self, user: UserRef, event: Event) -> Audience:
        if self._anyone_gets(_attributes(Audience.USER, event, user.account_id, user.name)):
            return Audience.USER
        digest = _attributes(Audience.OPERATOR, Event.DIGEST, user.account_id)
        return Audience.OPERATOR if self._anyone_gets(digest) else Audience.NOBODY

    def tell(self, user: UserRef, event: Event, message: Message) -> None:
        self._publish(message, _attributes(Audience.USER, event, user.account_id, user.name))

    def tell_operators(self, message: Message) -> None:
        account_id = message.data["account_id"]
        self._publish(message, _attributes(Audience.OPERATOR, Event.DIGEST, account_id))

    def _anyone_gets(self, attributes: Mapping[str, str]) -> bool:
        return any(
            admits(filters.get("FilterPolicy"), filters.get("FilterPolicyScope"), attributes)
            for filters in self._confirmed_once()
        )

    def _confirmed_once(self) -> list[dict[str, str]]:
        with self._reading:
            return self._confirmed

    @cached_property
    def _confirmed(self) -> list[dict[str, str]]:
        """The attributes of each confirmed subscription; a pending one has no ARN yet."""
        sns = self._sns()
        paginator = sns.get_paginator("list_subscriptions_by_topic")
        arns = [
            subscription["SubscriptionArn"]
            for page in paginator.paginate(TopicArn=self._topic_arn)
            for subscription in page["Subscriptions"]
            if subscription["SubscriptionArn"].startswith("arn:")
        ]

        def read(arn: str) -> dict[str, str]:
            return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]

        attributes = side_by_side(read, arns, self._width)
        return [a for a in attributes if a.get("PendingConfirmation", "false") == "false"]

    def _publish(self, message: Message, attributes: Mapping[str, str]) -> None:
        self._ceiling.wait()
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
