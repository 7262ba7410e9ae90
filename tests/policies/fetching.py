"""Who fetches a new key: the role of a consumer (modules/consumer), and an owner with key-fetch.

The role has the policy that the module gives it, and is a reader of alice's secret. What is to hold
it back is that policy alone: so other secrets have no policy of their own, and the KMS key one that
leaves all of its use to IAM.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace

from tests.policies.names import (
    ACCOUNT_ID,
    ALICE_ARN,
    ALICE_ID,
    BOB_ARN,
    CONSUMER_FUNCTION_ARN,
    CONSUMER_QUEUE_ARN,
    CONSUMER_RULE_ARN,
    ELSEWHERE,
    KEY_ARN,
    ON_CALL_ARN,
    READING_ROLE_ARN,
    REGION,
    RULE_ARN,
    SECRET_ARN,
    asked_by,
    of_service,
    through,
)
from tests.policies.question import Context, Document, Question
from tests.policies.required import ADMINISTRATORS, TAKING_OUT

READER = ("consumer reader",)
CONSUMER = (*READER, "consumer queue", "consumer function")
MADE_AGAIN = "secret whose reader was made again"
OF_BOB = "secret of bob"

_READ = "secretsmanager:GetSecretValue"
_BOBS_SECRET = SECRET_ARN.replace("alice", "bob")
_OTHER_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:payroll/db-AbCdEf"
_OTHER_KEY = KEY_ARN.replace("of-the-module", "of-payroll")
_OTHER_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/other"
_ADMINISTRATOR_ELSEWHERE = f"arn:aws:iam::{ELSEWHERE}:role/administrator"
_WRITES = (
    "secretsmanager:CancelRotateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:PutResourcePolicy",
    "secretsmanager:PutSecretValue",
    "secretsmanager:ReplicateSecretToRegions",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecret",
    "secretsmanager:UpdateSecretVersionStage",
)


def secrets(policy: Document) -> dict[str, Document]:
    """Secrets that have another policy than `policy`, which the function wrote for alice."""
    made_again = copy.deepcopy(policy)
    [may_read] = [each for each in made_again["Statement"] if each["Effect"] == "Allow"]
    # AWS keeps the unique id of a principal that is gone, in its place; in a condition, the ARN.
    may_read["Principal"]["AWS"] = [
        "AROADEPLOYDEPLOYDEPL" if arn == READING_ROLE_ARN else arn
        for arn in may_read["Principal"]["AWS"]
    ]
    of_bob = json.dumps(policy)
    for replaced, by in (
        (ALICE_ARN, BOB_ARN),
        (ALICE_ID, "AIDABOB"),
        (READING_ROLE_ARN, _OTHER_ROLE),  # the role is no reader of bob's
    ):
        of_bob = of_bob.replace(replaced, by)
    return {MADE_AGAIN: made_again, OF_BOB: json.loads(of_bob)}


def consumed() -> list[Question]:
    """What must be possible to the consumer, to its rule, and to who looks after it."""
    read = _by_the_reader(_READ, SECRET_ARN, {}, "the consumer reads the new key")
    decrypt = _by_the_reader(
        "kms:Decrypt", KEY_ARN, _through_secretsmanager(SECRET_ARN), "the consumer reads the key"
    )
    return [
        read,
        replace(read, resource_policy=MADE_AGAIN, why="… after its role was made again"),
        decrypt,
        replace(decrypt, resource_policy="default key", why="… with a KMS key of one's own"),
        of_service(
            "events.amazonaws.com",
            "lambda:InvokeFunction",
            CONSUMER_FUNCTION_ARN,
            _of_the_rule(CONSUMER_RULE_ARN),
            "a rotation starts the function",
        ),
        of_service(
            "events.amazonaws.com",
            "sqs:SendMessage",
            CONSUMER_QUEUE_ARN,
            _of_the_rule(CONSUMER_RULE_ARN),
            "an event that could not be delivered is kept",
        ),
        *(
            asked_by(ON_CALL_ARN, action, CONSUMER_QUEUE_ARN, {}, ADMINISTRATORS, "an operator")
            for action in TAKING_OUT
        ),
        asked_by(
            READING_ROLE_ARN,
            "sqs:SendMessage",
            CONSUMER_QUEUE_ARN,
            identity=ADMINISTRATORS,
            why="the function keeps what it failed on, by a policy of its own",
        ),
    ]


def not_consumed() -> list[Question]:
    """What must be denied to the consumer, and to whoever would stand in for its rule."""
    return [*_other_secrets(), *_other_uses_of_keys(), *_other_senders()]


def fetched_by_the_owner() -> list[Question]:
    """What key-fetch does with the owner's key, who has no policy at all.

    It also asks STS who has the key: AWS asks for no permission for `sts:GetCallerIdentity`.
    """
    return [
        asked_by(ALICE_ARN, _READ, SECRET_ARN, why="key-fetch reads the key"),
        asked_by(
            ALICE_ARN,
            "kms:Decrypt",
            KEY_ARN,
            _through_secretsmanager(SECRET_ARN),
            why="key-fetch reads the key",
        ),
    ]


def not_fetched_by_the_owner() -> list[Question]:
    """What an owner with key-fetch must not get to."""
    bobs = asked_by(ALICE_ARN, _READ, _BOBS_SECRET, why="alice reads bob's key")
    return [
        replace(bobs, resource_policy=OF_BOB),
        replace(bobs, resource_policy=OF_BOB, identity=ADMINISTRATORS),
        asked_by(ALICE_ARN, _READ, _OTHER_SECRET, why="alice reads another secret"),
        *(asked_by(ALICE_ARN, action, SECRET_ARN, why="alice changes it") for action in _WRITES),
        asked_by(
            ALICE_ARN,
            "kms:Decrypt",
            KEY_ARN,
            {**_of_the_secret(SECRET_ARN), "kms:CallerAccount": ACCOUNT_ID},
            why="alice decrypts directly",
        ),
    ]


def _by_the_reader(action: str, resource: str, context: Context, why: str) -> Question:
    return asked_by(READING_ROLE_ARN, action, resource, context, READER, why)


def _other_secrets() -> list[Question]:
    of_bob = _by_the_reader(_READ, _BOBS_SECRET, {}, "the consumer reads bob's key")
    in_another_region = _by_the_reader(
        _READ, SECRET_ARN.replace(REGION, "us-east-1"), {}, "a secret of another region"
    )
    return [
        replace(of_bob, resource_policy=OF_BOB),
        replace(of_bob, resource_policy=None, why="… from a secret without a policy"),
        _by_the_reader(_READ, _OTHER_SECRET, {}, "the consumer reads another secret"),
        replace(in_another_region, resource_policy=None),
        _by_the_reader("secretsmanager:BatchGetSecretValue", "*", {}, "the consumer reads many"),
        _by_the_reader("secretsmanager:ListSecrets", "*", {}, "the consumer looks around"),
        *(
            _by_the_reader(action, arn, {}, "the consumer changes a secret")
            for action in _WRITES
            for arn in (SECRET_ARN, _OTHER_SECRET)
        ),
        _by_the_reader(
            "secretsmanager:DescribeSecret", _OTHER_SECRET, {}, "the consumer looks at another"
        ),
        asked_by(
            _OTHER_ROLE, _READ, SECRET_ARN, {}, READER, "the role has the policy, and is no reader"
        ),
    ]


def _other_uses_of_keys() -> list[Question]:
    uses: list[tuple[str, str, Context, str]] = [
        ("kms:Decrypt", KEY_ARN, _of_the_secret(SECRET_ARN), "directly"),
        ("kms:Decrypt", KEY_ARN, through("s3", {"SecretARN": SECRET_ARN}), "through S3"),
        (
            "kms:Decrypt",
            KEY_ARN,
            {
                **_of_the_secret(SECRET_ARN),
                "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com",
            },
            "through Secrets Manager of another region",
        ),
        ("kms:Decrypt", KEY_ARN, _through_secretsmanager(_OTHER_SECRET), "for another secret"),
        ("kms:Decrypt", KEY_ARN, _through_secretsmanager(_BOBS_SECRET), "for bob's secret"),
        ("kms:Decrypt", KEY_ARN, through("secretsmanager", {}), "for nothing that is named"),
        ("kms:Decrypt", _OTHER_KEY, _through_secretsmanager(SECRET_ARN), "which is another"),
        ("kms:Encrypt", KEY_ARN, _through_secretsmanager(SECRET_ARN), "to encrypt"),
        ("kms:GenerateDataKey", KEY_ARN, _through_secretsmanager(SECRET_ARN), "to encrypt"),
        ("kms:CreateGrant", KEY_ARN, {}, "to let others use it"),
    ]
    return [
        replace(
            _by_the_reader(action, key, context, f"the consumer uses a key {how}"),
            resource_policy="default key",
        )
        for action, key, context, how in uses
    ]


def _other_senders() -> list[Question]:
    rules = (
        ("the rotation's schedule", RULE_ARN),
        ("another account's rule", CONSUMER_RULE_ARN.replace(ACCOUNT_ID, ELSEWHERE)),
        ("a rule of another bus", CONSUMER_RULE_ARN.replace("rule/", "rule/other-bus/")),
        ("a rule that is called alike", f"{CONSUMER_RULE_ARN}-2"),
    )
    targets = (
        ("lambda:InvokeFunction", CONSUMER_FUNCTION_ARN),
        ("sqs:SendMessage", CONSUMER_QUEUE_ARN),
    )
    without_tls: Context = {**_of_the_rule(CONSUMER_RULE_ARN), "aws:SecureTransport": "false"}
    return [
        *(
            of_service("events.amazonaws.com", action, target, _of_the_rule(rule), whose)
            for action, target in targets
            for whose, rule in rules
        ),
        *(
            of_service("s3.amazonaws.com", action, target, _of_the_rule(CONSUMER_RULE_ARN), "S3")
            for action, target in targets
        ),
        *(
            asked_by(_ADMINISTRATOR_ELSEWHERE, action, target, {}, ADMINISTRATORS, "elsewhere")
            for action, target in targets
        ),
        *(asked_by(BOB_ARN, action, target, why="bob starts it") for action, target in targets),
        of_service(
            "events.amazonaws.com", "sqs:SendMessage", CONSUMER_QUEUE_ARN, without_tls, "no TLS"
        ),
    ]


def _of_the_rule(arn: str) -> Context:
    return {"aws:SourceArn": arn, "aws:SourceAccount": arn.split(":")[4]}


def _of_the_secret(arn: str) -> Context:
    """The encryption context of a secret's value, as whoever asks KMS gives it."""
    return {
        "kms:EncryptionContextKeys": ("SecretARN", "SecretVersionId"),
        "kms:EncryptionContext:SecretARN": arn,
    }


def _through_secretsmanager(arn: str) -> Context:
    return through("secretsmanager", {"SecretARN": arn, "SecretVersionId": "0" * 64})
