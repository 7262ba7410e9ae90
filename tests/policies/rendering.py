"""The policies as Terraform renders them: planned offline, by `terraform test`, without an account.

`rendered/` has one run per installation that is looked at.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from scripts.with_terraform import program

from tests.policies.question import Document

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "tests/policies/rendered"
# Runs that render a recipe of examples/delivery.
RECIPES = {"parameter": "parameter", "ci_variable": "ci-variable", "reference": "reference"}
# What Terraform reads for these runs, by folder, and this file, which picks the policies out.
_READ = (
    *((".", "*.tf*"), ("lambda", "**/*"), ("modules", "**/*"), ("examples", "**/*")),
    *((FOLDER, "*"), ("tests/policies", Path(__file__).name)),
)
_LEFT = {".terraform", "__pycache__"}
_SCHEMAS = ',"provider_schemas":'
# The outputs of examples/guardrails.
GUARDRAILS = {"service_control_policy", "permissions_boundary"}
# The policies of examples/multi-account.
CENTRAL = {
    "central bus": 'aws_cloudwatch_event_bus_policy.central["here"]',
    "central topic": 'aws_sns_topic_policy.central["here"]',
    "central key": 'aws_kms_key.central["here"]',
}
# Two of the outputs of modules/consumer.
CONSUMER = {"reader_policy_json", "rule_arn"}
_DOCUMENTS = {
    "role": ("aws_iam_role_policy.function", "policy"),
    "trust": ("aws_iam_role.function", "assume_role_policy"),
    "topic": ("aws_sns_topic_policy.this", "policy"),
    "alarm topic": ("aws_sns_topic_policy.alarms[0]", "policy"),
    "queue": ("aws_sqs_queue.dead_letters", "policy"),
    "key": ("aws_kms_key.this[0]", "policy"),
}


def render() -> dict[str, dict[str, Document]]:
    """By run and name of the policy; a policy that is not known before an apply is left out. What
    was rendered from the same files is kept, so `make lint` and `make policies` do it once.

    Raises RuntimeError with what Terraform says if a run fails.
    """
    kept = ROOT / "build/rendered.json"
    with_what = [program(), *_providers(), digest(ROOT, _READ)]
    if kept.exists():
        before = json.loads(kept.read_text())
        if before["with"] == with_what:
            known: dict[str, dict[str, Document]] = before["policies"]
            return known
    policies = _rendered()
    new = kept.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps({"with": with_what, "policies": policies}))
    new.replace(kept)
    return policies


def digest(root: Path, read: Iterable[tuple[str, str]]) -> str:
    """Of the names and contents of these files below `root`, without what tools leave there."""
    found = {path for folder, pattern in read for path in (root / folder).glob(pattern)}
    summed = sha256()
    for path in sorted(path for path in found if path.is_file() and not _LEFT & {*path.parts}):
        summed.update(f"{path.relative_to(root)} {sha256(path.read_bytes()).hexdigest()}".encode())
    return summed.hexdigest()


def _providers() -> list[str]:
    """The versions of the provider that `terraform init` has found; the init comes first."""
    data = Path(os.environ.get("TF_DATA_DIR", ROOT / ".terraform"))
    return sorted(path.name for path in data.glob("providers/*/hashicorp/aws/*"))


def _rendered() -> dict[str, dict[str, Document]]:
    done = subprocess.run(
        [program(), "test", "-json", "-verbose", f"-test-directory={FOLDER}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [_said(line) for line in done.stdout.splitlines()]
    if done.returncode != 0:
        said = [line["@message"] for line in lines if line.get("@level") == "error"]
        raise RuntimeError(f"terraform test failed: {said or done.stderr}")
    return {
        line["@testrun"]: _documents(line["@testrun"], line["test_plan"])
        for line in lines
        if "test_plan" in line
    }


def _said(line: str) -> dict[str, Any]:
    """A line of Terraform's, without the provider's schemas: they end a plan, and are 200 times as
    long as the rest of it."""
    plan, cut, _ = line.partition(_SCHEMAS)
    said: dict[str, Any] = json.loads(f"{plan}}}}}" if cut else line)
    return said


def _documents(run: str, plan: dict[str, Any]) -> dict[str, Document]:
    if plan["output_changes"].keys() >= GUARDRAILS:
        return {
            name.replace("_", " "): json.loads(plan["output_changes"][name]["after"])
            for name in GUARDRAILS
        }
    planned = {change["address"]: change["change"]["after"] for change in plan["resource_changes"]}
    if plan["output_changes"].keys() >= CONSUMER:
        return {
            "consumer reader": json.loads(plan["output_changes"]["reader_policy_json"]["after"]),
            "consumer queue": json.loads(planned["aws_sqs_queue.dead_letters"]["policy"]),
            "consumer function": _function_policy(planned),
        }
    if run == "central":
        return {name: json.loads(planned[address]["policy"]) for name, address in CENTRAL.items()}
    if run in RECIPES:
        return _of_a_recipe(RECIPES[run], planned)
    documents = {
        name: json.loads(planned[address][attribute])
        for name, (address, attribute) in _DOCUMENTS.items()
        if isinstance(planned.get(address, {}).get(attribute), str)
    }
    documents["function"] = _function_policy(planned)
    if "key" not in documents:  # a key that was brought along
        statements = plan["output_changes"]["kms_key_policy_statements"]["after"]
        documents["key"] = json.loads(statements)
    return documents


def _function_policy(planned: dict[str, Any]) -> Document:
    """The policy that Lambda makes of `aws_lambda_permission`."""
    statements = []
    for address, permission in planned.items():
        if not address.startswith("aws_lambda_permission."):
            continue
        statement: dict[str, Any] = {
            "Sid": permission["statement_id"],
            "Effect": "Allow",
            "Principal": {"Service": permission["principal"]},
            "Action": permission["action"],
            "Resource": f"arn:*:lambda:*:*:function:{permission['function_name']}",
        }
        # An ARN that is not known before an apply would look like none.
        statement["Condition"] = {"ArnLike": {"AWS:SourceArn": permission["source_arn"]}}
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def _of_a_recipe(recipe: str, planned: dict[str, Any]) -> dict[str, Document]:
    """What each role may do, and who may take it."""
    documents = {}
    for address, resource in planned.items():
        kind, _, name = address.partition(".")
        if kind == "aws_iam_role_policy":
            documents[f"{recipe} {name}"] = json.loads(resource["policy"])
        elif kind == "aws_iam_role":
            documents[f"{recipe} {name} trust"] = json.loads(resource["assume_role_policy"])
    return documents
