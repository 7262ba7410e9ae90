"""The installation that is looked at: what its resources are called, and who asks."""

from __future__ import annotations

from typing import Any

from tests.aws import account
from tests.policies.question import Context, Question

ACCOUNT_ID = account.ACCOUNT_ID
REGION = account.REGION
ELSEWHERE = "444455556666"  # another account

ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/key-rotation"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/key-rotation/key-rotation"
ANOTHER_FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:another"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:key-rotation"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:key-rotation"
ALARM_TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:key-rotation-alarms"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:key-rotation-dead-letters"
ON_CALL_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/on-call-1"  # of `dead_letter_operator_arns`
RULE_ARN = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/key-rotation"
EXPOSED_RULE_ARN = f"{RULE_ARN}-exposed-keys"  # of `rotate_exposed_keys`
BUS_ELSEWHERE_ARN = f"arn:aws:events:{REGION}:{ELSEWHERE}:event-bus/key-rotation"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/of-the-module"
FORMER_KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/that-secrets-were-on"
LOG_STREAM_ARN = (
    f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/lambda/key-rotation:log-stream:2026/06/01"
)
SECRET_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:iam-access-key/alice-AbCdEf"
ALICE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:user/team/alice"
NEVER_ARN = f"arn:aws:iam::{ACCOUNT_ID}:user/team/never"  # of `never_user_arns`
ALICE_ID = "AIDAALICEALICEALICE1"
BOB_ARN = f"arn:aws:iam::{ACCOUNT_ID}:user/bob"
ALARM_ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:function-failed"
LIKE_OUR_ALARM_ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:key-rotation-please-read"
OWN_ALARM_ARNS = tuple(
    f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:key-rotation-{name}"
    for name in ("dead-letters", "errors", "key-overdue", "no-run", "not-started")
)
OWN_ALARM_ARN = OWN_ALARM_ARNS[0]

# modules/consumer for alice's key.
CONSUMER_RULE_ARN = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/alice-key"
CONSUMER_QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:alice-key-dead-letters"
CONSUMER_FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:deliver"

# The readers that the module is given; and, for one of them, the session that it reads in.
READING_USER_ARN = f"arn:aws:iam::{ACCOUNT_ID}:user/break-glass"
READING_ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/team/deploy"
READER_ELSEWHERE_ARN = f"arn:aws:iam::{ELSEWHERE}:role/elsewhere"
READERS = (READING_ROLE_ARN, READING_USER_ARN, READER_ELSEWHERE_ARN)
# Those of alice alone.
OWN_READER_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/of-alice"
OWN_READER_ELSEWHERE_ARN = "arn:aws:iam::777788889999:role/of-alice"
OWN_READERS = (OWN_READER_ARN, OWN_READER_ELSEWHERE_ARN)
FROM_ELSEWHERE = (READER_ELSEWHERE_ARN, OWN_READER_ELSEWHERE_ARN)

# Which of the documents is the policy of a resource. Those of other resources have none.
_POLICIES = {
    TOPIC_ARN: "topic",
    ALARM_TOPIC_ARN: "alarm topic",
    QUEUE_ARN: "queue",
    KEY_ARN: "key",
    FUNCTION_ARN: "function",
    ROLE_ARN: "trust",
    CONSUMER_QUEUE_ARN: "consumer queue",
    CONSUMER_FUNCTION_ARN: "consumer function",
}
_OUR_SECRETS = ":secret:iam-access-key/"


def asked_by(
    principal_arn: str,
    action: str,
    resource: str,
    context: Context | None = None,
    identity: tuple[str, ...] = (),
    why: str = "",
) -> Question:
    """A user or a role asks; `identity` names the policies that they have."""
    general: dict[str, Any] = {
        "aws:PrincipalArn": principal_arn,
        "aws:PrincipalAccount": principal_arn.split(":")[4],
        "aws:userid": _user_id(principal_arn),
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true",
    }
    return Question(
        _session(principal_arn),
        action,
        resource,
        general | dict(context or {}),
        identity,
        policy_of(resource),
        why,
    )


def of_the_function(
    action: str,
    resource: str,
    context: Context | None = None,
    attached: tuple[str, ...] = (),
    why: str = "",
) -> Question:
    """The function's code asks, as its role; `attached` are policies that the role has as well."""
    own: dict[str, Any] = {"lambda:SourceFunctionArn": FUNCTION_ARN}
    return asked_by(ROLE_ARN, action, resource, own | dict(context or {}), ("role", *attached), why)


def of_the_role(
    action: str,
    resource: str,
    context: Context | None = None,
    attached: tuple[str, ...] = (),
    why: str = "",
) -> Question:
    """The role asks, and not from the function's code: the context says from where."""
    return asked_by(ROLE_ARN, action, resource, context, ("role", *attached), why)


def of_service(
    service: str, action: str, resource: str, context: Context | None = None, why: str = ""
) -> Question:
    """An AWS service asks in its own name: only the resource's policy is its permission."""
    general: dict[str, Any] = {
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": service,
        "aws:SecureTransport": "true",
    }
    return Question(
        service, action, resource, general | dict(context or {}), (), policy_of(resource), why
    )


def through(service: str, context: Context, caller_account: str = ACCOUNT_ID) -> Context:
    """The context in which KMS is asked by a service on behalf of its caller."""
    return {
        "kms:ViaService": f"{service}.{REGION}.amazonaws.com",
        "kms:CallerAccount": caller_account,
        "kms:EncryptionContextKeys": tuple(context),
        **{f"kms:EncryptionContext:{key}": value for key, value in context.items()},
    }


def policy_of(arn: str) -> str | None:
    """The name of the resource's own policy."""
    return "secret" if _OUR_SECRETS in arn else _POLICIES.get(arn)


def _user_id(principal_arn: str) -> str:
    """The unique id: of a user alone, of a role with the session's name."""
    if principal_arn == ALICE_ARN:
        return ALICE_ID
    kind, name = principal_arn.split(":")[5].split("/")[0], principal_arn.split("/")[-1]
    return f"AROA{name.upper()}:session" if kind == "role" else f"AIDA{name.upper()}"


def _session(principal_arn: str) -> str:
    """A role asks in a session."""
    partition, account, resource = (principal_arn.split(":")[part] for part in (1, 4, 5))
    kind, name = resource.split("/")[0], resource.split("/")[-1]
    if kind != "role":
        return principal_arn
    return f"arn:{partition}:sts::{account}:assumed-role/{name}/session"
