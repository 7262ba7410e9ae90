"""What was published: who was told of which key, and what a run has said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.sns.models import sns_backends

from tests.aws.account import ACCOUNT_ID, REGION

REPORT = "iam:GetCredentialReport"
NOBODY_KNOWS = "coverage_unknown"  # who else has keys
_NAMED_IN_VAIN = "named_in_vain"


@dataclass(frozen=True)
class Message:
    """What one publish said, as programs get it in `data`."""

    data: dict[str, Any]
    body: str
    texts: tuple[str, ...]


@dataclass
class Heard:
    """`announced` counts by key how often its owner, or an operator for them, was told of it;
    `disabled` are the keys of which somebody was told that they are. `reasons` and `unprotected`,
    the users whose secrets cannot be protected, are of the present run."""

    topic_arn: str
    announced: Counter[str] = field(default_factory=Counter)
    disabled: set[str] = field(default_factory=set)
    reasons: list[str | None] = field(default_factory=list)
    unprotected: set[str] = field(default_factory=set)
    published: int = 0

    def begin_run(self) -> None:
        self.unprotected.clear()
        self.reasons.clear()

    def news(self) -> Iterator[Message]:
        """What was published since the last look."""
        sent = sns_backends[ACCOUNT_ID][REGION].topics[self.topic_arn].sent_notifications
        for _id, body, subject, attributes, _ in sent[self.published :]:
            data = json.loads(json.loads(body)["default"])
            self._note(data)
            yield Message(data, body, (body, subject or "", json.dumps(attributes, default=str)))
        self.published = len(sent)

    def _note(self, data: dict[str, Any]) -> None:
        lines = data["lines"] if data["event"] == "digest" else [data]
        own_copy = data["event"] != "digest"
        for line in lines:
            self.reasons.append(line.get("reason"))
            if line.get("reason") == "secret_not_protected":
                self.unprotected.add(line["user"])
            if line["event"] == "disabled":
                self.disabled.add(line["access_key_id"])
            passed_on = "please pass it on" in line.get("text", "")
            if line["event"] == "rotated" and (own_copy or passed_on):
                self.announced[line["access_key_id"]] += 1

    def only_weekly(self, denied: Collection[str]) -> bool:
        """Whether all that this run said is what each Monday's does until somebody acts: a name in
        `users` that is nobody's, or, if the credential report is denied, that nobody knows who else
        has keys."""
        weekly = {_NAMED_IN_VAIN, NOBODY_KNOWS if REPORT in denied else None}
        return set(self.reasons) <= weekly - {None}
