"""A question to IAM: may this principal do this, in this context?"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Document = dict[str, Any]
Context = Mapping[str, str | tuple[str, ...]]

# What no condition of ours is about: an identity policy that allows everything.
ADMINISTRATOR: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}

# What KMS gives a key that is made without a policy.
DEFAULT_KEY_POLICY: Document = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


@dataclass(frozen=True)
class Question:
    """One request.

    `identity` and `resource_policy` name the documents that apply: those of the principal, and that
    of the resource. So do `boundary`, the principal's permissions boundary, and `service_control`,
    a service control policy beside the one that allows everything. `why` says in words whose
    request it is, and is no part of it.
    """

    principal: str
    action: str
    resource: str
    context: Context = field(default_factory=dict)
    identity: tuple[str, ...] = ()
    resource_policy: str | None = None
    why: str = ""
    boundary: str | None = None
    service_control: str | None = None

    def __str__(self) -> str:
        return f"{self.action} on {self.resource} ({self.why})"

    @property
    def account(self) -> str:
        """The account of the resource; without one it is the principal's own."""
        of_resource = [*self.resource.split(":"), *[""] * 5][4]
        return of_resource or self.principal.split(":")[4]

    @property
    def key(self) -> str:
        """Equal for equal requests."""
        return json.dumps(
            [
                self.principal,
                self.action,
                self.resource,
                sorted(self.context.items()),
                self.identity,
                self.resource_policy,
                self.boundary,
                self.service_control,
            ]
        )

    def with_context_of(self, keys: Collection[str]) -> Question:
        """Without the context that no policy asks for, so that equal requests are seen to be so."""
        asked = {key.lower() for key in keys}
        context = {key: value for key, value in self.context.items() if key.lower() in asked}
        return replace(self, context=context)

    def is_answered_by(self, document: str) -> bool:
        """Whether the policy of this name applies to the request."""
        others = (self.resource_policy, self.boundary, self.service_control)
        return document in self.identity or document in others


def distinct(questions: Sequence[Question]) -> list[Question]:
    """The first of each."""
    found: dict[str, Question] = {}
    for question in questions:
        found.setdefault(question.key, question)
    return list(found.values())


def condition_keys(*documents: Document) -> set[str]:
    """The keys that the conditions of these policies ask for."""
    return {
        key
        for document in documents
        for statement in document["Statement"]
        for operands in statement.get("Condition", {}).values()
        for key in operands
    }
