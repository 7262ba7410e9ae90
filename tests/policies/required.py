"""What must be possible beyond the function's own calls."""

from __future__ import annotations

from dataclasses import replace

from tests.policies.behalf import by_lambda_itself
from tests.policies.names import (
    ACCOUNT_ID,
    ALARM_ARN,
    ALARM_TOPIC_ARN,
    ALICE_ARN,
    ALICE_ID,
    ANOTHER_FUNCTION_ARN,
    EXPOSED_RULE_ARN,
    FORMER_KEY_ARN,
    FROM_ELSEWHERE,
    FUNCTION_ARN,
    KEY_ARN,
    ON_CALL_ARN,
    OWN_ALARM_ARNS,
    OWN_READERS,
    QUEUE_ARN,
    READERS,
    ROLE_ARN,
    RULE_ARN,
    SECRET_ARN,
    asked_by,
    of_service,
    of_the_function,
    of_the_role,
    through,
)
from tests.policies.question import Context, Question

TERRAFORM_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/terraform"
ADMINISTRATORS = ("administrator",)
_KEY_TASKS = {
    "Terraform makes, reads, changes and removes the key": (
        "kms:DescribeKey",
        "kms:DisableKeyRotation",
        "kms:EnableKeyRotation",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateKeyDescription",
    ),
    "Terraform makes, changes and removes the alias": (
        "kms:CreateAlias",
        "kms:DeleteAlias",
        "kms:UpdateAlias",
    ),
    "an administrator stops all reading at once, and takes it back": (
        "kms:CancelKeyDeletion",
        "kms:DisableKey",
        "kms:EnableKey",
    ),
    "an administrator renews the key material out of turn": ("kms:RotateKeyOnDemand",),
    "an auditor sees that nobody has a grant, and when the key was rotated": (
        "kms:ListGrants",
        "kms:ListKeyPolicies",
        "kms:ListKeyRotations",
    ),
}


TAKING_OUT = ("sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:ReceiveMessage")


def required() -> list[Question]:
    """What must be allowed in every installation."""
    return [
        *by_lambda_itself(),
        *_owner_and_readers(),
        *_services(),
        *_terraform_makes_a_secret(),
        *_a_secret_moves(),
        *(
            asked_by(ON_CALL_ARN, action, QUEUE_ARN, {}, ADMINISTRATORS, "a dead letter is handled")
            for action in TAKING_OUT
        ),
    ]


def _a_secret_moves() -> list[Question]:
    """To the installation's key, by `UpdateSecret`: of the function, and of Terraform."""
    version = {"SecretARN": SECRET_ARN, "SecretVersionId": "0" * 64}
    context = through("secretsmanager", version)
    questions = []
    for action in ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"):
        key = FORMER_KEY_ARN if action == "kms:Decrypt" else KEY_ARN
        why = "a secret moves to another key"
        questions += [
            of_the_function(action, key, context, why=why),
            of_the_role(action, key, context, why=why),  # as in behalf.py
            asked_by(TERRAFORM_ARN, action, key, context, ADMINISTRATORS, why),
        ]
    return [
        replace(question, resource_policy="default key")
        if question.resource == FORMER_KEY_ARN
        else question
        for question in questions
    ]


def _owner_and_readers() -> list[Question]:
    """The owner needs no policy but the secret's own, nor do readers of the same account."""
    renamed = asked_by(
        ALICE_ARN.replace("user/team/alice", "user/alicia"),
        "secretsmanager:GetSecretValue",
        SECRET_ARN,
        {"aws:userid": ALICE_ID},
        ADMINISTRATORS,  # in the place of the Allow, whose principal AWS keeps by the unique id
        "alice reads her key after she was renamed and moved",
    )
    questions = [renamed]
    for arn in (ALICE_ARN, *READERS, *OWN_READERS):
        # From another account, its own administrators must have a say.
        identity = ADMINISTRATORS if arn in FROM_ELSEWHERE else ()
        for action in ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"):
            questions.append(
                asked_by(arn, action, SECRET_ARN, identity=identity, why=f"{arn} reads alice's key")
            )
        value = {"SecretARN": SECRET_ARN, "SecretVersionId": "0" * 64}
        context = through("secretsmanager", value, arn.split(":")[4])
        questions.append(
            asked_by(arn, "kms:Decrypt", KEY_ARN, context, identity, f"{arn} reads alice's key")
        )
    return questions


def _services() -> list[Question]:
    of_alarms = {"aws:SourceArn": ALARM_ARN, "aws:SourceAccount": ACCOUNT_ID}
    rules = ((RULE_ARN, "the schedule"), (EXPOSED_RULE_ARN, "the rule of exposed keys"))
    return [
        *(
            of_service(
                "cloudwatch.amazonaws.com",
                "sns:Publish",
                ALARM_TOPIC_ARN,
                {"aws:SourceArn": alarm, "aws:SourceAccount": ACCOUNT_ID},
                "an alarm of the module goes off",
            )
            for alarm in OWN_ALARM_ARNS
        ),
        *(
            of_service("cloudwatch.amazonaws.com", action, KEY_ARN, of_alarms, "an alarm goes off")
            for action in ("kms:Decrypt", "kms:GenerateDataKey")
        ),
        *(
            of_service(
                "events.amazonaws.com",
                action,
                resource,
                {"aws:SourceArn": arn, "aws:SourceAccount": ACCOUNT_ID},
                f"{rule} {what}",
            )
            for arn, rule in rules
            for action, resource, what in (
                ("lambda:InvokeFunction", FUNCTION_ARN, "starts the function"),
                ("sqs:SendMessage", QUEUE_ARN, "keeps an event that it could not deliver"),
            )
        ),
        of_service("lambda.amazonaws.com", "sts:AssumeRole", ROLE_ARN, {}, "Lambda runs it"),
    ]


def administration_of_the_key() -> list[Question]:
    """What must be allowed as well if the key is the module's own."""
    return [
        asked_by(TERRAFORM_ARN, action, KEY_ARN, identity=ADMINISTRATORS, why=task)
        for task, actions in _KEY_TASKS.items()
        for action in actions
    ]


def _terraform_makes_a_secret() -> list[Question]:
    tried = {"SecretARN": "RequestToValidateKeyAccess"}
    return [
        asked_by(
            TERRAFORM_ARN,
            action,
            KEY_ARN,
            through("secretsmanager", tried),
            ADMINISTRATORS,
            "Terraform makes a secret with the key",
        )
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
    ]


def in_a_vpc() -> list[Question]:
    """What Lambda does with the role in the account's network."""
    return [
        of_the_role(action, resource, why="Lambda joins the network")
        for action, resource in NETWORK
    ]


_INTERFACE_ARN = f"arn:aws:ec2:eu-west-1:{ACCOUNT_ID}:network-interface/eni-0123456789abcdef0"
NETWORK = (
    ("ec2:DescribeNetworkInterfaces", "*"),
    ("ec2:DescribeSubnets", "*"),
    ("ec2:CreateNetworkInterface", _INTERFACE_ARN),
    ("ec2:CreateNetworkInterface", f"arn:aws:ec2:eu-west-1:{ACCOUNT_ID}:subnet/subnet-0123456789"),
    (
        "ec2:CreateNetworkInterface",
        f"arn:aws:ec2:eu-west-1:{ACCOUNT_ID}:security-group/sg-0123456789",
    ),
    ("ec2:DeleteNetworkInterface", _INTERFACE_ARN),
    ("ec2:AssignPrivateIpAddresses", _INTERFACE_ARN),
    ("ec2:UnassignPrivateIpAddresses", _INTERFACE_ARN),
)


def not_in_a_vpc() -> list[Question]:
    """The same by the code of a function, and elsewhere: denied."""
    another: Context = {"lambda:SourceFunctionArn": ANOTHER_FUNCTION_ARN}
    return [
        question
        for action, resource in NETWORK
        for question in (
            of_the_function(action, resource, why="the function's code touches the network"),
            of_the_role(action, resource, another, why="another function touches the network"),
        )
    ] + [
        of_the_role(
            "ec2:DeleteNetworkInterface",
            _INTERFACE_ARN.replace("eu-west-1", "us-east-1"),
            why="an interface of another region",
        )
    ]
