"""LocalStack, the examples in it, and the stage that most tests play on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pytest_terraform import tf  # type: ignore[import-untyped]
from rich.console import Console
from scripts.with_terraform import program

from tests.localstack import process, server
from tests.localstack.endpoint import from_environment
from tests.stage.account import (
    Account,
    confirm_subscriptions,
    discard_secrets,
    forget_log_tags,
    list_secrets,
    sign_in,
)
from tests.stage.example import EXAMPLES, equip, variables
from tests.stage.listeners import Channel, EventQueue, discard
from tests.stage.shell import AWS_CLI, Shell
from tests.stage.terraform import Terraform

from .adoption import Adoption, adoption
from .delivery import Delivery, delivery
from .rollout import Rollout, rollout
from .stage import Person, Schedule, Stage, subscribe_queue, wait_for_the_schedule

type Begun = tuple[Delivery, ExitStack]
SECRET_NAME_PREFIX = "integration/"
# For examples/complete; examples/basic has no variables. A dry run, until the stage is set.
VARIABLES = variables(
    dry_run=True,
    name="integration-test",
    user_name_prefix="it-",
    secret_name_prefix=SECRET_NAME_PREFIX,
)
LISTENERS = "it-listeners"
_LACKS = "it cannot make keys older, keeps no mailbox and refuses no calls"
BACKGROUND = ("accounts", "adopted")  # fixtures whose applies begin before any test


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """After pytest-terraform's own: where the examples are, and which program."""
    tf.LazyModuleDir.value = str(EXAMPLES)
    tf.LazyTfBin.value = shutil.which(program())
    config.pluginmanager.import_plugin("tests.integration.examples")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by what they need of the session.

    examples/basic must find no managed user, so its tests are first. The accounts and the adoption
    are applied in the background meanwhile, so their tests are late. Then come those that search
    all that was said, and last those that need the stage gone.
    """
    order = ("basic", "", *BACKGROUND, "places", "destroyed")

    def place(item: pytest.Item) -> int:
        fixtures = getattr(item, "fixturenames", ())
        return max((order.index(name) for name in order if name in fixtures), default=1)

    items.sort(key=place)


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """LocalStack, and an environment in which Terraform finds nothing else."""
    started = from_environment() is None and process.find() is None
    account = Account(server.ensure_running())
    forget_log_tags(account, "access-key-rotation")  # a demo's, where it ran in this LocalStack
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "TF_VAR_"))]:
            patch.delenv(name)
        for name, value in account.environment().items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        for name, value in VARIABLES.items():
            patch.setenv(f"TF_VAR_{name}", value)
        yield account
    for example in ("basic", "complete"):
        (EXAMPLES / example / "tf_resources.json").unlink(missing_ok=True)
    if started:
        server.stop()
    else:
        for prefix in (SECRET_NAME_PREFIX, "iam-access-key/"):
            discard_secrets(account, list_secrets(account, prefix))


@pytest.fixture(scope="session")
def accounts(account: Account) -> Iterator[Rollout]:
    """examples/multi-account, whose apply begins with this fixture."""
    with rollout(account.environment()) as begun:
        yield begun


@pytest.fixture(scope="session")
def adopted(account: Account) -> Iterator[Adoption]:
    """The module around a secret that was there, whose apply begins with this fixture."""
    if not account.endpoint.embedded:
        pytest.skip(f"the LocalStack at {account.endpoint.url} is not the embedded one: {_LACKS}")
    with adoption(account.endpoint) as begun:
        yield begun


@pytest.fixture(scope="session")
def worker_id(account: Account, request: pytest.FixtureRequest) -> str:
    """What pytest-terraform asks pytest-xdist for, which cannot be used with it.

    It needs `account`, so that LocalStack runs before any apply. An apply is mostly waiting, so
    those of the background begin here too if a test will ask for them.
    """
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    for name in BACKGROUND:
        if name in wanted and (name == "accounts" or account.endpoint.embedded):
            request.getfixturevalue(name)
    return "master"


@pytest.fixture(scope="session")
def embedded(account: Account) -> Account:
    """The account, for tests that make keys older, read mails or have calls refused."""
    if not account.endpoint.embedded:
        pytest.skip(f"the LocalStack at {account.endpoint.url} is not the embedded one: {_LACKS}")
    return account


@pytest.fixture(scope="session")
def terraform_of() -> Callable[[Any], Terraform]:
    """Terraform on what a fixture of pytest-terraform has applied."""

    def of(applied: Any) -> Terraform:
        runner = applied.terraform
        return Terraform(
            folder=Path(str(runner.module_dir)),
            state=Path(str(runner.state_path)).resolve(),
            data=Path(str(runner.work_dir)),
            environment=dict(os.environ),
        )

    return of


@pytest.fixture(scope="session")
def stage(embedded: Account, complete: Any) -> Iterator[Stage]:
    """examples/complete after its first real run, which the schedule started; it is paused then."""
    account = embedded
    outputs = {name: output["value"] for name, output in complete.outputs.items()}
    confirmed = confirm_subscriptions(account, outputs["topic_arn"])
    held = equip(account, outputs["iam_users"])
    stage = Stage(
        account,
        outputs,
        held,
        confirmed=confirmed,
        queue=subscribe_queue(account, outputs["topic_arn"], "integration-test-messages"),
        channel=Channel(account, LISTENERS, outputs["topic_arn"], "it-alice"),
        events=EventQueue(account, LISTENERS),
        schedule=Schedule(account, outputs),
        signed_in=sign_in(account, held["it-alice"][0]),
    )
    stage.planned = stage.run()
    stage.after_the_plan = stage.statuses()
    stage.set("dry_run", "false")
    stage.first_report = wait_for_the_schedule(stage)
    stage.schedule.pause()
    yield stage
    account.sqs.delete_queue(QueueUrl=stage.queue.queue.url)
    discard(account, LISTENERS)


@pytest.fixture
def person(stage: Stage) -> Iterator[Callable[..., Person]]:
    """Makes a managed user with active keys of the given ages in days; gone after the test."""
    made: list[Person] = []

    def make(*key_ages: float, password: bool = True, managed: bool = True) -> Person:
        name = f"it-person-{len(made)}"
        made.append(stage.hire(name, *key_ages, password=password, managed=managed))
        return made[-1]

    yield make
    for one in made:
        one.remove()


@pytest.fixture
def shell(stage: Stage, tmp_path: Path) -> Shell:
    """An owner's own, in which nothing is set up."""
    return Shell(Console(quiet=True), tmp_path, AWS_CLI, stage.account.endpoint.url)


@pytest.fixture(scope="session")
def delivery_begun(stage: Stage) -> Iterator[Begun]:
    """The recipes, whose apply begins with this fixture, and what takes them down."""
    with ExitStack() as end:
        yield end.enter_context(delivery(stage)), end


@pytest.fixture(scope="session")
def destroyed(
    stage: Stage, complete: Any, terraform_of: Callable[[Any], Terraform]
) -> Mapping[str, bool]:
    """The stage after `terraform destroy`: its secrets by user, and whether Terraform made each."""
    prefix = stage.outputs["secret_name_prefix"]
    before = list_secrets(stage.account, prefix)
    made = {arn.rpartition(":")[2][:-7] for arn in stage.outputs["user_secret_arns"].values()}
    terraform_of(complete).destroy()
    return {name: name in made for name in before}
