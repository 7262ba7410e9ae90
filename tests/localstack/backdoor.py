"""What tests and the demo do to LocalStack that AWS has no call for."""

import json
import time
import urllib.error
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .endpoint import Endpoint, LocalStackError, call

Mail = dict[str, Any]
"""number, to, from, subject, message (as published), body (with SNS's footer), raw (the mail as a
server receives it), received_at, kind (notification or confirmation), topic_arn, subscription_arn;
link in a confirmation."""


@dataclass(frozen=True)
class Backdoor:
    """The test-only routes. All but `confirm_subscription` need `endpoint.embedded`."""

    endpoint: Endpoint

    def backdate(self, access_key_id: str, days: float) -> None:
        """Make an access key that many days older. Raises LocalStackError if there is none."""
        self._call("/_test/iam/backdate", "POST", {"AccessKeyId": access_key_id, "Days": days})

    def let_days_pass(self, user: str, secret: str, days: float) -> None:
        """The keys of a user and what is dated about their secret, by its name, become older.

        Raises LocalStackError if there is no such user.
        """
        question = {"UserName": user, "SecretName": secret, "Days": days}
        self._call("/_test/days", "POST", question)

    def secret_access_keys(self) -> dict[str, str]:
        """The secret of every access key that there is, by the key's id."""
        keys: dict[str, str] = self._call("/_test/iam/secret-access-keys")
        return keys

    def mails(self, to: str | None = None) -> list[Mail]:
        """The mails sent (to one address) so far, oldest first."""
        mails: list[Mail] = self._call("/_test/mail")
        return [mail for mail in mails if to in (None, mail["to"])]

    def wait_for_mails(
        self, to: str, wanted: Callable[[Mail], bool] = lambda _mail: True, seconds: float = 10
    ) -> list[Mail]:
        """The wanted mails to an address as soon as there is one; [] if none comes.

        SNS delivers in the background: right after a publish there may be none yet.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = [mail for mail in self.mails(to) if wanted(mail)]
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.1)

    def clear_mails(self) -> None:
        """Forget the mails sent so far."""
        self._call("/_test/mail", "DELETE")

    @contextmanager
    def refused(self, operation: str, containing: str) -> Iterator[None]:
        """Until the block ends, `operation` (`iam:CreateAccessKey`) is denied to everybody where
        the request holds a text, as if a policy did so."""
        question = {"Operation": operation, "Containing": containing}
        self._call("/_test/refusals", "POST", question)
        try:
            yield
        finally:
            self._call("/_test/refusals", "DELETE")

    def function_pids(self, function_name: str, busy: bool | None = None) -> list[int]:
        """The processes of a function; if `busy` is given, those (not) in their handler."""
        processes = self._call("/_test/lambda/processes").get(function_name, [])
        return [p["pid"] for p in processes if busy in (None, p["request_id"] is not None)]

    @contextmanager
    def killing(self, function_name: str, call: str, after: bool) -> Iterator[None]:
        """In here the function is killed, once: right before, or after, a call of its own.

        `call` is like iam:CreateAccessKey. Killed before it, the call has no effect; killed after
        it, it had one, and the function never learns of it.
        """
        planned = {"FunctionName": function_name, "Call": call, "After": after}
        self._call("/_test/lambda/death", "POST", planned)
        try:
            yield
        finally:
            self._call("/_test/lambda/death", "DELETE")

    def confirm_subscription(self, subscription_arn: str) -> None:
        """Do what the link in SNS's confirmation mail does.

        Works with any LocalStack: the token is read from its internal address, not from the mail.
        Raises LocalStackError if there is no such subscription.
        """
        found = self._call(f"/_aws/sns/subscription-tokens/{subscription_arn}")
        topic_arn = subscription_arn.rpartition(":")[0]
        query = {"Action": "ConfirmSubscription", "TopicArn": topic_arn}
        self._call(
            f"/?{urllib.parse.urlencode(query | {'Token': found['subscription_token']})}",
            parse=False,
        )

    def _call(
        self, path: str, method: str = "GET", document: Any = None, parse: bool = True
    ) -> Any:
        try:
            body = call(self.endpoint.url + path, method, document)
        except urllib.error.HTTPError as error:
            with error:
                answer = error.read().decode(errors="replace")
            raise LocalStackError(
                f"{method} {path}: {error.code} {answer or error.reason}"
            ) from error
        return json.loads(body) if parse else body
