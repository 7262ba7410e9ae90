"""Eventual consistency: AWS answers from an older state, or refuses a key that is too new."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.awsrequest import AWSResponse

from tests.aws.account import Account
from tests.crash.branches import undisturbed_calls
from tests.crash.ledger import Ledger
from tests.crash.runs import MUTATING, follow_up, invoke
from tests.crash.scenarios import OF_PEOPLE_ALONE
from tests.crash.settings_table import SCENARIOS as OF_OTHER_SETTINGS
from tests.crash.wire import Fault, Tap, copied, refused

_CREATE, _LIST = "iam:CreateAccessKey", "iam:ListAccessKeys"
_DISABLE = "iam:UpdateAccessKey"
_SECONDS = (1, 5, 25, 29, 31, 600, 3599)
_OF_A_SETTING = (5, 31, 600)
_ANSWERS = (2, 3, 20)
STALE = {
    "ListAccessKeys": ("iam:ListAccessKeys",),
    "DescribeSecret": ("secretsmanager:DescribeSecret",),
    "the credential report": ("iam:GetCredentialReport",),
    "both": ("iam:ListAccessKeys", "secretsmanager:DescribeSecret"),
}
READS = {read for reads in STALE.values() for read in reads}


# A minute after the death neither IAM shows the key nor Secrets Manager the intent that it was made
# under, so the next run writes its own over it: ADR 8 gives this up.
GIVEN_UP = {("both", "iam:CreateAccessKey")}
# And IAM refuses no second first key. The secret is there already, so nothing else does (ADR 8).
TWO_FIRST_KEYS = ("first key, of a service",)
# A minute after it was disabled, a key that had been switched on again is shown with the record of
# when it was inactive before: ADR 8 gives this up, too.
OLD_RECORD = ("superseded, and on again",)


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
        before: dict[tuple[str, ...], AWSResponse] = {}

        def about(name: str, response: AWSResponse) -> tuple[str, ...]:
            """The call, and the users that the answer names."""
            return (name, *(user for user in ledger.names if user in response.text))

        def remember(name: str, response: AWSResponse) -> AWSResponse:
            if name in STALE[self.stale]:
                answer = copied(response, response.content.decode())
                before.setdefault(about(name, response), answer)
            return response

        def recall(name: str, response: AWSResponse) -> AWSResponse:
            old = before.get(about(name, response))
            return response if old is None else copied(old, old.content.decode())

        invoke(account, ledger, Tap(Fault.DIES_AFTER, self.at, answer=remember), payload, "1st")
        account.pass_days(minutes=1)
        second = invoke(account, ledger, Tap(answer=recall), payload, "2nd")
        follow_up(account, ledger, self.scenario, repeats=2 + second.failed)


LagPoint = RefusedPoint | UnseenPoint | StalePoint


def lag_points(name: str) -> list[LagPoint]:
    """Refused for seconds or an hour; unseen for some calls or the whole run; stale at every change
    of every run.

    Dying after a read is not tried: it is dying after the change before it. Nor is one new key that
    the first list alone lacks: `late_lists.py` shows that list as it was before."""
    if name in OF_PEOPLE_ALONE:
        return []
    calls = undisturbed_calls(name)
    return [*_of_a_new_key(name, calls), *_of_a_death(name, calls)]


def _of_a_new_key(name: str, calls: Sequence[str]) -> Iterator[LagPoint]:
    if _CREATE not in calls:
        return
    seconds = _OF_A_SETTING if name in OF_OTHER_SETTINGS else _SECONDS
    yield from (RefusedPoint(name, each) for each in seconds)
    if _LIST in calls[calls.index(_CREATE) :]:
        yield from (UnseenPoint(name, answers) for answers in _ANSWERS)


def _of_a_death(name: str, calls: Sequence[str]) -> Iterator[StalePoint]:
    for at, call in enumerate(calls):
        if not call.startswith(MUTATING):
            continue
        stale = {
            read: read in calls[:at] and _changes(read, calls[calls.index(read) : at + 1])
            for read in READS
        }
        for kind, reads in STALE.items():
            is_given_up = (
                (kind, call) in GIVEN_UP
                or (kind == "both" and name in TWO_FIRST_KEYS)
                or (kind == "DescribeSecret" and name in OLD_RECORD and _DISABLE in calls[: at + 1])
            )
            if all(stale[read] for read in reads) and not is_given_up:
                yield StalePoint(name, kind, at)


def _changes(read: str, calls: Sequence[str]) -> bool:
    """Whether one of these calls changes what the read answers."""
    service, _, _ = read.partition(":")
    return any(call.startswith(service) and call.startswith(MUTATING) for call in calls)
