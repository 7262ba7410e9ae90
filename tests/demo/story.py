"""The demo, step by step."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from rich.text import Text

from tests.localstack import process, server
from tests.localstack.endpoint import from_environment
from tests.stage import listeners
from tests.stage.account import (
    Account,
    confirm_subscriptions,
    discard_secrets,
    list_secrets,
    sign_in,
)
from tests.stage.example import COMPLETE, FIRES_WITHIN, ROOT, SCHEDULE, equip, variables
from tests.stage.runs import Failure, invoke, wait_for_report
from tests.stage.terraform import Terraform

from . import readers, tables
from .scene import ClaimError, Scene, require
from .screen import COLUMNS, Screen

BUILD = ROOT / "build" / "demo"
REPORT = ROOT / "build" / "report.html"
_LISTENERS = "access-key-rotation-demo"
_PERSON, _SERVICE = "alice", "build-agent"


class Story:
    """The steps in order; `take_down` may be called at any time."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._account: Account | None = None
        self._terraform: Terraform | None = None
        self._started_server = False

    def play(self) -> None:
        """The whole demo but the end. Raises as soon as something did not happen."""
        began = time.monotonic()
        self._screen.say("Access keys, rotated on an emulated AWS: two minutes, at first four.")
        account = self._open()
        terraform = self._apply(account)
        scene = self._set_the_stage(account, terraform.outputs())
        planned = self._invoke(scene)
        keys = tables.look(account, scene.users)
        self._screen.console.print(tables.before(scene.users, keys, planned))
        if account.endpoint.embedded:
            self._let_the_schedule_run(scene, terraform, keys)
        else:
            self._replace_a_leaked_key(scene, terraform, keys)
        self._run_again(scene, terraform)
        self._show_the_command_line(scene)
        if os.environ.get("KEEP") == "1":
            self._say_how_to_look_around(account)
        else:
            self._destroy(scene, terraform)
        self._screen.console.print()
        self._screen.done(f"all of this took {time.monotonic() - began:.0f} s")

    def take_down(self) -> None:
        """Leaves nothing running and nothing behind."""
        if self._started_server:
            if server.stop():
                self._screen.done("LocalStack is stopped, and all of this gone with it")
            shutil.rmtree(BUILD, ignore_errors=True)
        elif self._terraform is not None and self._terraform.state.exists():
            with self._screen.working("terraform destroy"):
                self._terraform.destroy(**_variables())
            self._discard_what_is_left()
        if self._terraform is not None:
            self._terraform.clean_up()

    # -- the stage ---------------------------------------------------------------------------------

    def _open(self) -> Account:
        self._screen.step("An AWS account on this machine")
        self._started_server = from_environment() is None and process.find() is None
        endpoint = server.ensure_running()
        account = self._account = Account(endpoint)
        self._screen.done(f"LocalStack answers at {endpoint.url}")
        if endpoint.embedded:
            account.backdoor.clear_mails()
        else:
            self._screen.say(
                "Skipped: the schedule, the mails and what their readers do. This LocalStack, "
                "which the environment names, is not the embedded one: it cannot make a key older, "
                "keeps no mailbox, and drops what the schedule sends. Unset AWS_ENDPOINT_URL and "
                "LOCALSTACK_HOST to see all. Here a key is replaced as if it had leaked."
            )
        return account

    def _apply(self, account: Account) -> Terraform:
        self._screen.step("terraform apply examples/complete, as a dry run at first")
        BUILD.mkdir(parents=True, exist_ok=True)
        terraform = self._terraform = Terraform(
            folder=COMPLETE,
            state=BUILD / "terraform.tfstate",
            data=BUILD / "terraform",
            environment=account.environment(),
            tell=self._screen.tell,
        )
        with self._screen.working("terraform init"):
            terraform.init()
            self._clear_leftovers(account, terraform)
            self._screen.done(terraform.apply(**_variables(dry_run=True)))
        return terraform

    def _set_the_stage(self, account: Account, outputs: Mapping[str, Any]) -> Scene:
        """The users have their keys, and people have confirmed."""
        self._screen.step("Access keys, and people who confirm their mail")
        addresses = confirm_subscriptions(account, outputs["topic_arn"])
        self._screen.done(f"{len(addresses)} people clicked the link in SNS's mail")
        held = equip(account, outputs["iam_users"])
        count = sum(len(keys) for keys in held.values())
        ages = ", made to look old" if account.endpoint.embedded else ""
        self._screen.done(f"{count} access keys for {len(held)} users{ages}")
        return Scene(account, outputs, held)

    # -- the rotation ------------------------------------------------------------------------------

    def _let_the_schedule_run(self, scene: Scene, terraform: Terraform, was: tables.Keys) -> None:
        account, screen = scene.account, self._screen
        channel = listeners.Channel(account, _LISTENERS, scene.outputs["topic_arn"], _PERSON)
        queue = listeners.EventQueue(account, _LISTENERS)
        signed_in = sign_in(account, scene.held[_PERSON][0])
        screen.step(f"dry_run = false, and the schedule {SCHEDULE} starts the function")
        self._end_the_dry_run(terraform)
        with screen.working("waiting for the schedule"):
            report = wait_for_report(
                account,
                scene.function,
                FIRES_WITHIN,
                lambda left: screen.tell(f"waiting for the schedule: {FIRES_WITHIN - left:.0f} s"),
            )
        if report is None:
            raise ClaimError(f"the schedule did not fire within {FIRES_WITHIN:.0f} s")
        self._show_what_was_done("the schedule fired", scene, was, report)
        mails = readers.show_mails(screen, scene, _PERSON, _SERVICE)
        readers.show_card(screen, channel, _PERSON)
        readers.show_event(screen, scene, queue, _SERVICE, report)
        readers.follow_as_service(screen, scene, mails[_SERVICE], _SERVICE)
        readers.follow_as_person(screen, scene, mails[_PERSON], _PERSON, signed_in)

    def _replace_a_leaked_key(self, scene: Scene, terraform: Terraform, was: tables.Keys) -> None:
        """What needs no old key: an emergency."""
        self._screen.step(f"dry_run = false, and the key of {_PERSON} has leaked")
        self._end_the_dry_run(terraform)
        leaked = scene.held[_PERSON][0].id
        emergency = {"user": _PERSON, "access_key_id": leaked, "reason": "the demo"}
        report = self._invoke(scene, {"emergency": emergency})
        self._show_what_was_done("the function ran", scene, was, report)

    def _run_again(self, scene: Scene, terraform: Terraform) -> None:
        self._screen.step("Once more: nothing to do, nothing to plan")
        again = self._invoke(scene)
        claim = f"a second run: {again['scanned']} managed users, no action"
        self._screen.done(require(again["counts"] == {}, claim, again["counts"]))
        with self._screen.working("terraform plan"):
            changes = terraform.changes(**_variables())
        self._screen.done(require(not changes, "terraform plan: no changes", ", ".join(changes)))

    def _show_the_command_line(self, scene: Scene) -> None:
        """`key-rotation` status, plan and report."""
        self._screen.step("What the operator sees, and what the auditor gets")
        for arguments in (("status",), ("plan",), ("report", "--html", _path(REPORT))):
            self._key_rotation(scene, *arguments)
        self._screen.done(f"the report is {_path(REPORT)}: open it in a browser")
        self._search_for_secrets(scene)

    def _search_for_secrets(self, scene: Scene) -> None:
        """tests/integration searches all places; what is printed here, only the demo can."""
        secrets = [key.secret for keys in scene.held.values() for key in keys]
        secrets.append(scene.new_key_of(_PERSON).secret)
        if scene.account.endpoint.embedded:
            secrets += scene.account.backdoor.secret_access_keys().values()
        said = self._screen.shown() + REPORT.read_text()
        claim = "no secret access key is in the report, or above"
        self._screen.done(require(not any(secret in said for secret in secrets), claim))

    # -- the end -----------------------------------------------------------------------------------

    def _destroy(self, scene: Scene, terraform: Terraform) -> None:
        self._screen.step("terraform destroy")
        with self._screen.working("terraform destroy"):
            self._screen.done(terraform.destroy(**_variables()))
        left = list_secrets(scene.account, scene.outputs["secret_name_prefix"])
        waiting = sum(left.values())
        self._screen.done(f"{waiting} secrets wait 30 days for their deletion, as on AWS")
        for name in (name for name, is_pending in left.items() if not is_pending):
            self._screen.done(f"{name} was made on demand, not by Terraform: deleted by hand")
        self._discard_what_is_left()

    def _say_how_to_look_around(self, account: Account) -> None:
        self._screen.step("All is left up (KEEP=1)")
        environment = account.environment()
        # The first generation of the AWS CLI, which is the one installed, knows no AWS_REGION.
        shown = ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION")
        exports = " ".join(f"AWS_{name}={environment[f'AWS_{name}']}" for name in shown)
        for line in (
            f"export {exports} PATH=$PWD/build/awscli/bin:$PATH",
            "aws iam list-access-keys --user-name build-agent",
            "aws secretsmanager describe-secret --secret-id iam-access-key/alice",
            'aws lambda invoke --function-name access-key-rotation --payload "{}" /dev/stdout',
            "aws logs filter-log-events --log-group-name /aws/lambda/access-key-rotation "
            "--query 'events[].message' --output text",
            "ls build/localstack/mail    # the mails",
            f"TF_DATA_DIR=$PWD/{_path(BUILD)}/terraform terraform -chdir={_path(COMPLETE)} "
            f"show $PWD/{_path(BUILD)}/terraform.tfstate",
            "make localstack-stop        # takes all of it down; so does the next make demo",
        ):
            self._screen.command(line)

    # -- the parts of the steps --------------------------------------------------------------------

    def _end_the_dry_run(self, terraform: Terraform) -> None:
        with self._screen.working("terraform apply"):
            self._screen.done(terraform.apply(**_variables()))

    def _show_what_was_done(
        self, what: str, scene: Scene, was: tables.Keys, report: dict[str, Any]
    ) -> None:
        counts = ", ".join(f"{number} {action}" for action, number in report["counts"].items())
        self._screen.done(f"{what}: {report['scanned']} managed users: {counts}")
        now = tables.look(scene.account, scene.users)
        self._screen.console.print(tables.after(was, now, report))
        require(report["failed"] == 0, "no user failed", report["failed"])

    def _invoke(self, scene: Scene, payload: Any = None) -> dict[str, Any]:
        with self._screen.working("the function runs"):
            answer = invoke(scene.account, scene.function, payload)
        if isinstance(answer, Failure):
            raise ClaimError(f"the function failed: {answer.message}")
        return answer

    def _key_rotation(self, scene: Scene, *arguments: str) -> None:
        """Runs the command line as if it were installed; shows the command and what it printed."""
        line = " ".join(("key-rotation", *arguments))
        self._screen.console.print(Text.assemble(("$ ", "cyan"), (line, "bold")))
        environment = scene.account.environment() | {
            "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("lambda", "cli")),
            "COLUMNS": str(COLUMNS),
        }
        if self._screen.console.is_terminal:
            environment["FORCE_COLOR"] = "1"  # it is a pipe, but of ours
        answer = subprocess.run(
            [sys.executable, "-m", "key_rotation_cli", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        require(answer.returncode == 0, f"{line} works", answer.stderr.strip())
        self._screen.console.print(Text.from_ansi(answer.stdout.rstrip("\n")), soft_wrap=True)

    def _clear_leftovers(self, account: Account, terraform: Terraform) -> None:
        """Of an earlier run that was left up: in this LocalStack, or in one that is gone."""
        if not terraform.state.exists():
            return
        try:
            name = terraform.outputs().get("function_name", "none")
            account.functions.get_function(FunctionName=name)
        except ClientError:
            terraform.state.unlink()
            return
        terraform.destroy(**_variables())
        self._discard_what_is_left()

    def _discard_what_is_left(self) -> None:
        assert self._account is not None
        discard_secrets(self._account, list_secrets(self._account, "iam-access-key/"))
        listeners.discard(self._account, _LISTENERS)


def _variables(dry_run: bool = False) -> dict[str, str]:
    """A LocalStack in Docker runs functions on this machine's processor only."""
    is_arm = platform.machine() in ("arm64", "aarch64")
    return variables(dry_run=dry_run, architecture="arm64" if is_arm else "x86_64")


def _path(file: os.PathLike[str]) -> str:
    return os.path.relpath(file, ROOT)
