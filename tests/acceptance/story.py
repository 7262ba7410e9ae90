"""The test as a whole: its steps in order, what is not run after a failure, and the removal."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from tests.stage.terraform import TerraformError

from . import function_steps, judge, removal, steps
from .cloud import AccountError
from .protocol import Finding, Line, Protocol, Verdict
from .scene import PATIENCE_SECONDS, Scene, retried

# What AWS, Terraform or an answer that looks otherwise can raise: a failed step, and no traceback.
EXPECTED = (
    *(AccountError, BotoCoreError, ClientError, TerraformError, subprocess.TimeoutExpired),
    *(AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError),
)


@dataclass(frozen=True)
class Step:
    """One line of the protocol. If an `essential` one fails, those behind it cannot be run."""

    name: str
    run: Callable[[Scene], Finding]
    essential: bool = False


STEPS: Sequence[Step] = (
    Step("apply", steps.apply, essential=True),
    Step("second plan", steps.second_plan),
    Step("credential report", function_steps.credential_report),  # before a run asks for one
    Step("users", steps.users, essential=True),
    Step("emergencies", steps.emergencies, essential=True),
    Step("secrets: values", steps.values, essential=True),
    Step("keys", steps.keys),
    Step("secrets: policies", steps.policies),
    Step("secrets: validation", steps.validation),
    Step("reads: owner", steps.owner),
    Step("reads: other user", steps.other_user),
    Step("reads: administrator", steps.administrator),
    Step("kms", steps.kms),
    Step("events", steps.events),
    Step("transformer", steps.transformer),
    Step("messages", steps.messages),
    Step("topic and queue", steps.topic_and_queue),
    Step("request", steps.request),
    Step("role: users", function_steps.role_users),
    Step("role: other callers", function_steps.role_other_callers),
    Step("ordinary run", function_steps.ordinary_run),
    Step("command line", function_steps.command_line),
    Step("log", function_steps.log),
)


def play(
    scene: Scene,
    protocol: Protocol,
    show: Callable[[Line], None],
    sequence: Sequence[Step] = STEPS,
) -> None:
    """Runs the steps. Each gets a line, also after a failure."""
    missing = ""
    for step in sequence:
        if missing:
            finding = Finding(Verdict.NOT_RUN, f"needs the step {missing}")
        else:
            scene.tell(step.name)
            finding = attempt(lambda step=step: step.run(scene))  # type: ignore[misc]
            if step.essential and finding.verdict is Verdict.FAIL:
                missing = step.name
        show(protocol.add(step.name, finding))


def remove(
    scene: Scene,
    protocol: Protocol,
    show: Callable[[Line], None],
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Deletes all that this test made, whatever failed before, and looks for what is left, for so
    long as the lists of AWS may still have what is gone."""
    scene.tell("removing everything")
    keys: set[str] = set()
    known = attempt(lambda: _note_keys(scene, keys))  # while they have their alias
    show(protocol.add("removal", judge.together([known, *_remove(scene)])))
    found = _until_passed(lambda: _leftovers(scene, keys), 5.0 if scene.emulated else seconds)
    show(protocol.add("leftovers", found))


def attempt(act: Callable[[], Finding]) -> Finding:
    """What it found; if it raised something that AWS can cause, that is a failure."""
    try:
        return act()
    except EXPECTED as error:
        return Finding(Verdict.FAIL, f"{type(error).__name__}: {error}")


def _until_passed(look: Callable[[], Finding], seconds: float) -> Finding:
    found, _took = retried(
        lambda: attempt(look), lambda found: found.verdict is Verdict.PASS, seconds
    )
    return found


def _remove(scene: Scene) -> Iterator[Finding]:
    """Each part, even if one before it failed."""
    cloud, name = scene.cloud, scene.name
    yield attempt(lambda: _said("users", removal.remove_users(cloud, name)))
    yield attempt(lambda: Finding(Verdict.PASS, scene.terraform.destroy(**scene.variables)))
    if len(scene.values) == len(scene.users) > 0:  # so the function has made its secret
        yield _until_passed(lambda: _secrets_after(scene), 5.0 if scene.emulated else 30.0)
    yield attempt(lambda: _said("secrets", removal.remove_secrets(cloud, name)))


def _secrets_after(scene: Scene) -> Finding:
    found = removal.secrets_by_deletion(scene.cloud, scene.name)
    return judge.removal(found, scene.secret_id(scene.person), scene.secret_id(scene.service))


def _said(what: str, deleted: Sequence[str]) -> Finding:
    return Finding(Verdict.PASS, f"{len(deleted)} {what} deleted")


def _note_keys(scene: Scene, keys: set[str]) -> Finding:
    keys |= removal.kms_keys_of(scene.cloud, scene.name)
    return Finding(Verdict.PASS, f"{len(keys)} KMS key{'' if len(keys) == 1 else 's'}")


def _leftovers(scene: Scene, keys: set[str]) -> Finding:
    cloud, name = scene.cloud, scene.name
    waiting, other = removal.kms_key_states(cloud, keys | removal.kms_keys_of(cloud, name))
    return judge.leftovers([*removal.leftovers(cloud, name), *other], waiting)
