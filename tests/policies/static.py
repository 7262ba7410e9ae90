"""`make lint`: checkov on the HCL, parliament on the policies as Terraform renders them.

`python -m tests.policies.static BIN`, with the folder that has both. Nothing is downloaded, nothing
is sent. Where checkov skips a check, the HCL says why; for parliament it is
ACCEPTED.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.policies.question import Document
from tests.policies.rendering import ROOT, render

CHECKOV = (
    *("--directory", ".", "--framework", "terraform", "--skip-path", "build"),
    *("--skip-download", "--download-external-modules", "false"),
    *("--compact", "--quiet"),
)
# Policy, issue, and what its detail holds.
ACCEPTED = (
    # Its data is of early 2025. SNS asks for the topic, and AWS's data of today says so.
    ("role", "RESOURCE_MISMATCH", "sns:GetSubscriptionAttributes"),
    # The key is of the role's credentials, so in every request; Lambda's documentation has this.
    ("role", "UNKNOWN_CONDITION_FOR_ACTION", "lambda:SourceFunctionArn"),
    # The resource of a trust policy is its role, and that of a key policy its key.
    ("trust", "MALFORMED", "neither Resource nor NotResource"),
    ("key", "RESOURCE_STAR", "kms:"),
    ("central key", "RESOURCE_STAR", "kms:"),
    # As above: SNS asks for the topic.
    ("permissions boundary", "RESOURCE_MISMATCH", "sns:GetSubscriptionAttributes"),
    # The most that Lambda may need; the role's own policy has the account's network.
    ("permissions boundary", "RESOURCE_STAR", "ec2:"),
    # KMS documents this key for every action on a key.
    ("service control policy", "UNKNOWN_CONDITION_FOR_ACTION", "kms:ResourceAliases"),
    # The id of a statement in a function's policy may hold - and _, unlike IAM's.
    ("function", "INVALID_SID", "null"),
    ("consumer function", "INVALID_SID", "null"),
)


def main() -> int:
    binaries = Path(sys.argv[1]).resolve()
    problems = [*_of_checkov(binaries), *_of_parliament(binaries, render())]
    print(*(problems or ["checkov and parliament: no findings"]), sep="\n")
    return 1 if problems else 0


def _of_checkov(binaries: Path) -> Iterator[str]:
    done = subprocess.run(
        [str(binaries / "checkov"), *CHECKOV],
        cwd=ROOT,
        capture_output=True,
        text=True,
        # Or else it asks its maker's platform for texts about its checks.
        env=os.environ | {"BC_SKIP_MAPPING": "TRUE"},
        check=False,
    )
    if done.returncode != 0:
        yield done.stdout + done.stderr


def _of_parliament(binaries: Path, rendered: dict[str, dict[str, Document]]) -> Iterator[str]:
    unused = set(ACCEPTED)
    with tempfile.TemporaryDirectory() as folder:
        for run, documents in rendered.items():
            for name, document in documents.items():
                Path(folder, f"{run}.{name}.json").write_text(json.dumps(document))
        done = subprocess.run(
            [str(binaries / "parliament"), "--json", "--directory", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        checked = len(list(Path(folder).iterdir()))
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    if not findings:
        yield f"parliament says nothing of {checked} policies: {done.stderr}"
    for finding in findings:
        run, name, _ = Path(finding["location"]["filepath"]).name.split(".")
        kind = "trust" if name.endswith(" trust") else name  # each role of a recipe has one
        detail = json.dumps(finding["detail"])
        accepted = [
            entry
            for entry in ACCEPTED
            if (kind, finding["issue"]) == entry[:2] and entry[2] in detail
        ]
        unused.difference_update(accepted)
        if not accepted:
            yield f"parliament, {name} of {run}: {finding['issue']}, {finding['title']}: {detail}"
    for entry in sorted(unused):
        yield f"parliament has no such finding any more, so nothing is to be accepted: {entry}"


if __name__ == "__main__":
    sys.exit(main())
