"""Messages through the SNS topic, and who would get them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from ..concurrent import map_concurrent
from ..domain.model import Audience, Event, UserRef
from ..notify.message import Message
from ..ports import Clock, UnreachedOperator
from .filters import admits
from .rate_limiter import RateLimiter

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import SubscriptionTypeDef

# SNS ends a subscription by e-mail that gets more than 10 a second. These are the starts of calls,
# which bunch up on their way.
MAILS_PER_SECOND = 5
_PENDING = "has not confirmed the subscription"
_GONE = "has no subscription any more: apply again, and confirm the new one"
_FILTERED = "has a subscription whose filter does not admit the digest: apply again"


@dataclass(frozen=True, slots=True)
class _Subscription:
    """A confirmed one, as far as it matters; `email` is None unless it is by e-mail, which has a
    `pace`."""

    filter_policy: str | None
    filter_policy_scope: str | None
    email: str | None
    pace: RateLimiter | None

    def gets(self, attributes: Mapping[str, str]) -> bool:
        return admits(self.filter_policy, self.filter_policy_scope, attributes)


class TopicNotifier:
    """The `Notifier` port on an SNS client, made when first needed; the subscriptions are read
    once per run, whichever thread asks first, and `max_workers` of them side by side.

    With `operator_emails` only these addresses count as operators: anybody who may subscribe could
    otherwise be the operator who passes a message on. Without, any subscription to the digest does.
    """

    def __init__(
        self,
        sns: Callable[[], SNSClient],
        topic_arn: str,
        max_workers: int,
        clock: Clock,
        operator_emails: Collection[str] = (),
    ) -> None:
        self._sns = sns
        self._topic_arn = topic_arn
        self._max_workers = max_workers
        self._clock = clock
        self._operators = {email.lower(): email for email in operator_emails}
        self._reading = Lock()

    def audience(self, user: UserRef, event: Event) -> Audience:
        attributes = _attributes(Audience.USER, event, user.account_id, user.name)
        confirmed = self._confirmed_once()
        if any(subscription.gets(attributes) for subscription in confirmed):
            return Audience.USER
        digest = _attributes(Audience.OPERATOR, Event.DIGEST, user.account_id)
        heard = any(self._is_operators(s) and s.gets(digest) for s in confirmed)
        return Audience.OPERATOR if heard else Audience.NOBODY

    def unreached_operators(self) -> list[UnreachedOperator]:
        confirmed = self._confirmed_once()
        account_id = self._topic_arn.split(":")[4]
        digest = _attributes(Audience.OPERATOR, Event.DIGEST, account_id)
        reached = {s.email for s in confirmed if s.gets(digest)}
        return [
            UnreachedOperator(email, self._why_unreached(address, confirmed))
            for address, email in sorted(self._operators.items())
            if address not in reached
        ]

    def notify(self, user: UserRef, event: Event, message: Message) -> None:
        self._publish(message, _attributes(Audience.USER, event, user.account_id, user.name))

    def notify_operators(self, message: Message) -> None:
        account_id = message.data["account_id"]
        self._publish(message, _attributes(Audience.OPERATOR, Event.DIGEST, account_id))

    def _is_operators(self, subscription: _Subscription) -> bool:
        return not self._operators or subscription.email in self._operators

    def _why_unreached(self, address: str, confirmed: Sequence[_Subscription]) -> str:
        if any(subscription.email == address for subscription in confirmed):
            return _FILTERED
        listed = {_email(subscription) for subscription in self._listed}
        return _PENDING if address in listed else _GONE

    def _confirmed_once(self) -> list[_Subscription]:
        with self._reading:
            return self._confirmed

    @cached_property
    def _listed(self) -> list[SubscriptionTypeDef]:
        """Pending ones, too."""
        paginator = self._sns().get_paginator("list_subscriptions_by_topic")
        return [
            subscription
            for page in paginator.paginate(TopicArn=self._topic_arn)
            for subscription in page["Subscriptions"]
        ]

    @cached_property
    def _confirmed(self) -> list[_Subscription]:
        """A pending one has no ARN yet."""
        sns = self._sns()
        listed = [s for s in self._listed if s["SubscriptionArn"].startswith("arn:")]

        def read(subscription: SubscriptionTypeDef) -> _Subscription | None:
            arn = subscription["SubscriptionArn"]
            try:
                attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
            except sns.exceptions.NotFoundException:
                return None  # ended since it was listed
            if attributes.get("PendingConfirmation", "false") != "false":
                return None
            email = _email(subscription)
            pace = None if email is None else RateLimiter(MAILS_PER_SECOND, self._clock)
            policy, scope = attributes.get("FilterPolicy"), attributes.get("FilterPolicyScope")
            return _Subscription(policy, scope, email, pace)

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


def _email(subscription: SubscriptionTypeDef) -> str | None:
    """The address, without regard to case; None if it is not by e-mail."""
    is_mail = subscription["Protocol"] in ("email", "email-json")
    return subscription["Endpoint"].lower() if is_mail else None


def _attributes(
    audience: Audience, event: Event, account_id: str, user_name: str | None = None
) -> dict[str, str]:
    """What subscriptions filter on."""
    attributes = {"event": event.value, "account_id": account_id, "audience": audience.value}
    return attributes if user_name is None else {"user": user_name, **attributes}
