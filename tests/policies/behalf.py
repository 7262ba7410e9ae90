"""What AWS asks for in the role's name when the function makes a call, or runs at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.policies.names import (
    KEY_ARN,
    LOG_STREAM_ARN,
    QUEUE_ARN,
    of_the_function,
    of_the_role,
    through,
)
from tests.policies.question import Context, Question

# Secrets Manager tries both when a secret is made and when a value is put, the first time with
# this in place of the secret. SNS does both for a topic that is encrypted.
_BOTH = ("kms:GenerateDataKey", "kms:Decrypt")
_A_TRIAL = "RequestToValidateKeyAccess"


def on_its_behalf(question: Question, params: Mapping[str, Any]) -> list[Question]:
    """What the call needs beyond its own permission."""
    further: list[Question] = []
    if question.action == "secretsmanager:CreateSecret" and "Tags" in params:
        further.append(replace(question, action="secretsmanager:TagResource"))
    match question.action:
        case "secretsmanager:CreateSecret":
            tried = {"SecretARN": _A_TRIAL, "SecretVersionId": _A_TRIAL}
            further += _with_the_key(through("secretsmanager", tried), question)
        case "secretsmanager:PutSecretValue":
            value = {
                "SecretARN": question.resource,
                "SecretVersionId": params["ClientRequestToken"],
            }
            further += _with_the_key(through("secretsmanager", value), question)
        case "sns:Publish":
            topic = {"aws:sns:topicArn": question.resource}
            further += _with_the_key(through("sns", topic), question)
    return further


def _with_the_key(context: Context, question: Question) -> list[Question]:
    """Whether the request of the service says which function asked it is not documented."""
    why = f"{question.action}, {question.why}"
    return [
        ask(action, KEY_ARN, context, why=why)
        for action in _BOTH
        for ask in (of_the_function, of_the_role)
    ]


def by_lambda_itself() -> list[Question]:
    """Lambda uses the role, too: for the log, and for events that failed. These do not come from
    the function's code, so that `lambda:SourceFunctionArn` is absent."""
    return [
        of_the_role(action, resource, why=why)
        for action, resource, why in (
            ("logs:CreateLogStream", LOG_STREAM_ARN, "Lambda writes the log"),
            ("logs:PutLogEvents", LOG_STREAM_ARN, "Lambda writes the log"),
            ("sqs:SendMessage", QUEUE_ARN, "Lambda keeps an event that failed"),
        )
    ]
