"""The bus and the topic of examples/multi-account, that other accounts send to, and its key.

The bus has no Deny: who may send to it in its own account is left to IAM, and to the guardrails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.policies.denied import ADMINISTRATOR_ARN, ADMINISTRATOR_ELSEWHERE_ARN
from tests.policies.examination import Installation
from tests.policies.names import (
    ACCOUNT_ID,
    ALARM_ARN,
    ELSEWHERE,
    KEY_ARN,
    OWN_ALARM_ARNS,
    REGION,
    ROLE_ARN,
    RULE_ARN,
    TOPIC_ARN,
    asked_by,
    of_service,
)
from tests.policies.question import ADMINISTRATOR, Context, Document, Question
from tests.policies.required import ADMINISTRATORS, administration_of_the_key

DOCUMENTS = ("central bus", "central topic", "central key")
_BUS, _TOPIC, _KEY = DOCUMENTS
_BUS_ARN = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/key-rotation"
_TOPIC_ARN = f"{TOPIC_ARN}-central"
_RULE_ARN = f"{RULE_ARN}/key-rotation-blocked"
_ACCOUNTS = (ACCOUNT_ID, ELSEWHERE)
_STRANGER = "999900001111"
_OURS = {"events:source": ("iam-access-key-rotation",)}
_KEY_USES = ("kms:Decrypt", "kms:GenerateDataKey")


def installation(rendered: Mapping[str, Document]) -> Installation:
    documents = {**rendered, "administrator": ADMINISTRATOR}
    return Installation(documents, DOCUMENTS, _allowed(), _denied())


def _allowed() -> list[Question]:
    rule = _by(_RULE_ARN)
    return [
        _sends(_role_of(ELSEWHERE), "another account's function sends its events"),
        *(
            _publishes("cloudwatch", _by(_of(alarm, account)), "an alarm goes off")
            for account in _ACCOUNTS
            for alarm in OWN_ALARM_ARNS
        ),
        _publishes("events", rule, "the bus says who is blocked"),
        *(
            _uses(service, action, context, "the message is encrypted")
            for service, context in (
                *(("cloudwatch", _by(_of(ALARM_ARN, id_))) for id_ in _ACCOUNTS),
                ("events", rule),
            )
            for action in _KEY_USES
        ),
        *(replace(question, resource_policy=_KEY) for question in administration_of_the_key()),
    ]


def _denied() -> list[Question]:
    alarm = _by(OWN_ALARM_ARNS[0])
    without_tls: Context = {"aws:SecureTransport": "false"}
    return [
        _sends(_role_of(_STRANGER), "the function of an account that is not of ours"),
        _sends(ADMINISTRATOR_ELSEWHERE_ARN, "an administrator of one of the accounts"),
        _sends(
            _role_of(ELSEWHERE), "the function in another's name", {"events:source": ("payroll",)}
        ),
        *(
            replace(
                asked_by(arn, "sns:Publish", _TOPIC_ARN, {}, ADMINISTRATORS, "forging a message"),
                resource_policy=_TOPIC,
            )
            for arn in (ADMINISTRATOR_ARN, ADMINISTRATOR_ELSEWHERE_ARN, ROLE_ARN)
        ),
        *(
            _publishes(service, context, "a message of something that is not ours")
            for service, context in (
                ("cloudwatch", _by(ALARM_ARN)),
                ("cloudwatch", _by(_of(OWN_ALARM_ARNS[0], _STRANGER))),
                ("cloudwatch", {**alarm, "aws:SourceAccount": _STRANGER}),
                ("events", _by(RULE_ARN)),
                ("events", _by(_of(_RULE_ARN, ELSEWHERE))),
                ("s3", {"aws:SourceArn": "arn:aws:s3:::ours", "aws:SourceAccount": ACCOUNT_ID}),
                ("cloudwatch", {**alarm, **without_tls}),
                ("events", {**_by(_RULE_ARN), **without_tls}),
            )
        ),
        *(
            _uses(service, action, {"aws:SourceAccount": _STRANGER}, "of an account not of ours")
            for service in ("cloudwatch", "events")
            for action in _KEY_USES
        ),
        *(
            replace(
                asked_by(arn, action, KEY_ARN, {}, ADMINISTRATORS, "an administrator decrypts"),
                resource_policy=_KEY,
            )
            for arn in (ADMINISTRATOR_ARN, ADMINISTRATOR_ELSEWHERE_ARN)
            for action in (*_KEY_USES, "kms:CreateGrant")
        ),
    ]


def _role_of(account_id: str) -> str:
    return _of(ROLE_ARN, account_id)


def _of(arn: str, account_id: str) -> str:
    return arn.replace(ACCOUNT_ID, account_id)


def _by(arn: str) -> Context:
    return {"aws:SourceArn": arn, "aws:SourceAccount": arn.split(":")[4]}


def _sends(principal_arn: str, why: str, source: Context = _OURS) -> Question:
    question = asked_by(
        principal_arn, "events:PutEvents", _BUS_ARN, source, ADMINISTRATORS, f"{why} to the bus"
    )
    return replace(question, resource_policy=_BUS)


def _publishes(service: str, context: Context, why: str) -> Question:
    question = of_service(f"{service}.amazonaws.com", "sns:Publish", _TOPIC_ARN, context, why)
    return replace(question, resource_policy=_TOPIC)


def _uses(service: str, action: str, context: Context, why: str) -> Question:
    question = of_service(f"{service}.amazonaws.com", action, KEY_ARN, context, why)
    return replace(question, resource_policy=_KEY)
