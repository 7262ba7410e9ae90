"""A plan with wrong values, and what it must say about them."""

from __future__ import annotations

from dataclasses import dataclass, field

PROVIDER = r"""
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}
"""


@dataclass(frozen=True)
class Case:
    """Variables in HCL, and the beginning of each message that they lead to, in any order.

    `module` is the block that names another module than the root's.
    """

    name: str
    variables: str
    messages: tuple[str, ...]
    module: str = field(default="")

    def text(self) -> str:
        return (
            f"{PROVIDER}\n"
            f'run "{self.name}" {{\ncommand = plan\n{self.module}\n'
            f"variables {{\n{self.variables}\n}}\n}}\n"
        )
