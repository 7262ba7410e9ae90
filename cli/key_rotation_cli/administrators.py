"""Managed users who are administrators: who holds such a key can undo every guard.

An administrator is whoever may do everything in IAM, since the rest follows from that. Only what
allows is looked at: a Deny, a permissions boundary or a policy of the organization may limit it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from key_rotation.domain.settings import UserTag

from .aws_errors import AWS_ERRORS, describe

# AWS's own policies are the same in every account: reading them would cost pages, and say no more.
OF_AWS = frozenset({"AdministratorAccess", "AWSMcpServiceActionsFullAccess", "IAMFullAccess"})

type Grants = tuple[list[str], list[str]]


@dataclass(frozen=True, slots=True)
class Power:
    """Of one user: the policies that make an administrator, and what could not be looked at."""

    by: tuple[str, ...]
    unread: tuple[str, ...] = ()

    @property
    def is_administrator(self) -> Literal["yes", "no", "unknown"]:
        if self.by:
            return "yes"
        return "unknown" if self.unread else "no"


@dataclass(frozen=True, slots=True)
class Administrators:
    """What is known of the managed users, by name. `error` says why nothing is."""

    powers: Mapping[str, Power]
    error: str | None = None

    def of(self, user: str) -> Power:
        """Unknown of a user who was not there when the policies were read."""
        return self.powers.get(user, Power((), (self.error or "the user was not listed",)))

    def findings(self, only: Collection[str] = ()) -> list[str]:
        """In a sentence each, of these users or of all."""
        if self.error is not None:
            return [f"whether a managed user is an administrator is unknown: {self.error}"]
        return [
            sentence
            for user, power in sorted(self.powers.items())
            if not only or user in only
            for sentence in _sentences(user, power)
        ]


def read_administrators(iam: Any, tag: UserTag) -> Administrators:
    """One read, of all users, groups and the account's own policies."""
    found: dict[str, list[Any]] = {"UserDetailList": [], "GroupDetailList": [], "Policies": []}
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User", "Group", "LocalManagedPolicy"], PaginationConfig={"PageSize": 1000}
    )
    try:
        for page in pages:
            for name, entries in found.items():
                entries += page.get(name, [])
    except AWS_ERRORS as error:
        return Administrators({}, describe(error))
    policies = {policy["Arn"]: _default_document(policy) for policy in found["Policies"]}
    groups = {group["GroupName"]: group for group in found["GroupDetailList"]}
    return Administrators(
        {
            user["UserName"]: _power(user, groups, policies)
            for user in found["UserDetailList"]
            if tag.of({each["Key"]: each["Value"] for each in user.get("Tags", [])}) == tag.value
        }
    )


def _power(user: Any, groups: Mapping[str, Any], policies: Mapping[str, Any]) -> Power:
    by, unread = _grants(user, user["Arn"], "UserPolicyList", policies)
    for name in user.get("GroupList", []):
        if name not in groups:
            unread.append(f"the group {name} was not listed")
            continue
        of_group = _grants(groups[name], user["Arn"], "GroupPolicyList", policies)
        by += [f"{policy} of the group {name}" for policy in of_group[0]]
        unread += of_group[1]
    return Power(tuple(by), tuple(unread))


def _grants(holder: Any, user_arn: str, inline: str, policies: Mapping[str, Any]) -> Grants:
    """The holder's policies that make an administrator, and what could not be looked at."""
    by: list[str] = []
    unread: list[str] = []
    documents = [(each["PolicyName"], each["PolicyDocument"]) for each in holder.get(inline, [])]
    for policy in holder.get("AttachedManagedPolicies", []):
        name, arn = policy["PolicyName"], policy["PolicyArn"]
        if arn.split(":")[4] != "aws":
            documents.append((name, policies.get(arn)))
        elif name in OF_AWS:
            by.append(name)
    for name, document in documents:
        if not isinstance(document, Mapping):
            unread.append(f"the policy {name} could not be read")
        elif makes_administrator(document, user_arn):
            by.append(name)
    return by, unread


def makes_administrator(document: Mapping[str, Any], user_arn: str) -> bool:
    """Whether one of its statements allows everything in IAM, on the user themselves too."""
    return any(
        statement["Effect"] == "Allow"
        and _allows_all_of_iam(statement)
        and _covers(statement, user_arn)
        for statement in _listed(document["Statement"])
    )


def _allows_all_of_iam(statement: Mapping[str, Any]) -> bool:
    if "NotAction" in statement:
        return not any(_is_all_of_iam(each) for each in _listed(statement["NotAction"]))
    return any(_is_all_of_iam(each) for each in _listed(statement["Action"]))


def _is_all_of_iam(pattern: str) -> bool:
    service, _, action = pattern.lower().partition(":")
    return _matches(service, "iam") and not action.strip("*")


def _covers(statement: Mapping[str, Any], arn: str) -> bool:
    if "NotResource" in statement:
        return not any(_matches(each, arn) for each in _listed(statement["NotResource"]))
    return any(
        _matches(each.replace("${aws:username}", arn.split("/")[-1]), arn)
        for each in _listed(statement["Resource"])
    )


def _matches(pattern: str, text: str) -> bool:
    """IAM's wildcards; a pattern of Python's own would know more."""
    found = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(found, text) is not None


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _default_document(policy: Any) -> Any:
    versions = policy.get("PolicyVersionList", [])
    return next((each.get("Document") for each in versions if each["IsDefaultVersion"]), None)


def _sentences(user: str, power: Power) -> Iterator[str]:
    match power.is_administrator:
        case "yes":
            yield (
                f"{user} is an administrator (by {', '.join(power.by)}): whoever holds this user's "
                "key can undo every guard"
            )
        case "unknown":
            yield f"whether {user} is an administrator is unknown: {'; '.join(power.unread)}"
