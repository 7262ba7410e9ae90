"""Pending subscriptions look pending, as on SNS: who was told depends on it."""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
from collections import Counter
from typing import Any

from localstack.runtime import hooks
from localstack.utils.patch import patch


@hooks.on_infra_start()
def show_pending_subscriptions() -> None:
    """Correct two answers in which LocalStack takes every subscription for a confirmed one."""
    from localstack.services.sns.models import sns_stores
    from localstack.services.sns.provider import SnsProvider

    def is_pending(topic_arn: str, subscription_arn: str) -> bool:
        _, _, _, region, account, _ = topic_arn.split(":")
        subscription = sns_stores[account][region].subscriptions.get(subscription_arn, {})
        return bool(subscription.get("PendingConfirmation") == "true")

    @patch(SnsProvider.list_subscriptions_by_topic)
    def list_subscriptions_by_topic(
        fn: Any, self: Any, context: Any, topic_arn: str, **kwargs: Any
    ) -> Any:
        answer = fn(self, context, topic_arn, **kwargs)
        answer["Subscriptions"] = [
            {**subscription, "SubscriptionArn": "PendingConfirmation"}
            if is_pending(topic_arn, subscription["SubscriptionArn"])
            else subscription
            for subscription in answer["Subscriptions"]
        ]
        return answer

    @patch(SnsProvider.get_topic_attributes)
    def get_topic_attributes(
        fn: Any, self: Any, context: Any, topic_arn: str, **kwargs: Any
    ) -> Any:
        answer = fn(self, context, topic_arn, **kwargs)
        _, _, _, region, account, _ = topic_arn.split(":")
        states = Counter(
            subscription["PendingConfirmation"]
            for subscription in sns_stores[account][region].subscriptions.values()
            if subscription["TopicArn"] == topic_arn
        )
        answer["Attributes"] = {
            **answer["Attributes"],
            "SubscriptionsConfirmed": str(states["false"]),
            "SubscriptionsPending": str(states["true"]),
        }
        return answer
