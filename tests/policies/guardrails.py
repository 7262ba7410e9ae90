"""examples/guardrails: what nobody but a few may do, and what everybody still may.

Whoever asks here has a policy that allows everything, and what they ask for has no policy of its
own that would refuse it: the guardrails alone make the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from key_rotation_cli.connection import HISTORY, INVOCATION, READS, RESTORATION
from tests.policies.denied import ADMINISTRATOR_ARN
from tests.policies.guards import (
    HARMLESS,
    MANAGED,
    OF_MANAGED_USERS,
    OF_OTHERS,
    OF_OUR_KEY,
    OF_THE_INSTALLATION,
    OF_THE_KEY,
    OF_THE_RUNBOOKS,
    OPERATOR_ARN,
    OUR_METRICS,
    PARAMETER_ARN,
)
from tests.policies.names import (
    ACCOUNT_ID,
    ALICE_ARN,
    BOB_ARN,
    FUNCTION_ARN,
    KEY_ARN,
    LOG_STREAM_ARN,
    QUEUE_ARN,
    REGION,
    ROLE_ARN,
    RULE_ARN,
    SECRET_ARN,
    TOPIC_ARN,
    asked_by,
    of_the_function,
    through,
)
from tests.policies.question import Context, Document, Question
from tests.policies.required import ADMINISTRATORS, NETWORK, TERRAFORM_ARN

SERVICE_CONTROL = "service control policy"
BOUNDARY = "permissions boundary"
ROOT_ARN = f"arn:aws:iam::{ACCOUNT_ID}:root"

_ANOTHER_REGION = "us-east-1"
_SESSION_ARN = of_the_function("sts:GetCallerIdentity", "*").principal

# A secret's policy that admits a session of the role, which no boundary holds back by silence.
SESSION_READS: Document = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": _SESSION_ARN},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
        }
    ],
}
SESSION_SECRET = "secret that admits the role's session"
_LOOSE = {KEY_ARN: "default key", SECRET_ARN: SESSION_SECRET}


@dataclass(frozen=True)
class _Guarded:
    """Something that nobody but these may do."""

    action: str
    resource: str
    context: Context
    exempt: frozenset[str]

    def asked_by(self, arn: str) -> Question:
        question = asked_by(arn, self.action, self.resource, self.context, ADMINISTRATORS)
        # No policy of the resource is to refuse what the guardrails must.
        policy = "default key" if self.resource == KEY_ARN else None
        return replace(question, resource_policy=policy, why=f"{arn} undoes a guard")


def guarded(questions: Iterable[Question]) -> list[Question]:
    """The same with the guardrails in place: for everybody of the account, and for the role."""
    return [
        replace(
            question,
            service_control=SERVICE_CONTROL if _is_of_the_account(question.principal) else None,
            boundary=BOUNDARY if _is_the_function(question.principal) else None,
        )
        for question in questions
    ]


def refused() -> list[Question]:
    """What the service control policy refuses, root users included."""
    everything = [
        guard.asked_by(arn)
        for guard in _guards()
        for arn in (ADMINISTRATOR_ARN, ROOT_ARN, OPERATOR_ARN, TERRAFORM_ARN)
        if arn not in guard.exempt
    ]
    return everything + _in_another_region(everything)


def still_possible() -> list[Question]:
    """What those who are exempt need, and what everybody may do."""
    needed = [
        guard.asked_by(arn) for guard in _guards() for arn in sorted(guard.exempt - {ROLE_ARN})
    ]
    return (
        needed
        + _calls_of_the_command_line()
        + [
            replace(
                asked_by(ADMINISTRATOR_ARN, action, resource, context, ADMINISTRATORS, "harmless"),
                resource_policy="default key" if ":kms:" in resource else None,
            )
            for action, resource, context in (*HARMLESS, *OF_OTHERS)
        ]
    )


def beyond_the_boundary(vpc: bool) -> list[Question]:
    """What the role cannot do although somebody attached a policy that allows everything to it."""
    other = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:payroll/db-AbCdEf"
    asked: Sequence[tuple[str, str, Context]] = (
        ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/Billing"}),
        ("events:PutEvents", f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/payroll", {}),
        ("iam:AttachUserPolicy", ALICE_ARN, MANAGED),
        ("iam:CreateAccessKey", BOB_ARN, {}),
        ("iam:PassRole", ROLE_ARN, {}),
        ("iam:PutRolePolicy", ROLE_ARN, {}),
        ("iam:TagUser", BOB_ARN, {}),
        ("kms:Decrypt", KEY_ARN, {}),
        ("kms:Decrypt", KEY_ARN, through("s3", {})),
        ("lambda:UpdateFunctionCode", FUNCTION_ARN, {}),
        ("logs:PutLogEvents", LOG_STREAM_ARN.replace("key-rotation", "payroll"), {}),
        ("secretsmanager:GetSecretValue", SECRET_ARN, {}),
        ("secretsmanager:PutResourcePolicy", other, {}),
        ("sns:Publish", f"{TOPIC_ARN}-of-payroll", {}),
        ("sqs:SendMessage", f"{QUEUE_ARN}-of-payroll", {}),
        ("ssm:GetParametersByPath", f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/payroll", {}),
        *(() if vpc else ((action, resource, {}) for action, resource in NETWORK)),
    )
    return [
        replace(
            of_the_function(action, resource, context, why="the role has all rights attached"),
            identity=ADMINISTRATORS,
            resource_policy=_LOOSE.get(resource),
        )
        for action, resource, context in asked
    ]


def _guards() -> list[_Guarded]:
    terraform = frozenset({TERRAFORM_ARN})
    operators = terraform | {OPERATOR_ARN}
    return [
        *_each(OF_THE_INSTALLATION, terraform),
        *_each(OF_THE_RUNBOOKS, operators),
        *(_Guarded(action, ALICE_ARN, MANAGED, operators) for action in OF_MANAGED_USERS),
        *(
            _Guarded("iam:TagUser", BOB_ARN, {"aws:TagKeys": (key, "x")}, operators)
            for key in ("access-key-rotation", "Access-Key-Rotation")
        ),
        *(_Guarded(action, KEY_ARN, OF_OUR_KEY, terraform) for action in OF_THE_KEY),
        _Guarded("cloudwatch:PutMetricData", "*", OUR_METRICS, frozenset({ROLE_ARN})),
        _Guarded("organizations:LeaveOrganization", "*", {}, frozenset()),
    ]


def _calls_of_the_command_line() -> list[Question]:
    """`key-rotation restore`, and all other commands, by an operator.

    Raises KeyError for a declared call of a service whose resource is not named here.
    """
    resources = {
        "events": RULE_ARN,
        "iam": ALICE_ARN,
        "lambda": FUNCTION_ARN,
        "logs": LOG_STREAM_ARN.rpartition(":log-stream:")[0],
        "secretsmanager": SECRET_ARN,
        "sns": TOPIC_ARN,
        "ssm": PARAMETER_ARN,
    }
    of_no_resource = {
        "iam:GenerateCredentialReport",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetCredentialReport",
        "iam:ListUsers",
        "logs:DescribeLogGroups",
        "secretsmanager:ListSecrets",
        "sts:GetCallerIdentity",
    }
    return [
        asked_by(
            OPERATOR_ARN,
            call,
            "*" if call in of_no_resource else resources[call.split(":")[0]],
            MANAGED if call.startswith("iam:") else {},
            ADMINISTRATORS,
            "the command line",
        )
        for call in sorted(READS | INVOCATION | RESTORATION | HISTORY)
    ]


def _each(actions: dict[str, tuple[str, ...]], exempt: frozenset[str]) -> list[_Guarded]:
    return [
        _Guarded(action, resource, {}, exempt)
        for resource, of_the_resource in actions.items()
        for action in of_the_resource
    ]


def _in_another_region(questions: Iterable[Question]) -> list[Question]:
    return [
        replace(question, resource=question.resource.replace(REGION, _ANOTHER_REGION))
        for question in questions
        if REGION in question.resource and question.resource != KEY_ARN
    ]


def _is_the_function(principal: str) -> bool:
    """In whichever partition."""
    return principal.split(":")[2:] == _SESSION_ARN.split(":")[2:]


def _is_of_the_account(principal: str) -> bool:
    """Not a service, nor somebody of another account, which may have other policies."""
    return principal.startswith("arn:") and principal.split(":")[4] == ACCOUNT_ID
