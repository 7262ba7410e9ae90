"""The resource policy of a secret: what is put, and what is read out of one that AWS returns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from key_rotation.aws.reading_policy import access, reading_policy
from key_rotation.domain.model import Access, Grant, UserRef

ROOT = "arn:aws:iam::123456789012:root"
ALICE = UserRef("alice", "AIDAALICE", "arn:aws:iam::123456789012:user/alice")
MOVED = UserRef("alice", ALICE.id, "arn:aws:iam::123456789012:user/team/alice")
STRANGER = UserRef("alice", "AIDASTRANGER", ALICE.arn)
READER = "arn:aws:iam::123456789012:role/team/reader"
OTHER = "arn:aws:iam::999999999999:role/other"
ACTIONS = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]


def put(owner: UserRef | None = ALICE, *readers: str) -> str:
    return reading_policy(ROOT, owner, readers)


def found(policy: str | None, owner: UserRef | None = ALICE, *readers: str) -> Access:
    return access(policy, ROOT, owner, readers)


def by_arn(*arns: str) -> str:
    """A policy as it was put before the Deny named the owner by the unique id."""
    allow = {"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": ACTIONS}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue"}
    condition = {"ArnNotEquals": {"aws:PrincipalArn": list(arns)}}
    statements = [allow | {"Resource": "*"}, deny | {"Resource": "*", "Condition": condition}]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def changed(policy: str, number: int, **elements: Any) -> str:
    """The policy with these elements of one statement changed."""
    document = json.loads(policy)
    document["Statement"][number] |= elements
    return json.dumps(document)


# -- what is put -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "readers", "principals", "condition"),
    [
        pytest.param(
            ALICE, [], [ALICE.arn, ROOT], {"StringNotEquals": {"aws:userid": ALICE.id}}, id="owner"
        ),
        pytest.param(
            ALICE,
            [READER],
            [ALICE.arn, READER, ROOT],
            {
                "ArnNotEquals": {"aws:PrincipalArn": [READER]},
                "StringNotEquals": {"aws:userid": ALICE.id},
            },
            id="owner and a reader",
        ),
        pytest.param(
            None,
            [READER],
            [READER, ROOT],
            {"ArnNotEquals": {"aws:PrincipalArn": [READER]}},
            id="the owner is gone",
        ),
        pytest.param(None, [], [ROOT], None, id="nobody"),
    ],
)
def test_the_owner_is_denied_by_unique_id_and_readers_by_arn(
    owner: UserRef | None, readers: Sequence[str], principals: list[str], condition: Any
) -> None:
    allow, deny = json.loads(put(owner, *readers))["Statement"]

    assert (allow["Effect"], allow["Principal"], allow["Action"]) == (
        "Allow",
        {"AWS": principals},
        ACTIONS,
    )
    assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
    assert deny["Action"] == "secretsmanager:GetSecretValue"
    assert deny.get("Condition") == condition


def test_no_principal_stands_alone() -> None:
    """Gone, it would come back as a single unique id, which Terraform's provider cannot read."""
    for owner in (ALICE, None):
        for readers in ([], [READER]):
            principals = json.loads(put(owner, *readers))["Statement"][0]["Principal"]["AWS"]
            assert len(principals) > 1 or principals == [ROOT]


def test_the_policy_of_the_same_readers_is_the_same_text() -> None:
    assert put(ALICE, READER) == put(ALICE, READER)
    assert put(ALICE) == json.dumps(json.loads(put(ALICE)), sort_keys=True)


# -- what AWS returns ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "as_wanted"),
    [
        pytest.param(put(), True, id="as it was put"),
        pytest.param(
            changed(put(), 0, Principal={"AWS": [ROOT, ALICE.arn]}, Action=ACTIONS[::-1]),
            True,
            id="in another order",
        ),
        pytest.param(
            changed(put(), 1, Principal={"AWS": "*"}, Action=["secretsmanager:getSecretValue"]),
            True,
            id="in other words",
        ),
        pytest.param(changed(put(), 0, Sid="Renamed"), True, id="another name"),
        pytest.param(put(ALICE, READER), False, id="a reader more"),
        pytest.param(put(STRANGER), False, id="another's"),
        pytest.param(by_arn(ALICE.arn), False, id="before the Deny by unique id"),
        pytest.param(put().replace("Deny", "Allow"), False, id="no denial"),
        pytest.param(put().replace(ALICE.arn, "AIDAGONE"), False, id="a gone user"),
        pytest.param(
            changed(put(), 1, Condition={"Bool": {"aws:SecureTransport": "false"}}),
            False,
            id="another condition",
        ),
        pytest.param(changed(put(), 1, Resource="arn:other"), False, id="another resource"),
        pytest.param(changed(put(), 0, NotAction="s3:*"), False, id="an element more"),
        pytest.param(
            json.dumps({"Statement": json.loads(put())["Statement"][0]}), False, id="one of two"
        ),
        pytest.param(None, False, id="none"),
        pytest.param("{", False, id="no JSON"),
        pytest.param("[]", False, id="no object"),
        pytest.param('{"Statement": ["x"]}', False, id="no statements"),
        pytest.param("[" * 100_000, False, id="too deep"),
    ],
)
def test_a_policy_is_recognised_however_aws_writes_it_down(
    policy: str | None, as_wanted: bool
) -> None:
    assert found(policy).as_wanted is as_wanted


@pytest.mark.parametrize(
    ("policy", "owner", "reads"),
    [
        pytest.param(put(), ALICE, True, id="the owner"),
        pytest.param(put(), STRANGER, False, id="a stranger who took the name"),
        pytest.param(put(MOVED), MOVED, True, id="the owner, moved: AWS shows the new path"),
        pytest.param(put(ALICE), MOVED, False, id="the owner, moved: the old path is allowed"),
        pytest.param(by_arn(ALICE.arn), ALICE, True, id="by ARN"),
        pytest.param(
            by_arn(ALICE.arn).replace(f'{{"AWS": ["{ALICE.arn}"]}}', f'{{"AWS": "{MOVED.arn}"}}'),
            MOVED,
            False,
            id="by ARN, moved: AWS rewrites the principal and not the condition",
        ),
        pytest.param(put().replace(ALICE.arn, ALICE.id), ALICE, True, id="by bare unique id"),
        pytest.param(put(None), ALICE, False, id="closed"),
        pytest.param(
            changed(put(), 0, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            ALICE,
            False,
            id="a condition that is not known here",
        ),
        pytest.param(
            changed(put(), 0, Action="secretsmanager:DescribeSecret"), ALICE, False, id="no read"
        ),
        pytest.param(changed(put(), 0, Action="secretsmanager:*"), ALICE, True, id="a wildcard"),
        pytest.param(
            json.dumps({"Statement": [*json.loads(put())["Statement"], {"Effect": "Deny"}]}),
            ALICE,
            False,
            id="a denial of everything more",
        ),
        pytest.param(None, ALICE, False, id="none"),
    ],
)
def test_who_reads_is_read_out_of_the_statements(
    policy: str | None, owner: UserRef, reads: bool
) -> None:
    assert found(policy, owner).owner_reads is reads


@pytest.mark.parametrize(
    ("policy", "grant"),
    [
        pytest.param(put(), Grant(ALICE.id, ALICE.arn, frozenset()), id="the owner"),
        pytest.param(
            put(ALICE, READER, OTHER),
            Grant(ALICE.id, ALICE.arn, frozenset({READER, OTHER})),
            id="and readers",
        ),
        pytest.param(
            put(ALICE, READER).replace(f'"{READER}", "arn', '"AROAGONE", "arn', 1),
            Grant(ALICE.id, ALICE.arn, frozenset({READER})),
            id="a reader who is gone",
        ),
        pytest.param(
            put().replace(ALICE.arn, ALICE.id),
            Grant(ALICE.id, None, frozenset()),
            id="an owner who is gone",
        ),
        pytest.param(put(None, READER), Grant(None, None, frozenset({READER})), id="closed"),
        pytest.param(
            changed(put(), 0, Principal={"AWS": [ALICE.arn, OTHER, ROOT]}), None, id="one too many"
        ),
        pytest.param(changed(put(), 0, Action="*"), None, id="more than reading"),
        pytest.param(by_arn(ALICE.arn), None, id="by ARN"),
        pytest.param(None, None, id="none"),
    ],
)
def test_whom_a_policy_of_ours_lets_read(policy: str | None, grant: Grant | None) -> None:
    assert found(policy).grant == grant
    assert found(policy).exists is (policy is not None)
