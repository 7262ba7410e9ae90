"""Eventual consistency: AWS answers from an older state, or refuses a key that is too new."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.awsrequest import AWSResponse

from tests.aws.account import Account
from tests.crash.branches import undisturbed_calls
from tests.crash.ledger import Ledger
from tests.crash.runs import follow_up, invoke
from tests.crash.settings_table import TABLE
from tests.crash.wire import Fault, Tap, copied, refused

SCENARIOS = (
    "due, the first time",
    "due again",
    "due, a service user",
    "due, only operators subscribe",
    "first key",
    "emergency, the only key",
    "emergency, both slots active",
)
STALE = {
    "ListAccessKeys": ("iam:ListAccessKeys",),
    "DescribeSecret": ("secretsmanager:DescribeSecret",),
    "the credential report": ("iam:GetCredentialReport",),
    "both": ("iam:ListAccessKeys", "secretsmanager:DescribeSecret"),
}


# A minute after the death neither IAM shows the key nor Secrets Manager the intent that it was made
# under, so the next run writes its own over it: ADR 8 gives this up.
GIVEN_UP = {("both", "iam:CreateAccessKey")}


@dataclass(frozen=True)
class RefusedPoint:
    """STS refuses a new key for so long; until then it is of no use to its owner."""

    scenario: str
    seconds: int

    def __str__(self) -> str:
        return f"{self.scenario}: a new key is refused for {self.seconds} s"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        ledger.usable_after = timedelta(seconds=self.seconds)
        tap = Tap(answer=_refuse_new_keys(account, ledger))
        invoke(account, ledger, tap, payload, "first")
        ledger.usable_after = timedelta(0)  # STS takes what later runs make
        follow_up(account, ledger, self.scenario)


def _refuse_new_keys(account: Account, ledger: Ledger) -> Callable[[str, AWSResponse], Any]:
    def answer(name: str, response: AWSResponse) -> AWSResponse:
        if name != "sts:GetCallerIdentity":
            return response
        newest = max(facts.usable_from for facts in ledger.facts.values())
        if account.clock.now() >= newest:
            return response
        return refused(name, response.url, "InvalidClientTokenId")

    return answer


@dataclass(frozen=True)
class UnseenPoint:
    """`ListAccessKeys` does not show a new key in its first answers."""

    scenario: str
    answers: int

    def __str__(self) -> str:
        return f"{self.scenario}: a new key is missing from {self.answers} lists"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        known = set(ledger.facts)
        left = [self.answers]

        def answer(name: str, response: AWSResponse) -> AWSResponse:
            new = set(ledger.facts) - known
            if name != "iam:ListAccessKeys" or not new or left[0] == 0:
                return response
            left[0] -= 1
            return copied(response, without_keys(response.content.decode(), new))

        invoke(account, ledger, Tap(answer=answer), payload, "first")
        follow_up(account, ledger, self.scenario)


def without_keys(body: str, key_ids: set[str]) -> str:
    """The answer of ListAccessKeys without these keys."""
    for key_id in key_ids:
        member = r"<member>(?:(?!</member>).)*" + key_id + r".*?</member>"
        body = re.sub(member, "", body, flags=re.DOTALL)
    return body


@dataclass(frozen=True)
class StalePoint:
    """A run dies after a call; the run a minute later is shown how things were before the first."""

    scenario: str
    stale: str
    at: int

    def __str__(self) -> str:
        return f"{self.scenario}: dies after call {self.at}, then {self.stale} is stale"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        before: dict[str, AWSResponse] = {}

        def remember(name: str, response: AWSResponse) -> AWSResponse:
            if name in STALE[self.stale] and name not in before:
                before[name] = copied(response, response.content.decode())
            return response

        def recall(name: str, response: AWSResponse) -> AWSResponse:
            old = before.get(name)
            return response if old is None else copied(old, old.content.decode())

        invoke(account, ledger, Tap(Fault.DIES_AFTER, self.at, answer=remember), payload, "1st")
        account.pass_days(minutes=1)
        second = invoke(account, ledger, Tap(answer=recall), payload, "2nd")
        follow_up(account, ledger, self.scenario, repeats=2 + second.failed)


LagPoint = RefusedPoint | UnseenPoint | StalePoint


def lag_points(name: str) -> list[LagPoint]:
    """Refused for seconds or an hour; unseen for a call or the whole run; stale at every call."""
    if name not in SCENARIOS:
        return _points_of_a_setting(name)
    calls = undisturbed_calls(name)
    return [
        *(RefusedPoint(name, seconds) for seconds in (1, 5, 25, 29, 31, 600, 3599)),
        *(UnseenPoint(name, answers) for answers in (1, 2, 3, 20)),
        *(
            StalePoint(name, stale, at)
            for stale in STALE
            for at, call in enumerate(calls)
            if (stale, call) not in GIVEN_UP
        ),
    ]


def _points_of_a_setting(name: str) -> list[LagPoint]:
    """Those that are other than in the scenarios above: what waits for a key, or looks for one."""
    if not any(name in scenarios for scenarios in TABLE.values()):
        return []
    calls = undisturbed_calls(name)
    of_new: list[LagPoint] = [
        *(RefusedPoint(name, seconds) for seconds in (5, 31, 600)),
        UnseenPoint(name, 2),
    ]
    return [
        *(of_new if "iam:CreateAccessKey" in calls else ()),
        *(StalePoint(name, stale, len(calls) - 2) for stale in STALE),
        *(
            StalePoint(name, "DescribeSecret", at)
            for at, call in enumerate(calls)
            if call in ("iam:UpdateAccessKey", "sns:Publish")
        ),
    ]
