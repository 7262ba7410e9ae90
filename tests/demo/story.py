"""The demo, step by step."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from botocore.exceptions import ClientError
from rich.text import Text
from scripts.with_terraform import program

from tests.localstack import process, server
from tests.localstack.endpoint import from_environment
from tests.stage.account import (
    Account,
    confirm_subscriptions,
    discard_secrets,
    list_secrets,
    sign_in,
)
from tests.stage.example import COMPLETE, FIRES_WITHIN, ROOT, SCHEDULE, equip, variables
from tests.stage.listeners import Channel, EventQueue, discard
from tests.stage.runs import Failure, invoke, wait_for_report
from tests.stage.terraform import Terraform

from . import hand_over, readers
from .scene import BUILD, PERSON, ClaimError, Scene, require
from .screen import COLUMNS, Screen
from .tables import Keys, keys_table, look

REPORT = "build/report.html"
_LISTENERS = "access-key-rotation-demo"
# A LocalStack in Docker runs functions on this machine's processor only.
_ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
_DRY = variables(dry_run=True, architecture=_ARCHITECTURE)
_REAL = variables(dry_run=False, architecture=_ARCHITECTURE)
_OTHER_LOCALSTACK = """\
Skipped: the schedule, the mails and what their readers do. This LocalStack, which the environment \
names, is not the embedded one: it cannot make a key older, keeps no mailbox, and drops what the \
schedule sends. Unset AWS_ENDPOINT_URL and LOCALSTACK_HOST to see all. Here a key is replaced as \
if it had leaked."""
# The first generation of the AWS CLI, which is the one installed, knows no AWS_REGION.
_LOOK_AROUND = """\
    export AWS_ENDPOINT_URL={AWS_ENDPOINT_URL} AWS_ACCESS_KEY_ID={AWS_ACCESS_KEY_ID} \
AWS_SECRET_ACCESS_KEY={AWS_SECRET_ACCESS_KEY} AWS_DEFAULT_REGION={AWS_DEFAULT_REGION} \
PATH=$PWD/build/awscli/bin:$PATH
    aws iam list-access-keys --user-name build-agent
    aws secretsmanager describe-secret --secret-id iam-access-key/alice
    aws lambda invoke --function-name access-key-rotation --payload "{{}}" /dev/stdout
    aws logs filter-log-events --log-group-name /aws/lambda/access-key-rotation \
--query 'events[].message' --output text
    ls build/localstack/mail    # the mails
    TF_DATA_DIR=$PWD/build/demo/terraform {terraform} -chdir=examples/complete \
show $PWD/build/demo/terraform.tfstate
    make localstack-stop        # takes all of it down; so does the next make demo"""


class Story:
    """The steps in order; `take_down` may be called at any time."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._server_is_ours = False
        self._made = ExitStack()  # and how to undo it, the last first

    def play(self) -> None:
        """The whole demo but the end. Raises as soon as something did not happen."""
        screen = self._screen
        screen.show("Access keys, rotated on an emulated AWS: two minutes, at first four.")
        account = self._open()
        terraform = self._apply(account)
        scene = self._set_the_stage(account, terraform.outputs())
        planned = self._invoke(scene)
        keys = look(account, scene.held)
        screen.show(keys_table(scene.outputs["iam_users"], keys, planned))
        if account.endpoint.embedded:
            self._let_the_schedule_run(scene, terraform, keys)
        else:
            self._replace_a_leaked_key(scene, terraform, keys)
        self._run_again(scene, terraform)
        if account.endpoint.embedded:
            hand_over.show(scene, self._invoke)
        self._show_the_command_line(scene)
        if os.environ.get("KEEP") == "1":
            self._say_how_to_look_around(account)
        else:
            self._destroy(scene, terraform)
        screen.show("")
        screen.done(f"all of this took {screen.seconds:.0f} s")

    def take_down(self) -> None:
        """Leaves nothing running and nothing behind."""
        if self._server_is_ours:
            if server.stop():
                self._screen.done("LocalStack is stopped, and all of this gone with it")
            shutil.rmtree(BUILD, ignore_errors=True)  # the state with it
        self._made.close()

    # -- the stage ---------------------------------------------------------------------------------

    def _open(self) -> Account:
        self._screen.step("An AWS account on this machine")
        self._server_is_ours = from_environment() is None and process.find() is None
        account = Account(server.ensure_running())
        self._screen.done(f"LocalStack answers at {account.endpoint.url}")
        if account.endpoint.embedded:
            account.backdoor.clear_mails()
        else:
            self._screen.show(_OTHER_LOCALSTACK)
        return account

    def _apply(self, account: Account) -> Terraform:
        self._screen.step("terraform apply examples/complete, as a dry run at first")
        BUILD.mkdir(parents=True, exist_ok=True)
        terraform = Terraform(
            folder=COMPLETE,
            state=BUILD / "terraform.tfstate",
            data=BUILD / "terraform",
            environment=account.environment(),
            tell=self._screen.tell,
        )
        self._made.callback(terraform.clean_up)
        self._made.callback(_destroy_the_rest, account, terraform)
        terraform.init()
        try:
            account.functions.get_function(FunctionName="access-key-rotation")
        except ClientError:  # a demo that was left up was so in another LocalStack
            terraform.state.unlink(missing_ok=True)
        _destroy_the_rest(account, terraform)
        self._screen.done(terraform.apply(**_DRY))
        return terraform

    def _set_the_stage(self, account: Account, outputs: Mapping[str, Any]) -> Scene:
        """The users have their keys, and people have confirmed."""
        self._screen.step("Access keys, and people who confirm their mail")
        addresses = confirm_subscriptions(account, outputs["topic_arn"])
        self._screen.done(f"{len(addresses)} people clicked the link in SNS's mail")
        held = equip(account, outputs["iam_users"])
        count = sum(len(keys) for keys in held.values())
        ages = ", made to look old" if account.endpoint.embedded else ""
        having = sum(map(bool, held.values()))
        self._screen.done(f"{count} access keys for {having} of {len(held)} users{ages}")
        return Scene(self._screen, account, outputs, held)

    # -- the rotation ------------------------------------------------------------------------------

    def _let_the_schedule_run(self, scene: Scene, terraform: Terraform, was: Keys) -> None:
        account, screen = scene.account, self._screen
        channel = Channel(account, _LISTENERS, scene.outputs["topic_arn"], PERSON)
        queue = EventQueue(account, _LISTENERS)
        signed_in = sign_in(account, scene.held[PERSON][0])
        screen.step(f"dry_run = false, and the schedule {SCHEDULE} starts the function")
        screen.done(terraform.apply(**_REAL))

        def tick(left: float) -> None:
            screen.tell(f"waiting for the schedule: {FIRES_WITHIN - left:.0f} s")

        report = wait_for_report(account, scene.outputs["function_name"], FIRES_WITHIN, tick)
        if report is None:
            raise ClaimError(f"the schedule did not fire within {FIRES_WITHIN:.0f} s")
        self._show_the_run("the schedule fired", scene, was, report)
        mails = readers.show_mails(scene)
        readers.show_card(scene, channel)
        readers.show_event(scene, queue, report)
        readers.pull_as_service(scene)
        readers.follow_as_person(scene, mails[PERSON], signed_in)

    def _replace_a_leaked_key(self, scene: Scene, terraform: Terraform, was: Keys) -> None:
        """What needs no old key: an emergency."""
        self._screen.step(f"dry_run = false, and the key of {PERSON} has leaked")
        self._screen.done(terraform.apply(**_REAL))
        leaked = scene.held[PERSON][0].id
        emergency = {"user": PERSON, "access_key_id": leaked, "reason": "the demo"}
        report = self._invoke(scene, {"emergency": emergency})
        self._show_the_run("the function ran", scene, was, report)

    def _show_the_run(self, how: str, scene: Scene, was: Keys, report: dict[str, Any]) -> None:
        counts = ", ".join(f"{number} {action}" for action, number in report["counts"].items())
        self._screen.done(f"{how}: {report['scanned']} managed users: {counts}")
        keys = look(scene.account, scene.held)
        self._screen.show(keys_table(scene.outputs["iam_users"], keys, report, was))
        require(report["failed"] == 0, "no user failed", report["failed"])

    def _run_again(self, scene: Scene, terraform: Terraform) -> None:
        self._screen.step("Once more: nothing to do, nothing to plan")
        again = self._invoke(scene)
        claim = f"a second run: {again['scanned']} managed users, no action"
        scene.show(claim, again["counts"] == {}, again["counts"])
        changes = terraform.changes(**_REAL)
        scene.show("terraform plan: no changes", not changes, ", ".join(changes))

    def _invoke(self, scene: Scene, payload: Any = None) -> dict[str, Any]:
        self._screen.tell("the function runs")
        answer = invoke(scene.account, scene.outputs["function_name"], payload)
        if isinstance(answer, Failure):
            raise ClaimError(f"the function failed: {answer.message}")
        return answer

    # -- the command line --------------------------------------------------------------------------

    def _show_the_command_line(self, scene: Scene) -> None:
        """`key-rotation` status, plan and report."""
        self._screen.step("What the operator sees, and what the auditor gets")
        for arguments in ("status", "plan", f"report --html {REPORT}"):
            self._key_rotation(scene, arguments)
        self._screen.done(f"the report is {REPORT}: open it in a browser")
        # tests/integration searches all places; what is printed here, only the demo can.
        secrets = [key.secret for keys in scene.held.values() for key in keys]
        secrets.append(scene.new_key_of(PERSON).secret)
        if scene.account.endpoint.embedded:
            secrets += scene.account.backdoor.secret_access_keys().values()
        said = self._screen.shown() + (ROOT / REPORT).read_text()
        found = any(secret in said for secret in secrets)
        scene.show("no secret access key is in the report, or above", not found)

    def _key_rotation(self, scene: Scene, arguments: str) -> None:
        """Runs the command line as if it were installed; shows the command and what it printed."""
        line = f"key-rotation {arguments}"
        self._screen.show(Text.assemble(("$ ", "cyan"), (line, "bold")))
        environment = scene.account.environment() | {
            "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("lambda", "cli")),
            "COLUMNS": str(COLUMNS),
        }
        if self._screen.console.is_terminal:
            environment["FORCE_COLOR"] = "1"  # it is a pipe, but of ours
        command = [sys.executable, "-m", "key_rotation_cli", *arguments.split()]
        answer = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
        )
        require(answer.returncode == 0, f"{line} works", answer.stderr.strip())
        self._screen.show(Text.from_ansi(answer.stdout.rstrip("\n")), whole_lines=True)

    # -- the end -----------------------------------------------------------------------------------

    def _destroy(self, scene: Scene, terraform: Terraform) -> None:
        self._screen.step("terraform destroy")
        self._screen.done(terraform.destroy(**_REAL))
        left = list_secrets(scene.account, scene.outputs["secret_name_prefix"])
        waiting = sum(left.values())
        self._screen.done(f"{waiting} secrets wait 30 days for their deletion, as on AWS")
        for name in (name for name, is_pending in left.items() if not is_pending):
            self._screen.done(f"{name} was made on demand, not by Terraform: deleted by hand")
        _discard_what_is_left(scene.account)

    def _say_how_to_look_around(self, account: Account) -> None:
        self._screen.step("All is left up (KEEP=1)")
        text = _LOOK_AROUND.format(**account.environment(), terraform=program())
        self._screen.show(Text(text, style="cyan"), whole_lines=True)


def _destroy_the_rest(account: Account, terraform: Terraform) -> None:
    """Of this demo, or of one that was left up."""
    if terraform.state.exists():
        terraform.destroy(**_REAL)
        _discard_what_is_left(account)


def _discard_what_is_left(account: Account) -> None:
    discard_secrets(account, list_secrets(account, "iam-access-key/"))
    discard(account, _LISTENERS)
