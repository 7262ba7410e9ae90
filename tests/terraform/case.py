"""A plan with wrong values, and what it must say about them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

PROVIDER = r"""
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1", region = "eu-central-1" } # the latter in provider 6
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}
"""


@dataclass(frozen=True)
class Case:
    """Variables in HCL, and the beginning of each message that they lead to, in any order.

    `module` is the block that names another module than the root's. Cases with a `rule` are about
    variables that a rule looks at together: two of them would disturb each other.
    """

    name: str
    variables: str
    messages: tuple[str, ...]
    module: str = field(default="")
    rule: str = field(default="")
    more: int = field(default=0)

    @property
    def names(self) -> set[str]:
        """Of the variables, and of the fields of those that are objects; and the rule's."""
        found = set(re.findall(r"^\s*(\w+)\s*=", self.variables, re.MULTILINE))
        return found | {self.rule} if self.rule else found

    @property
    def title(self) -> str:
        """The name of the first case of a plan, and how many more are in it."""
        return f"{self.name}_and_{self.more}_more" if self.more else self.name

    def beside(self, other: Case) -> Case:
        """One plan for both, which says what each of them leads to."""
        together = f"{self.variables}\n{other.variables}"
        messages = (*self.messages, *other.messages)
        rule = self.rule or other.rule
        more = self.more + 1 + other.more
        return replace(self, variables=together, messages=messages, rule=rule, more=more)

    def text(self) -> str:
        return (
            f"{PROVIDER}\n"
            f'run "{self.title}" {{\ncommand = plan\n{self.module}\n'
            f"variables {{\n{self.variables}\n}}\n}}\n"
        )


def plans(cases: Iterable[Case]) -> list[Case]:
    """As few plans as say all of it: a plan takes a second, and looks at all variables."""
    found: list[Case] = []
    for case in cases:
        for at, plan in enumerate(found):
            if plan.module == case.module and not plan.names & case.names:
                found[at] = plan.beside(case)
                break
        else:
            found.append(case)
    return found
