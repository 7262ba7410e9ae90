"""A mailbox in place of LocalStack's e-mail delivery.

LocalStack hands SNS e-mails to its SES, drops their subject and sends even to addresses that never
confirmed. Here each mail is composed as SNS composes it and kept as a mail server would receive it;
only confirmed subscriptions get notifications; a new one gets the mail with the link to confirm.
"""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
import itertools
import os
import threading
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from localstack import config
from localstack.aws import handlers
from localstack.runtime import hooks
from localstack.services.sns.models import sns_stores
from localstack.services.sns.publisher import (
    EmailJsonTopicPublisher,
    EmailTopicPublisher,
    PublishDispatcher,
)

_SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
_POLICY = SMTP.clone(cte_type="7bit")  # what any mail server takes


class Mailbox:
    """The mails of all addresses, oldest first; each is also a file, for a mail reader."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mails: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def deliver(self, to: str, subject: str, message: str, footer: str, **about: str) -> None:
        """Keep one mail; `about` is what the test wants to know and a mail does not tell."""
        mail = EmailMessage(policy=_POLICY)
        mail["From"], mail["To"], mail["Subject"] = _SENDER, to, subject
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = make_msgid(domain="sns.amazonaws.com")
        mail.set_content(f"{message}\n\n--\n{footer}\n")
        raw = mail.as_bytes()
        with self._lock:
            number = next(self._numbers)
            (self._folder / f"{number:04}.eml").write_bytes(raw)
            self._mails.append(
                {
                    "number": number,
                    "to": to,
                    "from": _SENDER,
                    "subject": subject,
                    "message": message,
                    "body": mail.get_content(),
                    "received_at": datetime.now(UTC).isoformat(),
                    "raw": raw.decode("ascii"),
                    **about,
                }
            )

    def mails(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._mails)

    def clear(self) -> None:
        """Forget the mails; the files stay until the next start."""
        with self._lock:
            self._mails.clear()


MAILBOX = Mailbox(Path(os.environ["EMBEDDED_MAIL"]))


def _link(**query: str) -> str:
    return f"{config.external_service_url()}/?{urlencode(query)}"


class _ToMailbox:
    """Delivers to the mailbox what `prepare_message` of the publisher proper makes."""

    def _publish(self, context: Any, subscriber: Any) -> None:
        if subscriber["PendingConfirmation"] != "false":
            return
        arn = subscriber["SubscriptionArn"]
        link = _link(Action="Unsubscribe", SubscriptionArn=arn)
        MAILBOX.deliver(
            to=subscriber["Endpoint"],
            subject=context.message.subject or "AWS Notification Message",
            message=self.prepare_message(  # type: ignore[attr-defined]
                context.message, subscriber, topic_attributes=context.topic_attributes
            ),
            footer="If you wish to stop receiving notifications from this topic, please click or "
            f"visit the link below to unsubscribe:\n{link}",
            kind="notification",
            topic_arn=subscriber["TopicArn"],
            subscription_arn=arn,
        )


class _Email(_ToMailbox, EmailTopicPublisher):
    pass


class _EmailJson(_ToMailbox, EmailJsonTopicPublisher):
    pass


def _ask_for_confirmation(_chain: Any, context: Any, response: Any) -> None:
    """Send the mail with the link to whoever was just subscribed (again, at a repeated call)."""
    operation = context.operation.name if context.operation else None
    if context.service is None or context.service.service_name != "sns" or operation != "Subscribe":
        return
    request = context.service_request or {}
    if response.status_code != 200 or request.get("Protocol") not in ("email", "email-json"):
        return
    topic, address = request["TopicArn"], request["Endpoint"]
    store = sns_stores[topic.split(":")[4]][topic.split(":")[3]]
    for token, arn in list(store.subscription_tokens.items()):
        subscription = store.subscriptions.get(arn, {})
        if (subscription.get("TopicArn"), subscription.get("Endpoint")) != (topic, address):
            continue
        if subscription["PendingConfirmation"] == "false":
            continue
        link = _link(Action="ConfirmSubscription", TopicArn=topic, Token=token)
        MAILBOX.deliver(
            to=address,
            subject="AWS Notification - Subscription Confirmation",
            message=f"You have chosen to subscribe to the topic:\n{topic}\n\n"
            "To confirm this subscription, click or visit the link below "
            f"(If this was in error no action is necessary):\n{link}",
            footer="Please do not reply directly to this email.",
            kind="confirmation",
            topic_arn=topic,
            subscription_arn=arn,
            link=link,
        )


@hooks.on_infra_start()
def keep_mail() -> None:
    """Put the mailbox in the place of LocalStack's e-mail delivery."""
    PublishDispatcher.topic_notifiers |= {"email": _Email(), "email-json": _EmailJson()}
    handlers.run_custom_response_handlers.append(_ask_for_confirmation)
