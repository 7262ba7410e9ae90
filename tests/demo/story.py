"""The demo, step by step."""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.localstack import process, server
from tests.localstack.endpoint import from_environment

from . import claims, command_line, listeners, tables
from .aws_cli import ROOT, Installation
from .claims import ClaimError, Scene, require
from .readers import Readers
from .runs import Failure, invoke, reports, wait_for_report
from .screen import Screen, Working
from .stage import (
    Account,
    ExampleUser,
    HeldKey,
    confirm_subscriptions,
    discard_secrets,
    equip,
    list_secrets,
)
from .terraform import Terraform, TerraformError

BUILD = ROOT / "build" / "demo"
EXAMPLE = ROOT / "examples" / "complete"
_SCHEDULE = "rate(1 minute)"
_FIRES_WITHIN = 150.0  # twice the schedule, and some
_PAST = {
    "announce": "announced",
    "disable": "disabled",
    "prepare": "secret made ready",
    "rotate": "rotated",
    "warn": "warned",
}
_LISTENERS = "access-key-rotation-demo"
_PERSON, _SERVICE, _ON_DEMAND = "alice", "build-agent", "legacy-import"


class Story:
    """The steps in order; `take_down` may be called at any time."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._installation: Installation | None = None
        self._account: Account | None = None
        self._terraform: Terraform | None = None
        self._started_server = False
        self._working: Working | None = None

    def tell(self) -> None:
        """The whole demo but the end. Raises as soon as something did not happen."""
        began = time.monotonic()
        self._screen.say(
            "Access keys, rotated on an emulated AWS: two minutes, the first time four."
        )
        account = self._open()
        terraform = self._apply(account)
        outputs = terraform.outputs()
        users: dict[str, ExampleUser] = outputs["iam_users"]
        held, sign_in = self._set_the_stage(account, outputs)
        keys = tables.look(account, users)
        self._show_plan(account, outputs, keys)
        if account.endpoint.embedded:
            channel, queue = self._listen(account, outputs)
            report = self._let_the_schedule_run(account, terraform, outputs, keys)
            scene = Scene(account, outputs, held, report)
            readers = self._readers(scene)
            readers.show_mails()
            readers.show_card(channel)
            readers.show_event(queue)
            readers.follow_as_service()
            readers.follow_as_person(sign_in)
        else:
            report = self._replace_a_leaked_key(account, terraform, outputs, keys)
            scene = Scene(account, outputs, held, report)
            self._check_the_new_key(scene)
        self._run_again(scene, terraform)
        command_line.look(self._screen, scene)
        if os.environ.get("KEEP") == "1":
            self._tell_how_to_look_around(account)
        else:
            self._destroy(scene, terraform)
        self._screen.console.print()
        self._screen.done(f"all of this took {time.monotonic() - began:.0f} s")

    def take_down(self) -> None:
        """Leaves nothing running and nothing behind."""
        if self._installation is not None:
            self._installation.abandon()
        if self._started_server:
            if server.stop():
                self._screen.done("LocalStack is stopped, and all of this gone with it")
            shutil.rmtree(BUILD, ignore_errors=True)
        elif self._terraform is not None and self._terraform.state.exists():
            self._with_progress(self._terraform, "destroy")
            self._discard_what_is_left()
        if self._terraform is not None:
            self._terraform.clean_up()

    # -- the steps ---------------------------------------------------------------------------------

    def _open(self) -> Account:
        self._screen.step("An AWS account on this machine")
        self._started_server = from_environment() is None and process.find() is None
        endpoint = server.ensure_running()
        account = self._account = Account(endpoint)
        self._screen.done(f"LocalStack answers at {endpoint.url}")
        if endpoint.embedded:
            account.backdoor.clear_mails()
            self._installation = Installation()
            if not self._installation.is_done():
                self._screen.say("… the AWS CLI is being installed meanwhile (once)", "dim")
        else:
            self._screen.skip(
                "the schedule, the mails and what their readers do. This LocalStack, which the "
                "environment names, is not the embedded one: it cannot make a key older, keeps no "
                "mailbox, and drops what the schedule sends. Unset AWS_ENDPOINT_URL and "
                "LOCALSTACK_HOST to see all. Here a young key is replaced as if it had leaked."
            )
        return account

    def _apply(self, account: Account) -> Terraform:
        self._screen.step("terraform apply examples/complete, as a dry run at first")
        BUILD.mkdir(parents=True, exist_ok=True)
        terraform = self._terraform = Terraform(
            folder=EXAMPLE,
            state=BUILD / "terraform.tfstate",
            data=BUILD / "terraform",
            environment=account.environment(),
            tell=self._tell_progress,
        )
        with self._screen.working("terraform init") as self._working:
            terraform.init()
            self._clear_leftovers(account, terraform)
            try:
                summary = terraform.apply(dry_run="true", **self._variables())
            except TerraformError as error:
                if account.endpoint.embedded:
                    raise
                hint = "unset AWS_ENDPOINT_URL and LOCALSTACK_HOST to use the embedded one"
                raise TerraformError(
                    f"{error} (from the LocalStack at {account.endpoint.url}, which the "
                    f"environment names: {hint})"
                ) from error
        self._screen.done(summary)
        return terraform

    def _set_the_stage(
        self, account: Account, outputs: Mapping[str, Any]
    ) -> tuple[dict[str, list[HeldKey]], tuple[HeldKey, str]]:
        """The users' keys, and how alice is signed in."""
        self._screen.step("Access keys, and people who confirm their mail")
        addresses = confirm_subscriptions(account, outputs["topic_arn"])
        self._screen.done(f"{len(addresses)} people clicked the link in SNS's mail")
        held = equip(account, outputs["iam_users"])
        count = sum(len(keys) for keys in held.values())
        ages = ", made to look old" if account.endpoint.embedded else ""
        self._screen.done(f"{count} access keys for {len(held)} users{ages}")
        # Stands for a console sign-in (`aws login`), which LocalStack does not have.
        answer = account.sts(held[_PERSON][0]).get_session_token()["Credentials"]
        key = HeldKey(answer["AccessKeyId"], answer["SecretAccessKey"])
        return held, (key, answer["SessionToken"])

    def _show_plan(self, account: Account, outputs: Mapping[str, Any], keys: tables.Keys) -> None:
        planned = self._invoke(account, outputs["function_name"])
        require(planned["dry_run"] is True, "the first run is a dry run", planned["dry_run"])
        self._screen.console.print(tables.before(outputs["iam_users"], keys, planned))
        now = tables.look(account, outputs["iam_users"])
        same = {user: [key.id for key in keys[user]] for user in keys} == {
            user: [key.id for key in now[user] if key.status == "Active"] for user in now
        }
        self._screen.done(require(same, "the dry run changed nothing", now))

    def _listen(
        self, account: Account, outputs: Mapping[str, Any]
    ) -> tuple[listeners.Channel, listeners.EventQueue]:
        """A chat channel and a program; both hear the first run."""
        channel = listeners.Channel(account, _LISTENERS, outputs["topic_arn"], _PERSON)
        return channel, listeners.EventQueue(account, _LISTENERS)

    def _readers(self, scene: Scene) -> Readers:
        assert self._installation is not None
        return Readers(self._screen, scene, self._installation, BUILD, _PERSON, _SERVICE)

    def _let_the_schedule_run(
        self,
        account: Account,
        terraform: Terraform,
        outputs: Mapping[str, Any],
        was: tables.Keys,
    ) -> dict[str, Any]:
        self._screen.step(f"dry_run = false, and the schedule {_SCHEDULE} starts the function")
        self._end_the_dry_run(terraform)
        with self._screen.working("waiting for the schedule") as working:
            began = time.monotonic()
            report = wait_for_report(
                account,
                outputs["function_name"],
                _FIRES_WITHIN,
                lambda _left: working.update(
                    f"waiting for the schedule: {time.monotonic() - began:.0f} s"
                ),
            )
        if report is None:
            raise ClaimError(f"the schedule did not fire within {_FIRES_WITHIN:.0f} s")
        self._show_what_was_done("the schedule fired", account, outputs, was, report)
        return report

    def _replace_a_leaked_key(
        self,
        account: Account,
        terraform: Terraform,
        outputs: Mapping[str, Any],
        was: tables.Keys,
    ) -> dict[str, Any]:
        """What needs no old key: an emergency."""
        self._screen.step(f"dry_run = false, and the key of {_PERSON} has leaked")
        self._end_the_dry_run(terraform)
        [leaked] = was[_PERSON]
        emergency = {"user": _PERSON, "access_key_id": leaked.id, "reason": "the demo"}
        report = self._invoke(account, outputs["function_name"], {"emergency": emergency})
        self._show_what_was_done("the function ran", account, outputs, was, report)
        return report

    def _check_the_new_key(self, scene: Scene) -> None:
        old, now = scene.held[_PERSON][0].id, scene.account.statuses(_PERSON)
        self._screen.done(claims.rotated(scene, _PERSON, old, now, "Inactive"))

    def _run_again(self, scene: Scene, terraform: Terraform) -> None:
        self._screen.step("Once more: nothing to do, nothing to plan")
        function = scene.outputs["function_name"]
        again = self._invoke(scene.account, function)
        claim = f"a second run: {_users(again['scanned'])}, no action"
        if scene.account.endpoint.embedded:
            claim += ", no mail"
        mails = self._notifications(scene)
        self._screen.done(require(again["counts"] == {}, claim, again["counts"]))
        first, *later = reports(scene.account, function)
        require(first == scene.report, "the first run was the schedule's", first["started_at"])
        for report in later:
            require(report["counts"] == {}, "every later run does nothing", report["counts"])
        with self._screen.working("terraform plan") as self._working:
            changes = terraform.changes(dry_run="false", **self._variables())
        self._screen.done(require(not changes, "terraform plan: no changes", ", ".join(changes)))
        require(self._notifications(scene) == mails, "no mail after the first run")
        if scene.account.endpoint.embedded:
            self._screen.step("What was promised")
            for claim in claims.rotation(scene):
                self._screen.done(claim)
            state = terraform.state.read_text()
            answers = [json.dumps(scene.report), json.dumps(again)]
            self._screen.done(claims.secrecy(scene, self._screen.shown(), state, answers))

    def _destroy(self, scene: Scene, terraform: Terraform) -> None:
        self._screen.step("terraform destroy")
        listeners.discard(scene.account, _LISTENERS)
        with self._screen.working("terraform destroy") as self._working:
            summary = terraform.destroy(dry_run="false", **self._variables())
        self._screen.done(summary)
        account, users = scene.account, scene.outputs["iam_users"]
        require(not any(account.has_user(user) for user in users), "the users are gone")
        left = list_secrets(account, scene.outputs["secret_name_prefix"])
        waiting = sorted(name for name, pending in left.items() if pending)
        live = sorted(name for name, pending in left.items() if not pending)
        declared = sorted(user for user, about in users.items() if about["declared"])
        prefix = scene.outputs["secret_name_prefix"]
        require(
            waiting == [f"{prefix}{user}" for user in declared],
            "the secrets of `users` wait 30 days for their deletion",
            waiting,
        )
        expected = [f"{prefix}{_ON_DEMAND}"] if account.endpoint.embedded else []
        require(live == expected, "only the secret that the function made is left", live)
        self._screen.done(f"{len(waiting)} secrets wait 30 days for their deletion, as on AWS")
        if live:
            self._screen.done(
                f"{live[0]} was made on demand, so it is not Terraform's: deleted by hand"
            )
        discard_secrets(account, left)
        require(not list_secrets(account, prefix), "no secret is left")

    def _tell_how_to_look_around(self, account: Account) -> None:
        self._screen.step("All is left up (KEEP=1)")
        environment = account.environment()
        # The first generation of the AWS CLI, which is the one installed, knows no AWS_REGION.
        shown = ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION")
        exports = " ".join(f"AWS_{name}={environment[f'AWS_{name}']}" for name in shown)
        build, example = BUILD.relative_to(ROOT), EXAMPLE.relative_to(ROOT)
        for line in (
            f"export {exports} PATH=$PWD/build/awscli/bin:$PATH",
            "aws iam list-access-keys --user-name build-agent",
            "aws secretsmanager describe-secret --secret-id iam-access-key/alice",
            'aws lambda invoke --function-name access-key-rotation --payload "{}" /dev/stdout',
            "aws logs filter-log-events --log-group-name /aws/lambda/access-key-rotation "
            "--query 'events[].message' --output text",
            "ls build/localstack/mail    # the mails",
            f"TF_DATA_DIR=$PWD/{build}/terraform terraform -chdir={example} "
            f"show $PWD/{build}/terraform.tfstate",
            "make localstack-stop        # takes all of it down; so does the next make demo",
        ):
            self._screen.command(line)

    # -- the parts of the steps --------------------------------------------------------------------

    def _end_the_dry_run(self, terraform: Terraform) -> None:
        with self._screen.working("terraform apply") as self._working:
            summary = terraform.apply(dry_run="false", **self._variables())
        self._screen.done(summary)

    def _show_what_was_done(
        self,
        what: str,
        account: Account,
        outputs: Mapping[str, Any],
        was: tables.Keys,
        report: Mapping[str, Any],
    ) -> None:
        users = outputs["iam_users"]
        scanned, counts = _users(report["scanned"]), _counted(report["counts"])
        self._screen.done(f"{what}: {scanned}, {counts}")
        self._screen.console.print(tables.after(users, was, tables.look(account, users), report))

    def _variables(self) -> dict[str, str]:
        """Of examples/complete. A LocalStack in Docker runs functions on this machine's processor
        only."""
        is_arm = platform.machine() in ("arm64", "aarch64")
        return {
            "schedule_expression": _SCHEDULE,
            "architecture": "arm64" if is_arm else "x86_64",
        }

    def _invoke(self, account: Account, function: str, payload: Any = None) -> dict[str, Any]:
        with self._screen.working("the function runs"):
            answer = invoke(account, function, payload)
        if isinstance(answer, Failure):
            raise ClaimError(f"the function failed: {answer.message}")
        return answer

    def _notifications(self, scene: Scene) -> int:
        if not scene.account.endpoint.embedded:
            return 0
        mails = scene.account.backdoor.mails()
        return sum(mail["kind"] == "notification" for mail in mails)

    def _tell_progress(self, text: str) -> None:
        if self._working is not None:
            self._working.update(text)

    def _with_progress(self, terraform: Terraform, command: str) -> None:
        with self._screen.working(f"terraform {command}") as self._working:
            terraform.destroy(**self._variables())

    def _clear_leftovers(self, account: Account, terraform: Terraform) -> None:
        """Of an earlier run that was left up: in this LocalStack, or in one that is gone."""
        if not terraform.state.exists():
            return
        outputs = terraform.outputs()
        try:
            account.functions.get_function(FunctionName=outputs.get("function_name", "none"))
        except ClientError:
            terraform.state.unlink()
            return
        terraform.destroy(**self._variables())
        self._discard_what_is_left()

    def _discard_what_is_left(self) -> None:
        assert self._account is not None
        discard_secrets(self._account, list_secrets(self._account, "iam-access-key/"))
        listeners.discard(self._account, _LISTENERS)


def _users(number: int) -> str:
    return f"{number} managed user{'' if number == 1 else 's'}"


def _counted(counts: Mapping[str, int]) -> str:
    words = [f"{number} {_PAST.get(action, action)}" for action, number in counts.items()]
    return ", ".join(words) or "no action"
