"""The same installation and questions in another partition, with other ARNs and names of services,
or with its users under another path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.policies.question import Document, Question

Renames = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Partition:
    """What its ARNs and names hold in place of `arn:aws:`, `eu-west-1`, `amazonaws.com` and
    `:user/`."""

    arn: str
    region: str
    dns_suffixes: tuple[str, ...] = ("amazonaws.com",)
    users: str = ":user/"

    def question(self, question: Question) -> list[Question]:
        """The question as it is asked there; of KMS, once for each name that its caller may have.

        Which name KMS sees in China is not documented beyond doubt.
        """
        via = question.context.get("kms:ViaService")
        return [
            replace(
                question,
                principal=self._renamed(question.principal),
                resource=self._renamed(question.resource),
                context=self._renamed(
                    {**question.context, "kms:ViaService": via.replace("amazonaws.com", suffix)}
                    if isinstance(via, str)
                    else question.context
                ),
            )
            for suffix in (self.dns_suffixes if via else self.dns_suffixes[:1])
        ]

    def document(self, document: Document) -> Document:
        """A policy that somebody else wrote, as it would be there."""
        renamed: Document = self._renamed(document)
        return renamed

    def _renamed(self, value: Any) -> Any:
        text = json.dumps(value)
        text = text.replace("arn:aws:", f"arn:{self.arn}:").replace("eu-west-1", self.region)
        text = text.replace(":user/", self.users)
        renamed = json.loads(text)
        if isinstance(value, Mapping):
            return {
                key: tuple(item) if isinstance(item, list) else item
                for key, item in renamed.items()
            }
        return renamed


AWS = Partition("aws", "eu-west-1")
UNDER_A_PATH = Partition("aws", "eu-west-1", users=":user/services/")
CHINA = Partition("aws-cn", "cn-north-1", ("amazonaws.com", "amazonaws.com.cn"))
GOVCLOUD = Partition("aws-us-gov", "us-gov-west-1")
