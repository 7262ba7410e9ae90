"""What the roles of examples/delivery need, and what they must not get.

Each has the policy that its recipe gives it, and nothing else, and that alone is to hold it back.
So secrets have no policy of their own here, and KMS keys one that leaves all of their use to IAM.
That alice's secret admits nobody but its readers is proven elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.policies.names import (
    ACCOUNT_ID,
    ELSEWHERE,
    KEY_ARN,
    READING_ROLE_ARN,
    REGION,
    SECRET_ARN,
    asked_by,
    of_service,
    through,
)
from tests.policies.question import Context, Question

# As tests/policies/rendered names them.
_PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/alice/credentials"
_PARAMETER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/of-parameters"
_TOKEN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:gitlab-token-AbCdEf"
_TOKEN_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/of-tokens"
_REFERENCE = (
    f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/aws/reference/secretsmanager/iam-access-key/alice"
)

_OTHER_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:payroll/db-AbCdEf"
_OTHER_PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/payroll/db"
_OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/of-payroll"
_READ = "secretsmanager:GetSecretValue"

Asked = tuple[str, str, Context]


@dataclass(frozen=True)
class Role:
    """Its policies by name: that of what it may do comes first, then that of who may take it."""

    policy: str
    trust: str
    service: str
    needs: Sequence[Asked]
    denied: Sequence[Asked]


def _of_a_secret(arn: str) -> Context:
    return through("secretsmanager", {"SecretARN": arn, "SecretVersionId": "0" * 64})


def _of_a_parameter(arn: str) -> Context:
    return through("ssm", {"PARAMETER_ARN": arn})


def _function(name: str) -> list[Asked]:
    """What each function needs beside its own."""
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/lambda/{name}:log-stream:2026/06/01"
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}-dead-letters"
    return [
        (_READ, SECRET_ARN, {}),
        ("kms:Decrypt", KEY_ARN, _of_a_secret(SECRET_ARN)),
        ("logs:CreateLogStream", logs, {}),
        ("logs:PutLogEvents", logs, {}),
        ("sqs:SendMessage", queue, {}),
    ]


_NOBODY: list[Asked] = [
    (_READ, _OTHER_SECRET, {}),
    ("secretsmanager:PutSecretValue", SECRET_ARN, {}),
    ("kms:Decrypt", KEY_ARN, _of_a_secret(_OTHER_SECRET)),
    ("kms:Decrypt", _OTHER_KEY, _of_a_secret(SECRET_ARN)),
    ("kms:Decrypt", _OTHER_KEY, _of_a_parameter(_PARAMETER)),
    ("kms:Decrypt", _OTHER_KEY, _of_a_secret(_TOKEN)),
    ("kms:Decrypt", _PARAMETER_KEY, _of_a_parameter(_OTHER_PARAMETER)),
    ("kms:Encrypt", _PARAMETER_KEY, _of_a_parameter(_OTHER_PARAMETER)),
    ("kms:Encrypt", _OTHER_KEY, _of_a_parameter(_PARAMETER)),
    ("kms:Decrypt", _TOKEN_KEY, _of_a_secret(_OTHER_SECRET)),
    *(
        (action, _OTHER_PARAMETER, {})
        for action in ("ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter")
    ),
    ("ssm:DeleteParameter", _PARAMETER, {}),
    ("ssm:GetParameterHistory", _PARAMETER, {}),
    ("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:payroll", {}),
    *(
        (
            action,
            f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/lambda/payroll:log-stream:x",
            {},
        )
        for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    ),
    ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT_ID}:user/alice", {}),
]
_TO_PARAMETER: list[Asked] = [
    ("ssm:GetParameter", _PARAMETER, {}),
    ("ssm:PutParameter", _PARAMETER, {}),
    ("kms:Encrypt", _PARAMETER_KEY, _of_a_parameter(_PARAMETER)),
    ("kms:Decrypt", _PARAMETER_KEY, _of_a_parameter(_PARAMETER)),
]
_OF_A_TASK: list[Asked] = [
    ("ssm:GetParameters", _PARAMETER, {}),
    ("kms:Decrypt", _PARAMETER_KEY, _of_a_parameter(_PARAMETER)),
]
_TO_GITLAB: list[Asked] = [
    (_READ, _TOKEN, {}),
    ("kms:Decrypt", _TOKEN_KEY, _of_a_secret(_TOKEN)),
]
_OF_A_READER: list[Asked] = [
    (_READ, SECRET_ARN, {}),
    ("kms:Decrypt", KEY_ARN, _of_a_secret(SECRET_ARN)),
    ("ssm:GetParameter", _REFERENCE, {}),
    ("ssm:GetParameters", _REFERENCE, {}),
]
_EVERYTHING = [*_TO_PARAMETER, *_OF_A_TASK, *_TO_GITLAB, *_OF_A_READER]


def _role(recipe: str, role: str, service: str, needs: Iterable[Asked]) -> Role:
    """A role that must not get what only the others need."""
    needed = list(needs)
    theirs = [asked for asked in _EVERYTHING if asked not in needed]
    name = f"{recipe} {role}"
    return Role(name, f"{name} trust", service, needed, [*theirs, *_NOBODY])


ROLES: Mapping[str, Sequence[Role]] = {
    "parameter": (
        _role(
            "parameter",
            "deliver",
            "lambda.amazonaws.com",
            [*_function("build-agent-to-parameter"), *_TO_PARAMETER],
        ),
        _role("parameter", "execution", "ecs-tasks.amazonaws.com", _OF_A_TASK),
    ),
    "ci-variable": (
        _role(
            "ci-variable",
            "deliver",
            "lambda.amazonaws.com",
            [*_function("build-agent-to-gitlab"), *_TO_GITLAB],
        ),
    ),
    "reference": (_role("reference", "reader", "ecs-tasks.amazonaws.com", _OF_A_READER),),
}


def allowed(role: Role) -> list[Question]:
    """What the role must be able to do, and its service."""
    here = {"aws:SourceAccount": ACCOUNT_ID}
    return [*_questions(role, role.needs, "needed"), _taken_by(role, role.service, here)]


def forbidden(role: Role) -> list[Question]:
    """What it must not, nor anybody else in its place."""
    others = [_taken_by(role, "ec2.amazonaws.com", {"aws:SourceAccount": ACCOUNT_ID})]
    if role.service == "ecs-tasks.amazonaws.com":
        others.append(_taken_by(role, role.service, {"aws:SourceAccount": ELSEWHERE}))
    return [*_questions(role, role.denied, "not needed"), *others]


def _questions(role: Role, asked: Iterable[Asked], why: str) -> list[Question]:
    return [
        replace(
            asked_by(READING_ROLE_ARN, action, resource, context, (role.policy,), why),
            resource_policy="default key" if ":kms:" in resource else None,
        )
        for action, resource, context in asked
    ]


def _taken_by(role: Role, service: str, context: Context) -> Question:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/{role.policy.replace(' ', '-')}"
    question = of_service(service, "sts:AssumeRole", arn, context, f"{service} takes the role")
    return replace(question, resource_policy=role.trust)
