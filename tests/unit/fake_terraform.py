"""A program that takes Terraform's command lines, and says what a test has written down for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ACCOUNTS = {"security": "111122223333", "data": "222233334444", "shop": "444455556666"}

_PROGRAM = """#!/bin/sh
here=$(dirname "$0")
folder=${1#-chdir=}
shift
echo "${TF_WORKSPACE:--} $*" >>"$here/calls"
case "$*" in
"$(cat "$here/refused")"*) echo "no $*" >&2; exit 1 ;;
version) cat "$here/version" ;;
init*) [ -e "$folder/.terraform.lock.hcl" ] || echo providers >"$folder/.terraform.lock.hcl" ;;
"workspace list") cat "$here/workspaces" ;;
"workspace new "*) echo "  $3" >>"$here/workspaces" ;;
"workspace select default") ;;
*)
    case "$*" in
    plan*-out=*) for word; do case "$word" in
        -out=*) echo "plan of $TF_WORKSPACE" >"${word#-out=}" ;; esac; done ;;
    esac
    cat "$here/$TF_WORKSPACE.$1" && exit "$(cat "$here/$TF_WORKSPACE.$1.status")" ;;
esac
"""


class FakeTerraform:
    """The program in a folder of its own, with a root module beside it."""

    def __init__(self, folder: Path, program: str = "terraform", central: str = "security") -> None:
        self._home = folder / "bin"
        self._home.mkdir()
        for tool in ("sh", "cat", "dirname"):
            found = shutil.which(tool)
            assert found
            (self._home / tool).symlink_to(found)
        self.install(program)
        self.write("version", "Terraform v1.11.4\non linux_amd64\n")
        self.write("workspaces", "* default\n")
        self.write("refused", "none of its commands")
        self.module = folder / "rotation"
        self.module.mkdir()
        self.write_map(ACCOUNTS, central)
        (self.module / "main.tf").write_text("# the root module\n")
        for account in ACCOUNTS:
            self.plans(account)
            self.applies(account)

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": str(self._home)}

    def install(self, program: str) -> None:
        file = self._home / program
        file.write_text(_PROGRAM)
        file.chmod(0o755)

    def uninstall(self, program: str) -> None:
        (self._home / program).unlink()

    def write(self, name: str, text: str) -> None:
        (self._home / name).write_text(text)

    def write_map(self, ids: Mapping[str, str], central: str = "security") -> None:
        accounts = {name: {"id": account_id} for name, account_id in ids.items()}
        file = self.module / "accounts.auto.tfvars.json"
        file.write_text(json.dumps({"central_account": central, "accounts": accounts}))

    def plans(
        self,
        account: str,
        *addresses: str,
        action: str = "update",
        problem: str | None = None,
        said: Sequence[Mapping[str, Any]] = (),
        text: str | None = None,
    ) -> None:
        """What its next plan says; without addresses there is nothing to change."""
        counted = {"create": "add", "update": "change", "delete": "remove"}[action]
        numbers = {"add": 0, "change": 0, "remove": 0} | {counted: len(addresses)}
        changes = [
            {"type": "planned_change", "change": {"resource": {"addr": a}, "action": action}}
            for a in addresses
        ]
        summary = {"type": "change_summary", "changes": numbers}
        self._says(account, "plan", [*said, *changes, summary], 2 if addresses else 0, problem)
        shown = text or "\n".join(f"# {address} will change" for address in addresses)
        self.write(f"{account}.show", shown + "\n")
        self.write(f"{account}.show.status", "0")

    def applies(self, account: str, problem: str | None = None) -> None:
        numbers = {"add": 0, "change": 1, "remove": 0}
        self._says(account, "apply", [{"type": "change_summary", "changes": numbers}], 0, problem)

    @property
    def calls(self) -> list[str]:
        """Such as "shop apply"; "-" stands for no workspace. In the order in which they ended."""
        lines = (self._home / "calls").read_text().splitlines()
        return [" ".join(line.split()[:2]) for line in lines]

    @property
    def command_lines(self) -> list[str]:
        return (self._home / "calls").read_text().splitlines()

    def forget_calls(self) -> None:
        self.write("calls", "")

    def _says(
        self,
        account: str,
        command: str,
        entries: Sequence[Mapping[str, Any]],
        status: int,
        problem: str | None,
    ) -> None:
        if problem is not None:
            error = {"severity": "error", "summary": problem}
            entries, status = [*entries, {"type": "diagnostic", "diagnostic": error}], 1
        lines = ["no JSON", *(json.dumps(entry) for entry in entries)]
        self.write(f"{account}.{command}", "\n".join(lines) + "\n")
        self.write(f"{account}.{command}.status", str(status))
