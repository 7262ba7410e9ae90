"""Which policies make a managed user an administrator, and what is said of what cannot be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.aws_managed_policies import aws_managed_policies_data

from key_rotation.domain.settings import UserTag
from key_rotation_cli.administrators import (
    OF_AWS,
    Administrators,
    Power,
    makes_administrator,
    read_administrators,
)
from tests.unit.builders import ACCOUNT

TAG = UserTag("access-key-rotation", "enabled")
BOB = f"arn:aws:iam::{ACCOUNT}:user/team/bob"
ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OWN = f"arn:aws:iam::{ACCOUNT}:policy/all"


class FakeIam:
    """The one read, in two pages; or IAM's refusal."""

    def __init__(self, *pages: dict[str, Any], error: Exception | None = None) -> None:
        self.pages, self.error = pages, error
        self.filters: list[list[str]] = []

    def get_paginator(self, operation: str) -> FakeIam:
        assert operation == "get_account_authorization_details"
        return self

    def paginate(
        self,
        Filter: list[str],  # noqa: N803 - as boto3 has it
        PaginationConfig: dict[str, int],  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        self.filters.append(Filter)
        yield from self.pages
        if self.error is not None:
            raise self.error


def detail(name: str = "bob", tag: str | None = "enabled", **policies: Any) -> dict[str, Any]:
    tags = [] if tag is None else [{"Key": "Access-Key-Rotation", "Value": tag}]
    return {"UserName": name, "Arn": BOB, "Tags": tags, **policies}


def attached(arn: str = OWN) -> list[dict[str, str]]:
    return [{"PolicyName": arn.split("/")[-1], "PolicyArn": arn}]


def of_aws(name: str) -> str:
    return f"arn:aws-us-gov:iam::aws:policy/{name}"


def group(policy_arn: str) -> dict[str, Any]:
    return {"GroupName": "ops", "AttachedManagedPolicies": attached(policy_arn)}


def of_bob(*pages: dict[str, Any]) -> Power:
    return read_administrators(FakeIam(*pages), TAG).of("bob")


def allowing(**statement: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Resource": "*"} | statement]}


@pytest.mark.parametrize(
    ("document", "is_administrator"),
    [
        pytest.param(ALL, True, id="everything"),
        pytest.param({"Statement": ALL["Statement"][0]}, True, id="one statement"),
        pytest.param(allowing(Action=["s3:Get*", "*:*"]), True, id="in a list"),
        pytest.param(allowing(Action="IAM:*"), True, id="all of IAM"),
        pytest.param(allowing(Action="iam:Get*"), False, id="a part of IAM"),
        pytest.param(allowing(Action="s3:*"), False, id="another service"),
        pytest.param(allowing(Action="*", Resource="arn:aws:s3:::x"), False, id="elsewhere"),
        pytest.param(allowing(Action="iam:*", Resource="arn:aws:iam::*:*"), True, id="by ARN"),
        pytest.param(
            allowing(Action="iam:*", Resource="arn:aws:iam::*:user/team/${aws:username}"),
            True,
            id="on themselves",
        ),
        pytest.param(allowing(Action="iam:*", Resource="arn:aws:iam::*:user/x"), False, id="other"),
        pytest.param(allowing(NotAction="iam:*"), False, id="all but IAM"),
        pytest.param(allowing(NotAction=["iam:*", "organizations:*"]), False, id="power user"),
        pytest.param(allowing(NotAction="s3:*"), True, id="all but S3"),
        pytest.param(
            {"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::x"}]},
            True,
            id="all but a bucket",
        ),
        pytest.param({"Statement": [{**ALL["Statement"][0], "Effect": "Deny"}]}, False, id="deny"),
        pytest.param(
            allowing(Action="*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            True,
            id="a condition is not evaluated",
        ),
    ],
)
def test_policy(document: dict[str, Any], is_administrator: bool) -> None:
    assert makes_administrator(document, BOB) is is_administrator


def test_the_list_of_awss_own_policies_is_whole() -> None:
    known = json.loads(aws_managed_policies_data)

    assert {name for name, each in known.items() if makes_administrator(each["Document"], BOB)} == (
        OF_AWS
    )


@pytest.mark.parametrize(
    ("pages", "power"),
    [
        pytest.param([{"UserDetailList": [detail()]}], Power(()), id="none"),
        pytest.param(
            [
                {"UserDetailList": [detail(AttachedManagedPolicies=attached())]},
                {
                    "Policies": [
                        {
                            "Arn": OWN,
                            "PolicyVersionList": [
                                {"Document": {"Statement": []}, "IsDefaultVersion": False},
                                {"Document": ALL, "IsDefaultVersion": True},
                            ],
                        }
                    ]
                },
            ],
            Power(("all",)),
            id="the default version, on a later page",
        ),
        pytest.param(
            [{"UserDetailList": [detail(AttachedManagedPolicies=attached())]}],
            Power((), ("the policy all could not be read",)),
            id="a policy that is not listed",
        ),
        pytest.param(
            [
                {
                    "UserDetailList": [
                        detail(UserPolicyList=[{"PolicyName": "x", "PolicyDocument": "%7B"}])
                    ]
                }
            ],
            Power((), ("the policy x could not be read",)),
            id="a document that is none",
        ),
        pytest.param(
            [
                {
                    "UserDetailList": [
                        detail(AttachedManagedPolicies=attached(of_aws("job-function/Billing"))),
                    ]
                }
            ],
            Power(()),
            id="another policy of AWS",
        ),
        pytest.param(
            [
                {"UserDetailList": [detail(GroupList=["ops"])]},
                {"GroupDetailList": [group(of_aws("AdministratorAccess"))]},
            ],
            Power(("AdministratorAccess of the group ops",)),
            id="AWS's own policy, by a group",
        ),
        pytest.param(
            [{"UserDetailList": [detail(GroupList=["ops"])]}],
            Power((), ("the group ops was not listed",)),
            id="a group that is not listed",
        ),
        pytest.param(
            [{"UserDetailList": [detail("alice")]}],
            Power((), ("the user was not listed",)),
            id="a user who is not listed",
        ),
    ],
)
def test_power(pages: list[dict[str, Any]], power: Power) -> None:
    found = of_bob(*pages)

    assert found == power
    assert (found.is_administrator == "no") == (power == Power(()))


def test_what_is_known_outweighs_what_is_not() -> None:
    inline = [{"PolicyName": "x", "PolicyDocument": ALL}]
    power = of_bob({"UserDetailList": [detail(UserPolicyList=inline, GroupList=["ops"])]})

    assert power.is_administrator == "yes"


@pytest.mark.parametrize("pages", [(), ({"UserDetailList": [detail()]},)])
def test_a_read_that_fails_is_never_a_no(pages: tuple[dict[str, Any], ...]) -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "GetAccountAuthorizationDetails")
    found = read_administrators(FakeIam(*pages, error=denied), TAG)

    assert found.of("bob").is_administrator == "unknown"
    [sentence] = found.findings()
    assert "whether a managed user is an administrator is unknown" in sentence
    assert "AccessDenied" in sentence


def test_findings_name_the_managed_users_by_name() -> None:
    inline = [{"PolicyName": "x", "PolicyDocument": ALL}]
    users = [
        detail("zoe", UserPolicyList=inline),
        detail("ann", GroupList=["ops"]),
        detail("bob"),
        detail("odd", tag="Enabled", UserPolicyList=inline),
        detail("root", tag=None, UserPolicyList=inline),
    ]
    found = read_administrators(FakeIam({"UserDetailList": users}), TAG)

    assert [sentence.split(":")[0] for sentence in found.findings()] == [
        "whether ann is an administrator is unknown",
        "zoe is an administrator (by x)",
    ]
    assert found.findings(only=["bob"]) == []
    assert len(found.findings(only=["zoe", "bob"])) == 1


def test_one_read_serves_all() -> None:
    iam = FakeIam({"UserDetailList": [detail(name) for name in ("a", "b", "c")]})

    assert isinstance(read_administrators(iam, TAG), Administrators)
    assert iam.filters == [["User", "Group", "LocalManagedPolicy"]]
