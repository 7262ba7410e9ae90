"""What protects the keys, by resource and action: what examples/guardrails is about."""

from __future__ import annotations

from tests.policies.names import (
    ACCOUNT_ID,
    ALARM_ARN,
    ALARM_TOPIC_ARN,
    ALICE_ARN,
    BOB_ARN,
    FUNCTION_ARN,
    KEY_ARN,
    LOG_STREAM_ARN,
    ON_CALL_ARN,
    OWN_ALARM_ARN,
    QUEUE_ARN,
    READING_ROLE_ARN,
    REGION,
    ROLE_ARN,
    RULE_ARN,
    SECRET_ARN,
    TOPIC_ARN,
)
from tests.policies.question import Context
from tests.policies.required import TERRAFORM_ARN

OPERATOR_ARN = ON_CALL_ARN

MANAGED = {"aws:ResourceTag/access-key-rotation": "enabled"}
OF_OUR_KEY = {"kms:ResourceAliases": ("alias/key-rotation",)}
OUR_METRICS = {"cloudwatch:namespace": "AccessKeyRotation"}
_EXPOSED_RULE_ARN = f"{RULE_ARN}-exposed-keys"
_CENTRAL_TOPIC_ARN = f"{TOPIC_ARN}-central"
_CENTRAL_BUS_ARN = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/key-rotation"
_CENTRAL_RULE_ARN = f"{RULE_ARN}/key-rotation-blocked"
_LOG_GROUP_ARN = LOG_STREAM_ARN.split(":log-stream")[0]
PARAMETER_ARN = f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/key-rotation/config/user_tag"
_OPTIONS_ARN = PARAMETER_ARN.replace("config/user_tag", "users/00-000")
_BOUNDARY_ARN = f"arn:aws:iam::{ACCOUNT_ID}:policy/key-rotation-boundary"
_ALIAS_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/key-rotation"
_KEY_OF_PAYROLL = f"{KEY_ARN}-of-payroll"

# Of the tag access-key-rotation = enabled: tests/terraform/claim.tftest.hcl has the same name.
_CLAIM_ARN = (
    f"arn:aws:iam::{ACCOUNT_ID}:role/{REGION}/key-rotation/"
    "one-access-key-rotation-per-tag-809c65d4d2b2"
)

# By resource: what would undo what it is there for.
OF_THE_INSTALLATION: dict[str, tuple[str, ...]] = {
    ROLE_ARN: (
        "iam:AttachRolePolicy",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PassRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
    ),
    _CLAIM_ARN: ("iam:CreateRole", "iam:DeleteRole", "iam:UpdateAssumeRolePolicy"),
    # Who is exempt, or reads, is guarded, too: or else an administrator would assume it.
    TERRAFORM_ARN: ("iam:CreateRole", "iam:PassRole", "iam:UpdateAssumeRolePolicy"),
    READING_ROLE_ARN: ("iam:AttachRolePolicy", "iam:PassRole", "iam:UpdateAssumeRolePolicy"),
    OPERATOR_ARN: ("iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"),
    _BOUNDARY_ARN: (
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:SetDefaultPolicyVersion",
    ),
    FUNCTION_ARN: (
        "lambda:AddPermission",
        "lambda:CreateFunctionUrlConfig",
        "lambda:DeleteFunction",
        "lambda:DeleteFunctionConcurrency",
        "lambda:DeleteFunctionEventInvokeConfig",
        "lambda:PutFunctionCodeSigningConfig",
        "lambda:PutFunctionConcurrency",
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:PutFunctionRecursionConfig",
        "lambda:PutRuntimeManagementConfig",
        "lambda:RemovePermission",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:UpdateFunctionEventInvokeConfig",
    ),
    f"{FUNCTION_ARN}:live": ("lambda:UpdateAlias",),
    RULE_ARN: (
        "events:DeleteRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
    ),
    _EXPOSED_RULE_ARN: (
        "events:DeleteRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
    ),
    PARAMETER_ARN: (
        "ssm:AddTagsToResource",
        "ssm:DeleteParameter",
        "ssm:DeleteParameters",
        "ssm:PutParameter",
        "ssm:PutResourcePolicy",
    ),
    _OPTIONS_ARN: ("ssm:DeleteParameter", "ssm:PutParameter"),
    SECRET_ARN: (
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteResourcePolicy",
        "secretsmanager:DeleteSecret",
        "secretsmanager:PutResourcePolicy",
        "secretsmanager:PutSecretValue",
        "secretsmanager:RemoveRegionsFromReplication",
        "secretsmanager:ReplicateSecretToRegions",
        "secretsmanager:RotateSecret",
        "secretsmanager:StopReplicationToReplica",
        "secretsmanager:UpdateSecret",
    ),
    _ALIAS_ARN: ("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"),
    TOPIC_ARN: (
        "sns:AddPermission",
        "sns:DeleteTopic",
        "sns:PutDataProtectionPolicy",
        "sns:RemovePermission",
        "sns:SetSubscriptionAttributes",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:Unsubscribe",
    ),
    ALARM_TOPIC_ARN: ("sns:SetTopicAttributes", "sns:Subscribe", "sns:Unsubscribe"),
    _CENTRAL_TOPIC_ARN: ("sns:SetTopicAttributes", "sns:Subscribe", "sns:Unsubscribe"),
    _CENTRAL_BUS_ARN: ("events:DeleteEventBus", "events:PutEvents"),
    _CENTRAL_RULE_ARN: ("events:DeleteRule", "events:PutTargets", "events:RemoveTargets"),
    QUEUE_ARN: (
        "sqs:AddPermission",
        "sqs:DeleteQueue",
        "sqs:SetQueueAttributes",
        "sqs:StartMessageMoveTask",
    ),
    _LOG_GROUP_ARN: (
        "logs:DeleteLogGroup",
        "logs:PutDataProtectionPolicy",
        "logs:PutMetricFilter",
        "logs:PutRetentionPolicy",
        "logs:PutSubscriptionFilter",
    ),
    LOG_STREAM_ARN: ("logs:DeleteLogStream", "logs:PutLogEvents"),
    OWN_ALARM_ARN: (
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DisableAlarmActions",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:SetAlarmState",
    ),
}
OF_THE_RUNBOOKS: dict[str, tuple[str, ...]] = {
    RULE_ARN: ("events:DisableRule", "events:EnableRule"),
    _EXPOSED_RULE_ARN: ("events:DisableRule", "events:EnableRule"),
    _CENTRAL_RULE_ARN: ("events:DisableRule",),
    SECRET_ARN: (
        "secretsmanager:RestoreSecret",
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
        "secretsmanager:UpdateSecretVersionStage",
    ),
    QUEUE_ARN: (
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:PurgeQueue",
        "sqs:ReceiveMessage",
    ),
}
OF_MANAGED_USERS = (
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:TagUser",
    "iam:UntagUser",
    "iam:UpdateLoginProfile",
    "iam:UpdateUser",
)
OF_THE_KEY = (
    "kms:CreateGrant",
    "kms:DeleteImportedKeyMaterial",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:ScheduleKeyDeletion",
)

# What everybody may do with what is ours: look, invoke, and stop a key that leaked.
HARMLESS: tuple[tuple[str, str, Context], ...] = (
    ("cloudwatch:DescribeAlarms", OWN_ALARM_ARN, {}),
    ("cloudwatch:ListTagsForResource", OWN_ALARM_ARN, {}),
    ("events:DescribeRule", RULE_ARN, {}),
    ("events:ListTargetsByRule", RULE_ARN, {}),
    ("iam:DeleteAccessKey", ALICE_ARN, MANAGED),
    ("iam:GenerateServiceLastAccessedDetails", ROLE_ARN, {}),
    ("iam:GetRole", ROLE_ARN, {}),
    ("iam:ListRolePolicies", ROLE_ARN, {}),
    ("iam:SimulatePrincipalPolicy", ROLE_ARN, {}),
    ("iam:UpdateAccessKey", ALICE_ARN, MANAGED),
    ("lambda:GetFunctionConfiguration", FUNCTION_ARN, {}),
    ("lambda:InvokeFunction", FUNCTION_ARN, {}),
    ("lambda:ListTags", FUNCTION_ARN, {}),
    ("logs:DescribeLogStreams", _LOG_GROUP_ARN, {}),
    ("logs:FilterLogEvents", _LOG_GROUP_ARN, {}),
    ("logs:GetLogEvents", LOG_STREAM_ARN, {}),
    ("logs:ListTagsForResource", _LOG_GROUP_ARN, {}),
    ("logs:StartQuery", _LOG_GROUP_ARN, {}),
    ("secretsmanager:DescribeSecret", SECRET_ARN, {}),
    ("secretsmanager:GetResourcePolicy", SECRET_ARN, {}),
    ("secretsmanager:ListSecretVersionIds", SECRET_ARN, {}),
    ("sns:GetTopicAttributes", TOPIC_ARN, {}),
    ("sns:ListSubscriptionsByTopic", TOPIC_ARN, {}),
    ("sqs:GetQueueAttributes", QUEUE_ARN, {}),
    ("sqs:ListQueueTags", QUEUE_ARN, {}),
    ("ssm:GetParametersByPath", PARAMETER_ARN, {}),
    ("ssm:ListTagsForResource", PARAMETER_ARN, {}),
    ("sts:AssumeRole", OPERATOR_ARN, {}),
)
# What is not ours.
OF_OTHERS: tuple[tuple[str, str, Context], ...] = (
    ("cloudwatch:DeleteAlarms", ALARM_ARN, {}),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Payroll"}),
    ("events:PutTargets", f"{RULE_ARN}-of-payroll", {}),
    ("iam:PassRole", f"{ROLE_ARN}-of-payroll", {}),
    ("iam:CreateAccessKey", BOB_ARN, {}),
    ("iam:TagUser", BOB_ARN, {"aws:TagKeys": ("cost-centre",)}),
    ("kms:ScheduleKeyDeletion", _KEY_OF_PAYROLL, {"kms:ResourceAliases": ("alias/payroll",)}),
    ("lambda:UpdateFunctionCode", f"{FUNCTION_ARN}-of-payroll", {}),
    ("sqs:DeleteMessage", f"{QUEUE_ARN}-of-payroll", {}),
    ("ssm:PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/payroll", {}),
)
