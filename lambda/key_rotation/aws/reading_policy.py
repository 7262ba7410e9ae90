"""The resource policy of a user's secret: who may read it, and that nobody else may.

A policy is compared by its parsed statements, never as text. AWS rewrites an ARN in `Principal`
(the new path of a user, the bare unique id of one that is gone), and never one in `Condition`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from ..domain.model import Access, Grant, UserRef

_READ = "secretsmanager:getsecretvalue"
_USER_ID = ("stringnotequals", "aws:userid")
_PRINCIPAL_ARN = ("arnnotequals", "aws:principalarn")
_KNOWN = ("Sid", "Effect", "Principal", "Action", "Resource", "Condition")


def reading_policy(root_arn: str, owner: UserRef | None, reader_arns: Sequence[str]) -> str:
    """The resource policy of a secret: the owner and the readers may read it, and everybody else
    may not, whatever their own policies say (in one account those alone would let an administrator
    read). An owner of None is gone.

    The Deny names the owner by the unique id: another user may take over the name. The account
    itself is among the principals, which permits nothing that its own policies do not. A single
    principal would come back as a bare unique id once it is gone, and Terraform's provider refuses
    to read that.
    """
    conditions: dict[str, dict[str, Any]] = {}
    if reader_arns:
        conditions["ArnNotEquals"] = {"aws:PrincipalArn": list(reader_arns)}
    if owner is not None:
        # A key that a request lacks counts as not equal: it is denied.
        conditions["StringNotEquals"] = {"aws:userid": owner.id}
    deny: dict[str, Any] = {
        "Sid": "NobodyElseMayRead",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    allow = {
        "Sid": "OwnerAndReadersMayRead",
        "Effect": "Allow",
        "Principal": {"AWS": [*([owner.arn] if owner else []), *reader_arns, root_arn]},
        "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
        "Resource": "*",
    }
    deny |= {"Condition": conditions} if conditions else {}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]}, sort_keys=True)


def access(
    found: str | None, root_arn: str, owner: UserRef | None, reader_arns: Sequence[str]
) -> Access:
    """What a policy, as AWS returns it, means for this owner and these readers."""
    statements = _parsed(found)
    return Access(
        as_wanted=statements is not None
        and statements == _parsed(reading_policy(root_arn, owner, reader_arns)),
        owner_reads=owner is not None and _may_read(statements or (), owner),
        grant=_grant(statements or (), root_arn),
        exists=found is not None,
    )


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement, the same for every way to write it down. `conditions` are (operator, key,
    values); names are in lower case where AWS ignores case. `other` are elements that ours never
    have, as in `NotAction`."""

    effect: str
    principals: frozenset[str]
    actions: frozenset[str]
    resources: frozenset[str]
    conditions: frozenset[tuple[str, str, frozenset[str]]]
    other: frozenset[str]

    def values(self, condition: tuple[str, str]) -> frozenset[str]:
        operator, key = condition
        return next((v for o, k, v in self.conditions if (o, k) == (operator, key)), frozenset())

    @property
    def is_about_reading(self) -> bool:
        return not self.actions or any(fnmatchcase(_READ, action) for action in self.actions)


def _parsed(policy: str | None) -> frozenset[_Statement] | None:
    """None if there is no policy, or none that can be read."""
    try:
        listed = json.loads(policy or "")["Statement"]
        return frozenset(_statement(one) for one in (listed if _is_list(listed) else [listed]))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None


def _statement(one: dict[str, Any]) -> _Statement:
    return _Statement(
        effect=one["Effect"],
        principals=frozenset(_principals(one.get("Principal"))),
        actions=frozenset(action.lower() for action in _strings(one.get("Action"))),
        resources=frozenset(_strings(one.get("Resource"))),
        conditions=frozenset(
            (operator.lower(), key.lower(), frozenset(_strings(values)))
            for operator, keys in one.get("Condition", {}).items()
            for key, values in keys.items()
        ),
        other=frozenset(f"{name} {json.dumps(one[name])}" for name in one if name not in _KNOWN),
    )


def _principals(element: Any) -> Iterable[str]:
    if isinstance(element, dict):
        for kind, names in element.items():
            yield from (name if kind == "AWS" else f"{kind} {name}" for name in _strings(names))
    else:
        yield from _strings(element)


def _strings(element: Any) -> list[str]:
    """One value counts as a list of one."""
    if element is None:
        return []
    return [str(part) for part in (element if _is_list(element) else [element])]


def _is_list(element: Any) -> bool:
    return isinstance(element, list)


def _may_read(statements: Iterable[_Statement], owner: UserRef) -> bool:
    """Whether these surely let the owner read: a condition that is not known here might not."""
    names = {owner.arn, owner.id}
    about = [statement for statement in statements if statement.is_about_reading]
    return any(
        statement.effect == "Allow"
        and statement.actions
        and not statement.other
        and not statement.conditions
        and names & statement.principals
        for statement in about
    ) and all(_spares(statement, owner) for statement in about if statement.effect == "Deny")


def _spares(deny: _Statement, owner: UserRef) -> bool:
    if deny.other:
        return False
    # A path may have changed since: an ARN in a condition is compared as it was written.
    return owner.id in deny.values(_USER_ID) or owner.arn in deny.values(_PRINCIPAL_ARN)


def _grant(statements: Collection[_Statement], root_arn: str) -> Grant | None:
    """Whom a policy of ours lets read, whoever its owner is; None for any other policy."""
    allows = [statement for statement in statements if statement.effect == "Allow"]
    denies = [statement for statement in statements if statement.effect == "Deny"]
    if len(statements) != 2 or len(allows) != 1 or len(denies) != 1:
        return None
    [allow], [deny] = allows, denies
    if root_arn not in allow.principals:
        return None
    ids, readers = deny.values(_USER_ID), deny.values(_PRINCIPAL_ARN)
    owner_id = next(iter(ids), None)
    # A bare unique id is of a principal that is gone.
    named = {name for name in allow.principals - readers - {root_arn} if ":" in name}
    owner_arn = next(iter(named), None)
    owner = UserRef("", owner_id, owner_arn or owner_id) if owner_id else None
    ours = _parsed(reading_policy(root_arn, owner, sorted(readers)))
    assert ours is not None
    as_found = frozenset(
        replace(one, principals=allow.principals) if one.effect == "Allow" else one for one in ours
    )
    if len(named) > (owner is not None) or as_found != frozenset(statements):
        return None
    return Grant(owner_id, owner_arn, readers)
