"""An installation that leaves out all that can be left out: it has no power that it does not need.

`situations.py` has its settings and what happens in it. The others prove what its policies have in
common with theirs, such as who reads a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.policies.denied import denied, elsewhere
from tests.policies.examination import Installation
from tests.policies.names import (
    ACCOUNT_ID,
    ALARM_TOPIC_ARN,
    BUS_ELSEWHERE_ARN,
    EXPOSED_RULE_ARN,
    FROM_ELSEWHERE,
    NEVER_ARN,
    QUEUE_ARN,
    of_the_function,
)
from tests.policies.question import ADMINISTRATOR, DEFAULT_KEY_POLICY, Document, Question
from tests.policies.required import TAKING_OUT, required

PROVEN = ("role", "trust", "topic", "queue", "function", "key")
_BUS = "bus elsewhere"
_ADMITS_THIS_ACCOUNT: Document = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
            "Action": "events:PutEvents",
            "Resource": BUS_ELSEWHERE_ARN,
        }
    ],
}
_READING = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")


def installation(
    calls: list[Question],
    bare: list[Question],
    rendered: Mapping[str, Document],
    secret: Document,
) -> Installation:
    """`calls` are those of all situations, `bare` those that are made here; `secret` is the policy
    of a secret, which is not to be proven here."""
    others = {
        "administrator": ADMINISTRATOR,
        "default key": DEFAULT_KEY_POLICY,
        "secret": secret,
        _BUS: _ADMITS_THIS_ACCOUNT,
    }
    needed = [question for question in required() if _is_asked(question)]
    not_needed = [question for question in required() if not _is_asked(question)]
    return Installation(
        {**rendered, **others},
        PROVEN,
        [_to_the_bus(question) for question in (*bare, *needed)],
        [
            *(_to_the_bus(question) for question in elsewhere(bare)),
            *not_made(calls, bare),
            *(question for question in not_needed if not _is_held_back_elsewhere(question)),
            *(question for question in denied() if not _is_held_back_elsewhere(question)),
            _to_the_bus(
                of_the_function(
                    "events:PutEvents",
                    BUS_ELSEWHERE_ARN,
                    {"events:source": ("payroll",)},
                    why="the function sends in another's name",
                )
            ),
            *_secrets_of_others(),
        ],
    )


def _to_the_bus(question: Question) -> Question:
    """The other account admits this one: what is to be proven is the role's own policy."""
    is_sent = question.resource == BUS_ELSEWHERE_ARN
    return replace(question, resource_policy=_BUS) if is_sent else question


def _secrets_of_others() -> list[Question]:
    """Of `denied`, those about writing to a secret: the role refuses them, not the secret."""
    return [
        question
        for question in denied()
        if question.resource_policy == "secret"
        and question.identity == ("role",)
        and question.action not in _READING
    ]


def not_made(calls: list[Question], bare: list[Question]) -> list[Question]:
    """The calls that only the settings left out are the reason of."""
    made = {_kind(question) for question in bare}
    return [
        replace(question, why=f"not needed here: {question.why}")
        for question in calls
        if _kind(question) not in made
    ]


def _kind(question: Question) -> tuple[str, ...]:
    """Users and secrets have any name; what of the settings is read, and which bus is sent to, does
    not differ from run to run."""
    is_fixed = question.action.startswith(("ssm:", "events:"))
    return (question.action, question.resource) if is_fixed else (question.action,)


def _is_asked(question: Question) -> bool:
    """Whether it is about something that is there: no reader is, no alarm, no rule of exposed
    keys."""
    is_of_alarms = question.principal == "cloudwatch.amazonaws.com"
    is_of_the_rule = question.context.get("aws:SourceArn") == EXPOSED_RULE_ARN
    is_of_readers = question.context.get("aws:PrincipalArn") in FROM_ELSEWHERE
    return not (is_of_alarms or is_of_the_rule or is_of_readers or question.action in _READING)


def _is_held_back_elsewhere(question: Question) -> bool:
    """By a policy that is not there: that of a secret, of the topic of the alarms, and the Denies
    of users whom it must never touch and of who may take a dead letter out."""
    return (
        question.resource in (ALARM_TOPIC_ARN, NEVER_ARN)
        or question.resource_policy == "secret"
        or (
            question.resource == QUEUE_ARN
            and question.action in TAKING_OUT
            and bool(question.identity)
        )
    )
