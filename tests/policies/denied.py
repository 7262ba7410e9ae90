"""What must not be possible, whoever asks: each for one reason, so that the guard against it shows.

"An administrator" has a policy that allows everything. Where the role is meant to be held back by
its own policy alone, something else would allow the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.policies.names import (
    ACCOUNT_ID,
    ALARM_ARN,
    ALARM_TOPIC_ARN,
    ALICE_ARN,
    ALICE_ID,
    ANOTHER_FUNCTION_ARN,
    BOB_ARN,
    ELSEWHERE,
    FORMER_KEY_ARN,
    FUNCTION_ARN,
    KEY_ARN,
    LIKE_OUR_ALARM_ARN,
    NEVER_ARN,
    ON_CALL_ARN,
    OWN_ALARM_ARN,
    QUEUE_ARN,
    READER_ELSEWHERE_ARN,
    REGION,
    ROLE_ARN,
    RULE_ARN,
    SECRET_ARN,
    TOPIC_ARN,
    asked_by,
    of_service,
    of_the_function,
    through,
)
from tests.policies.question import Context, Question
from tests.policies.required import ADMINISTRATORS, TAKING_OUT

ADMINISTRATOR_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/administrator"
ADMINISTRATOR_ELSEWHERE_ARN = f"arn:aws:iam::{ELSEWHERE}:role/administrator"
READ = "secretsmanager:GetSecretValue"
KEY_CALLS = (
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
    "iam:GetAccessKeyLastUsed",
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:UpdateAccessKey",
)
_MARK = "aws:ResourceTag/access-key-rotation"
_OWN_TAG = "access-key-rotation:managed-by"
_OWN = {f"aws:ResourceTag/{_OWN_TAG}": "key-rotation"}
_SECRET_WRITES: dict[str, Context] = {
    "secretsmanager:DeleteSecret": {"secretsmanager:RecoveryWindowInDays": "30"},
    "secretsmanager:PutResourcePolicy": {"secretsmanager:BlockPublicPolicy": "true"},
    "secretsmanager:PutSecretValue": {},
    "secretsmanager:RemoveRegionsFromReplication": {},
    "secretsmanager:RestoreSecret": {},
    "secretsmanager:TagResource": {},
    "secretsmanager:UntagResource": {},
    "secretsmanager:UpdateSecret": {},
}
_OTHER_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:payroll/db-AbCdEf"
_OTHER_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/other"


def denied() -> list[Question]:
    """What must be denied."""
    return [
        *_keys_of_others(),
        *_powers_that_the_role_has_not(),
        *_secrets_of_others(),
        *_reading(),
        *_telling(),
        *_key_use(),
        *_use_of_a_key_brought_along(),
        *_running(),
    ]


# Lambda itself uses the role for these, and KMS is asked by services: see docs/adr/0024.
_LEFT_TO_AWS = ("ec2:", "kms:", "logs:", "sqs:")


def elsewhere(calls: Sequence[Question]) -> list[Question]:
    """Each of the function's calls, with its role but not from it: denied."""
    another = {"lambda:SourceFunctionArn": ANOTHER_FUNCTION_ARN}
    nowhere = {"lambda:SourceFunctionArn": ""}
    return [
        replace(
            call,
            context={key: value for key, value in (dict(call.context) | context).items() if value},
            why=f"{whose} has the role: {call.why}",
        )
        for call in calls
        if not call.action.startswith(_LEFT_TO_AWS)
        for whose, context in (("another function", another), ("a laptop", nowhere))
    ]


def _keys_of_others() -> list[Question]:
    unmanaged: list[tuple[str, str, Context]] = [
        ("an unmanaged user", BOB_ARN, {}),
        ("a user whose mark has another value", BOB_ARN, {_MARK: "disabled"}),
        ("a user whose mark differs in case", BOB_ARN, {_MARK: "Enabled"}),
        ("a user with an override tag alone", BOB_ARN, {f"{_MARK}:grace-days": "enabled"}),
        ("a user with a tag like the mark", BOB_ARN, {f"{_MARK}2": "enabled"}),
        (
            "a managed user of another account",
            f"arn:aws:iam::{ELSEWHERE}:user/carol",
            {_MARK: "enabled"},
        ),
    ]
    return [
        of_the_function(action, arn, context, why=f"the function reaches for {whose}")
        for whose, arn, context in unmanaged
        for action in KEY_CALLS
    ] + [
        of_the_function(
            action,
            NEVER_ARN,
            {_MARK: "enabled"},
            ADMINISTRATORS,
            "a user whom it must never touch is tagged, and all rights are attached",
        )
        for action in KEY_CALLS
    ]


def out_of_reach() -> list[Question]:
    """Users beside those of `user_path_prefix`, /services/, who carry the tag."""
    return [
        of_the_function(action, arn, {_MARK: "enabled"}, why="a user of another path is tagged")
        for action in (*KEY_CALLS, "iam:ListUserTags")
        for arn in (BOB_ARN, BOB_ARN.replace("user/", "user/services-2/"))
    ]


def _powers_that_the_role_has_not() -> list[Question]:
    managed = {_MARK: "enabled"}
    policy = f"arn:aws:iam::{ACCOUNT_ID}:policy/some"
    return [
        of_the_function(action, resource, context, why="the function changes who may do what")
        for action, resource, context in (
            ("iam:AddUserToGroup", f"arn:aws:iam::{ACCOUNT_ID}:group/admins", {}),
            ("iam:AttachRolePolicy", ROLE_ARN, {}),
            ("iam:AttachUserPolicy", ALICE_ARN, managed),
            ("iam:CreateLoginProfile", ALICE_ARN, managed),
            ("iam:CreatePolicyVersion", policy, {}),
            ("iam:CreateRole", _OTHER_ROLE, {}),
            ("iam:CreateUser", ALICE_ARN, {}),
            ("iam:DeactivateMFADevice", ALICE_ARN, managed),
            ("iam:DeleteRolePermissionsBoundary", ROLE_ARN, {}),
            ("iam:DeleteUser", ALICE_ARN, managed),
            ("iam:PassRole", ROLE_ARN, {}),
            ("iam:PutRolePolicy", ROLE_ARN, {}),
            ("iam:PutUserPolicy", ALICE_ARN, managed),
            ("iam:TagUser", BOB_ARN, {f"aws:RequestTag/{_MARK}": "enabled"}),
            ("iam:UntagUser", ALICE_ARN, managed),
            ("iam:UpdateAssumeRolePolicy", ROLE_ARN, {}),
            ("iam:UpdateLoginProfile", ALICE_ARN, managed),
            ("kms:CreateGrant", KEY_ARN, {}),
            ("kms:PutKeyPolicy", KEY_ARN, {}),
            ("lambda:UpdateFunctionCode", FUNCTION_ARN, {}),
            (
                "ssm:PutParameter",
                f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/key-rotation/config/user_tag",
                {},
            ),
            ("sns:SetTopicAttributes", TOPIC_ARN, {}),
            ("sns:Subscribe", TOPIC_ARN, {}),
            ("sqs:ReceiveMessage", QUEUE_ARN, {}),
            ("sts:AssumeRole", _OTHER_ROLE, {}),
        )
    ] + [
        of_the_function(
            "iam:GetUser", BOB_ARN, why="the function looks up a user who is no reader"
        ),
        of_the_function(
            "iam:GetRole", _OTHER_ROLE, why="the function looks up a role that is no reader"
        ),
        of_the_function(
            "ssm:GetParametersByPath",
            f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/payroll",
            why="the function reads other settings",
        ),
        of_the_function(
            "ssm:GetParametersByPath",
            f"arn:aws:ssm:{REGION}:{ACCOUNT_ID}:parameter/key-rotation",
            why="the function reads what others keep beside its settings",
        ),
        of_the_function(
            "cloudwatch:PutMetricData",
            "*",
            {"cloudwatch:namespace": "AWS/Billing"},
            why="the function writes another metric",
        ),
        of_the_function(
            "logs:PutLogEvents",
            f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/cloudtrail:log-stream:x",
            why="the function writes another log",
        ),
        *(
            of_the_function(
                action,
                f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:payroll",
                why="the function uses another topic",
            )
            for action in (
                "sns:GetSubscriptionAttributes",
                "sns:ListSubscriptionsByTopic",
                "sns:Publish",
            )
        ),
        of_the_function(
            "events:PutEvents",
            f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/payroll",
            why="the function sends to another bus",
        ),
        of_the_function(
            "events:PutEvents",
            f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/default",
            {"events:source": ("iam-access-key-rotation", "payroll")},
            why="the function sends an event in another's name",
        ),
        of_the_function(
            "sqs:SendMessage",
            f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:payroll",
            why="the function sends to another queue",
        ),
    ]


def _secrets_of_others() -> list[Question]:
    """The role's own tag on a secret outside of its prefix is no permission, nor is the prefix."""
    foreign = {f"aws:ResourceTag/{_OWN_TAG}": "another"}
    questions = []
    for action, context in _SECRET_WRITES.items():
        for arn, tags, whose in (
            (_OTHER_SECRET, _OWN, "a secret outside of the prefix"),
            (SECRET_ARN, foreign, "another installation's secret"),
            (SECRET_ARN, {}, "a secret that a person made"),
        ):
            questions.append(
                of_the_function(action, arn, {**tags, **context}, why=f"writing to {whose}")
            )
    asked = {f"aws:RequestTag/{_OWN_TAG}": "key-rotation"}
    return [
        *questions,
        of_the_function(
            "secretsmanager:TagResource",
            SECRET_ARN,
            {**foreign, **asked},
            why="taking over another installation's secret by tagging it",
        ),
        *(
            of_the_function(
                action,
                SECRET_ARN,
                {f"aws:RequestTag/{_OWN_TAG}": "another"},
                why="making a secret that looks like another installation's",
            )
            for action in ("secretsmanager:CreateSecret", "secretsmanager:TagResource")
        ),
        of_the_function(
            "secretsmanager:CreateSecret",
            _OTHER_SECRET,
            asked,
            why="making a secret outside of the prefix",
        ),
        of_the_function(
            "secretsmanager:PutResourcePolicy",
            SECRET_ARN,
            {**_OWN, "secretsmanager:BlockPublicPolicy": "false"},
            why="a secret's policy that nobody checks for being public",
        ),
        of_the_function(
            "secretsmanager:DescribeSecret", _OTHER_SECRET, why="looking at another secret"
        ),
        of_the_function("secretsmanager:DeleteSecret", SECRET_ARN, _OWN, why="losing a key"),
        of_the_function(
            "secretsmanager:DeleteSecret",
            SECRET_ARN,
            {**_OWN, "secretsmanager:RecoveryWindowInDays": "7"},
            why="a secret is deleted before its time",
        ),
    ]


def _reading() -> list[Question]:
    value = {"SecretARN": SECRET_ARN, "SecretVersionId": "0" * 64}
    return [
        of_the_function(READ, SECRET_ARN, _OWN, why="the function reads a key"),
        of_the_function(
            READ, _OTHER_SECRET, {}, ADMINISTRATORS, "the function reads, with all rights attached"
        ),
        of_the_function(
            "secretsmanager:BatchGetSecretValue",
            "*",
            {},
            ADMINISTRATORS,
            "the function reads, with all rights attached",
        ),
        asked_by(BOB_ARN, READ, SECRET_ARN, why="bob reads alice's key"),
        asked_by(
            BOB_ARN, READ, SECRET_ARN, {}, ADMINISTRATORS, "bob, an administrator, reads alice's"
        ),
        asked_by(ADMINISTRATOR_ARN, READ, SECRET_ARN, {}, ADMINISTRATORS, "an administrator reads"),
        asked_by(
            ALICE_ARN.replace("/team/", "/"),
            READ,
            SECRET_ARN,
            {},
            ADMINISTRATORS,
            "another alice, of another path, reads",
        ),
        asked_by(
            ALICE_ARN,
            READ,
            SECRET_ARN,
            {"aws:userid": "AIDASTRANGER"},
            ADMINISTRATORS,
            "a user who took alice's name and path reads",
        ),
        asked_by(
            ADMINISTRATOR_ARN,
            READ,
            SECRET_ARN,
            {"aws:userid": "AROAADMINISTRATOR:" + ALICE_ID},
            ADMINISTRATORS,
            "a role reads in a session that is called like alice",
        ),
        asked_by(
            f"arn:aws:sts::{ACCOUNT_ID}:federated-user/alice",
            READ,
            SECRET_ARN,
            {"aws:userid": f"{ACCOUNT_ID}:alice"},
            ADMINISTRATORS,
            "credentials of GetFederationToken, in alice's name, read",
        ),
        asked_by(
            f"arn:aws:iam::{ELSEWHERE}:user/team/alice",
            READ,
            SECRET_ARN,
            {},
            ADMINISTRATORS,
            "another account's alice reads",
        ),
        asked_by(
            READER_ELSEWHERE_ARN.replace("elsewhere", "other"),
            READ,
            SECRET_ARN,
            {},
            ADMINISTRATORS,
            "another role of a reader's account reads",
        ),
        asked_by(
            ALICE_ARN,
            "secretsmanager:PutSecretValue",
            SECRET_ARN,
            _OWN,
            why="alice writes to her secret",
        ),
        asked_by(
            ALICE_ARN,
            "secretsmanager:PutResourcePolicy",
            SECRET_ARN,
            _OWN,
            why="alice admits others to her secret",
        ),
        # What would be wrong here is wrong with the key alone: no secret's policy is asked.
        asked_by(
            ADMINISTRATOR_ELSEWHERE_ARN,
            "kms:Decrypt",
            KEY_ARN,
            through("secretsmanager", value, ELSEWHERE),
            ADMINISTRATORS,
            "another account's administrator decrypts through Secrets Manager",
        ),
    ]


def _telling() -> list[Question]:
    alarm_elsewhere = ALARM_ARN.replace(ACCOUNT_ID, ELSEWHERE)
    named_like_ours = OWN_ALARM_ARN.replace(ACCOUNT_ID, ELSEWHERE)
    rule_elsewhere = RULE_ARN.replace(ACCOUNT_ID, ELSEWHERE)
    questions = [
        asked_by(arn, action, resource, {}, ADMINISTRATORS, f"{whose} forges a message")
        for whose, arn in (
            ("an administrator", ADMINISTRATOR_ARN),
            ("another account", ADMINISTRATOR_ELSEWHERE_ARN),
            ("another account's role of our name", ROLE_ARN.replace(ACCOUNT_ID, ELSEWHERE)),
        )
        for action, resource in (
            ("sns:Publish", TOPIC_ARN),
            ("sns:Publish", ALARM_TOPIC_ARN),
            ("sqs:SendMessage", QUEUE_ARN),
        )
    ]
    for service, action, resource, source in (
        ("cloudwatch", "sns:Publish", TOPIC_ARN, alarm_elsewhere),
        ("cloudwatch", "sns:Publish", TOPIC_ARN, ALARM_ARN),
        ("cloudwatch", "sns:Publish", TOPIC_ARN, OWN_ALARM_ARN),
        ("cloudwatch", "sns:Publish", ALARM_TOPIC_ARN, ALARM_ARN),  # of this account, but not ours
        ("cloudwatch", "sns:Publish", ALARM_TOPIC_ARN, LIKE_OUR_ALARM_ARN),
        ("cloudwatch", "sns:Publish", ALARM_TOPIC_ARN, named_like_ours),
        ("cloudwatch", "kms:GenerateDataKey", KEY_ARN, alarm_elsewhere),
        ("cloudwatch", "kms:Decrypt", KEY_ARN, alarm_elsewhere),
        ("events", "sqs:SendMessage", QUEUE_ARN, rule_elsewhere),
        ("events", "sqs:SendMessage", QUEUE_ARN, RULE_ARN.replace("key-rotation", "other")),
        ("s3", "sns:Publish", TOPIC_ARN, f"arn:aws:s3:::bucket-of-{ELSEWHERE}"),
    ):
        context = {"aws:SourceArn": source, "aws:SourceAccount": _account_of(source)}
        questions.append(
            of_service(
                f"{service}.amazonaws.com", action, resource, context, f"{source} lets it through"
            )
        )
    without_tls = {"aws:SecureTransport": "false"}
    return [
        *questions,
        of_the_function("sns:Publish", TOPIC_ARN, without_tls, why="publishing without TLS"),
        of_the_function("sqs:SendMessage", QUEUE_ARN, without_tls, why="sending without TLS"),
        of_service(
            "cloudwatch.amazonaws.com",
            "sns:Publish",
            ALARM_TOPIC_ARN,
            {"aws:SourceArn": OWN_ALARM_ARN, "aws:SourceAccount": ACCOUNT_ID, **without_tls},
            "an alarm without TLS",
        ),
        asked_by(
            ON_CALL_ARN,
            "sqs:ReceiveMessage",
            QUEUE_ARN,
            without_tls,
            ADMINISTRATORS,
            "receiving without TLS",
        ),
        *(
            asked_by(
                ADMINISTRATOR_ARN,
                action,
                QUEUE_ARN,
                {},
                ADMINISTRATORS,
                "an administrator takes a dead letter out before anybody saw it",
            )
            for action in TAKING_OUT
        ),
    ]


def _key_use() -> list[Question]:
    """KMS, other than through Secrets Manager, the topic, and alarms."""
    value = {"SecretARN": SECRET_ARN, "SecretVersionId": "0" * 64}
    people = (
        ("an administrator", ADMINISTRATOR_ARN, ADMINISTRATORS),
        ("the owner", ALICE_ARN, ()),
        ("a reader of another account", READER_ELSEWHERE_ARN, ADMINISTRATORS),
    )
    questions = [
        asked_by(
            arn,
            action,
            KEY_ARN,
            {"kms:CallerAccount": arn.split(":")[4], **via},
            identity,
            f"{whose} uses the key {how}",
        )
        for whose, arn, identity in people
        for how, via in (
            ("directly", {}),
            ("through S3", through("s3", {}, arn.split(":")[4])),
            ("through Secrets Manager of another region", _in_another_region(arn)),
        )
        for action in ("kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt")
    ]
    return [
        *questions,
        *(
            of_the_function(action, KEY_ARN, {"kms:CallerAccount": ACCOUNT_ID}, why="directly")
            for action in ("kms:Decrypt", "kms:GenerateDataKey")
        ),
        *(
            of_the_function(action, KEY_ARN, through("s3", {}), why="through S3")
            for action in ("kms:Decrypt", "kms:GenerateDataKey")
        ),
        *(
            asked_by(
                ADMINISTRATOR_ARN,
                action,
                KEY_ARN,
                {},
                ADMINISTRATORS,
                "an administrator gets around the key's policy",
            )
            for action in ("kms:CreateGrant", "kms:ReEncryptFrom", "kms:GenerateDataKeyPair")
        ),
        asked_by(
            ALICE_ARN,
            "kms:GenerateDataKey",
            KEY_ARN,
            through("secretsmanager", value),
            (),
            "the owner encrypts",
        ),
        asked_by(
            ADMINISTRATOR_ELSEWHERE_ARN,
            "kms:GenerateDataKey",
            KEY_ARN,
            through("sns", {}, ELSEWHERE),
            ADMINISTRATORS,
            "another account's administrator encrypts",
        ),
        asked_by(
            BOB_ARN,
            "kms:Decrypt",
            KEY_ARN,
            through("sns", {}),
            (),
            "bob decrypts messages of the topic",
        ),
    ]


def _use_of_a_key_brought_along() -> list[Question]:
    """A key of one's own may have a policy that leaves all of its use to IAM: KMS's default."""
    ours = {"SecretARN": SECRET_ARN, "SecretVersionId": "0" * 64}
    others = {"SecretARN": _OTHER_SECRET, "SecretVersionId": "0" * 64}
    former = [
        (FORMER_KEY_ARN, through("secretsmanager", others), "for another secret"),
        (FORMER_KEY_ARN, through("s3", ours), "through S3"),
        (FORMER_KEY_ARN.replace(REGION, "us-east-1"), through("secretsmanager", ours), "far off"),
    ]
    return (
        [
            replace(
                of_the_function("kms:Decrypt", key, context, why=f"using a former key {how}"),
                resource_policy="default key",
            )
            for key, context, how in former
        ]
        + [
            replace(
                of_the_function(action, KEY_ARN, via, why=f"the function uses a looser key {how}"),
                resource_policy="default key",
            )
            for action in ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
            for how, via in (("directly", {}), ("through S3", through("s3", {})))
        ]
        + [
            replace(
                of_the_function(
                    action,
                    KEY_ARN.replace("of-the-module", "of-payroll"),
                    through("secretsmanager", {}),
                    why="the function uses a key that is not its own",
                ),
                resource_policy="default key",
            )
            for action in ("kms:Decrypt", "kms:GenerateDataKey")
        ]
    )


def _in_another_region(arn: str) -> Context:
    return {
        "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com",
        "kms:CallerAccount": arn.split(":")[4],
    }


def _running() -> list[Question]:
    rule_elsewhere = RULE_ARN.replace(ACCOUNT_ID, ELSEWHERE)
    return [
        of_service(
            "events.amazonaws.com",
            "lambda:InvokeFunction",
            FUNCTION_ARN,
            {"aws:SourceArn": rule_elsewhere, "aws:SourceAccount": ELSEWHERE},
            "another account's schedule",
        ),
        asked_by(
            ADMINISTRATOR_ELSEWHERE_ARN,
            "lambda:InvokeFunction",
            FUNCTION_ARN,
            {},
            ADMINISTRATORS,
            "another account starts the function",
        ),
        asked_by(
            ADMINISTRATOR_ELSEWHERE_ARN,
            "sts:AssumeRole",
            ROLE_ARN,
            {},
            ADMINISTRATORS,
            "another account takes the role",
        ),
        asked_by(
            ADMINISTRATOR_ARN,
            "sts:AssumeRole",
            ROLE_ARN,
            {},
            ADMINISTRATORS,
            "an administrator takes the role",
        ),
        of_service("ec2.amazonaws.com", "sts:AssumeRole", ROLE_ARN, {}, "an instance's role"),
    ]


def _account_of(arn: str) -> str:
    return arn.split(":")[4] or ELSEWHERE
