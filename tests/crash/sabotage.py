"""Sabotages: one line of the product is broken, and the harness must say which promise that breaks.

Each replaces a piece of the source text in a copy of the package; a piece that is not there exactly
once ends the run in an error, so that a sabotage cannot go stale unnoticed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.crash.promises import Promise

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sabotage:
    """`old` becomes `new` in the file of the `package`; `kind` and `scenario` are where it must be
    noticed."""

    name: str
    file: str
    old: str
    new: str
    promise: Promise
    kind: str
    scenario: str
    package: str = "lambda/key_rotation"

    @property
    def source(self) -> Path:
        return ROOT / self.package / self.file


SABOTAGES = (
    Sabotage(
        "no intent is recorded",
        "run/issue.py",
        "    secrets.record_intent(progress.secret, intent)\n",
        "",
        Promise.LOST_SECRET,
        "faults",
        "due again",
    ),
    Sabotage(
        "the old key is disabled before its owner is notified",
        "domain/one_key.py",
        "(*actions, Action(Verb.DISABLE, Reason.SUPERSEDED, key.id, notify=False))",
        "(actions[0], Action(Verb.DISABLE, Reason.SUPERSEDED, key.id, notify=False), actions[1])",
        Promise.NOTIFIED_FIRST,
        "faults",
        "due again",
    ),
    Sabotage(
        "a store that failed is taken for done",
        "aws/secrets.py",
        "            if is_definite(error):\n                raise RefusedError from error\n            raise\n",
        "            is_definite(error)\n",
        Promise.WORKING_KEY,
        "faults",
        "due again",
    ),
    Sabotage(
        "a new key is not tried before the old one goes",
        "run/issue.py",
        "    while not run.world.keys.works(user, new):",
        "    while False:",
        Promise.WORKING_KEY,
        "lags",
        "due again",
    ),
    Sabotage(
        "a key that STS refuses is announced, and the old one disabled",
        "run/issue.py",
        "        if run.now() >= give_up_at:\n            return False",
        "        if run.now() >= give_up_at:\n            return True",
        Promise.WORKING_KEY,
        "lags",
        "due again",
    ),
    Sabotage(
        "an inactive key is deleted at once",
        "domain/situation.py",
        "            and self.now - since >= timedelta(days=self.settings.delete_after_days)",
        "",
        Promise.NOT_DELETED_EARLY,
        "faults",
        "died after the store",
    ),
    Sabotage(
        "the idempotency token is random",
        "domain/model.py",
        "    return sha256(access_key_id.encode()).hexdigest()",
        "    import uuid\n\n    return uuid.uuid4().hex",
        Promise.NOTIFIED_FIRST,
        "faults",
        "due again",
    ),
    Sabotage(
        "a last use that cannot be read counts as never used",
        "aws/directory.py",
        '        found = self._iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]\n',
        "        try:\n"
        '            found = self._iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]\n'
        "        except ClientError:\n"
        "            return None\n",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "superseded, still in use",
    ),
    Sabotage(
        "a password that cannot be read counts as there",
        "aws/directory.py",
        '            if code(error) == "NoSuchEntity":\n                return False\n            raise\n        return True\n\n    def missing',
        "            return True\n        return True\n\n    def missing",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "due, a service user",
    ),
    Sabotage(
        "a secret that cannot be described counts as absent",
        "aws/secrets.py",
        '            if code(error) == "ResourceNotFoundException":\n                return SecretState(name)\n            raise',
        "            code(error)\n            return SecretState(name)",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "two active, one idle",
    ),
    Sabotage(
        "what waits for the digest is done for a secret that could not be looked at",
        "run/run.py",
        "        if runs:\n            self._users.withhold(runs, check.unconfirmed)\n",
        "",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "due, only operators subscribe",
    ),
    Sabotage(
        "the created key is rolled back after any failure to store it",
        "run/issue.py",
        "    except RefusedError:\n        key_changes.take_back(",
        "    except Exception:\n        key_changes.take_back(",
        Promise.NOT_DELETED_EARLY,
        "faults",
        "due again",
    ),
    Sabotage(
        "the keys are not listed again after a disable",
        "run/retire.py",
        "        _undo_unless_active(run, progress, action, key.id, stays)\n",
        "        pass\n",
        Promise.WORKING_KEY,
        "people",
        "due again",
    ),
    Sabotage(
        "another run's key is taken for an orphan at once",
        "domain/situation.py",
        "IN_PROGRESS_FOR = timedelta(minutes=20)",
        "IN_PROGRESS_FOR = timedelta(0)",
        Promise.WORKING_KEY,
        "overlaps",
        "due again",
    ),
    Sabotage(
        "any key that was never delivered is an orphan",
        "domain/orphans.py",
        "    if any(_fits(intent, other) and situation.secret.holds(other) for other in "
        "situation.keys):\n"
        "        return False  # the same of any other: a run asks for one key under an intent\n"
        "    return _fits(intent, key)\n",
        "    return True\n",
        Promise.PERSONS_KEY,
        "people",
        "due again",
    ),
    Sabotage(
        "the intent stands when a person took the slot",
        "run/issue.py",
        "    if state.intent is not None and state.intent.request_id == run.request_id:",
        "    if False:",
        Promise.PERSONS_KEY,
        "people",
        "due again",
    ),
    Sabotage(
        "the announcement is not recorded",
        "run/notices.py",
        "    progress.pending_record = Stamp(key_id, run.now())",
        "    pass",
        Promise.NOTIFIED_FIRST,
        "faults",
        "due, a service user",
    ),
    Sabotage(
        "notices are sent at every run",
        "domain/situation.py",
        "    return last is None or last.access_key_id != access_key_id or now - last.time >= REMIND_EVERY",
        "    return last is None or bool(last)",
        Promise.SETTLES,
        "faults",
        "two active, due",
    ),
    Sabotage(
        "the predecessor's value stays in the secret",
        "aws/secrets.py",
        "        if state.user_id is not None and state.user_id != user.id:",
        "        if state.user_id is None:",
        Promise.PREDECESSOR,
        "faults",
        "a user created again",
    ),
    Sabotage(
        "a policy that somebody changed is not looked at before the old key goes",
        "run/retire.py",
        "    if _may_be_unreadable(progress, action, stays) and run.mend_secret(progress, action):",
        "    if False:",
        Promise.WORKING_KEY,
        "faults",
        "superseded, the policy was changed",
    ),
    Sabotage(
        "an emergency does not wait for STS",
        "run/issue.py",
        "    if not _verified(run, user, new) and action.reason is not Reason.EMERGENCY:",
        "    if action.reason is not Reason.EMERGENCY and not _verified(run, user, new):",
        Promise.WORKING_KEY,
        "lags",
        "emergency, the only key",
    ),
    Sabotage(
        "a taken slot drops the intent of a run that died",
        "aws/secrets.py",
        "        if state.intent is not None:\n            self.record_intent(state, state.intent)\n            return\n",
        "",
        Promise.LOST_SECRET,
        "lags",
        "emergency, the only key",
    ),
    Sabotage(
        "the owner is notified of a deletion before the key is gone",
        "run/retire.py",
        "    # Right after the listing: a key that somebody enables in between would be gone for good.\n",
        "    message = run.writer(progress).deleted(key.id, action.reason)\n"
        "    run.notify(progress, Event.DELETED, message, run.outcome(progress, action), False)\n",
        Promise.NOT_DELETED_EARLY,
        "people",
        "superseded, to be deleted",
    ),
    Sabotage(
        "a leaked key is not put on record",
        "domain/situation.py",
        "        return key.id in self.secret.leaked",
        "        return False",
        Promise.LEAKED,
        "faults",
        "leaked, and on again",
    ),
    Sabotage(
        "a leaked key that is on again waits for its grace",
        "domain/policy.py",
        "    _leaked,\n    announce_late,",
        "    announce_late,",
        Promise.LEAKED,
        "people",
        "emergency, both slots active",
    ),
    Sabotage(
        "an end that a message named does not count",
        "domain/two_keys.py",
        "    if situation.is_promised(older):\n        return _promised(situation, older, newer)\n",
        "",
        Promise.NAMED_END,
        "faults",
        "superseded, a reader was added",
    ),
    Sabotage(
        "a deletion does not ask when the key was used",
        "run/retire.py",
        "        _confirm_unused(run, progress, key)\n",
        "        pass\n",
        Promise.NOT_DELETED_EARLY,
        "faults",
        "to be deleted, used in between",
    ),
    Sabotage(
        "more than two keys are nobody's business",
        "domain/policy.py",
        "    return blocked(situation, key, Reason.MORE_THAN_TWO_KEYS)",
        "    return Decision((), Reason.TWO_ACTIVE) if key else None",
        Promise.REPORTED,
        "faults",
        "three keys",
    ),
    Sabotage(
        "the policy is not read before a key is stored",
        "run/issue.py",
        "    run.mend_secret(progress, action)\n    _confirm",
        "    run.ensure_secret(progress)\n    _confirm",
        Promise.READ_FIRST,
        "people",
        "due, warned of",
    ),
    Sabotage(
        "a record of the policy stands in for the policy",
        "aws/secrets.py",
        "        answer = self._client().get_resource_policy(SecretId=_arn(state))\n        policy = ",
        "        if state.policy_for:\n            return Access(True, True)\n"
        "        answer = self._client().get_resource_policy(SecretId=_arn(state))\n        policy = ",
        Promise.READ_FIRST,
        "people",
        "due, somebody prepared the secret",
    ),
    Sabotage(
        "the KMS key is not compared",
        "domain/settings.py",
        "        return kms_key_id in (",
        "        return bool(self.kms_key_arn) or kms_key_id in (",
        Promise.READ_FIRST,
        "people",
        "due, somebody prepared the secret",
    ),
    Sabotage(
        "replicas are not looked at",
        "run/protection.py",
        "    return found.as_wanted and not is_elsewhere(settings, state)",
        "    return found.as_wanted and settings.is_own_key(state.kms_key_id)",
        Promise.READ_FIRST,
        "people",
        "due, warned of",
    ),
    Sabotage(
        "a change of readers waits for the next warning",
        "run/weekly.py",
        "    return recent or is_weekly(now)",
        "    return recent and False",
        Promise.READERS,
        "faults",
        "settled, a reader removed",
    ),
    Sabotage(
        "an unread credential report counts as nobody",
        "domain/coverage.py",
        '        return Coverage(unknown="the credential report could not be read")',
        "        return Coverage()",
        Promise.UNKNOWN_IS_NO_ANSWER,
        "faults",
        "due again, one by one",
    ),
    Sabotage(
        "a request that is repeated within a day rotates again",
        "domain/request.py",
        "    young = [key for key in user.keys if now - key.created < ONCE_IN]\n",
        "    young = [key for key in user.keys if now - key.created < ONCE_IN / 24]\n",
        Promise.ONCE_A_DAY,
        "faults",
        "requested, again within a day",
    ),
    Sabotage(
        "a request ends the old key before the day that a warning named",
        "domain/overlap.py",
        "    grace = max(grace, situation.promised_end(key) or grace)\n    hold = hold_reason",
        "    hold = hold_reason",
        Promise.NAMED_END,
        "faults",
        "requested, warned of",
    ),
    Sabotage(
        "a key is disabled without a line in the log",
        "run/retire.py",
        "    key_changes.disable(run, progress, action, key.id)\n",
        "    run.world.keys.disable(progress.user.ref, key.id)\n",
        Promise.KEY_LOG,
        "faults",
        "due again",
    ),
    Sabotage(
        "the log shows the new key",
        "run/issue.py",
        "run.outcome(progress, action, created=new.access_key.id)",
        "run.outcome(progress, action, created=new.access_key.id + new.secret_access_key)",
        Promise.SECRECY,
        "faults",
        "due again",
    ),
)


@dataclass(frozen=True)
class Result:
    """What the harness said: the promises broken, and how many points it took to see it."""

    sabotage: str
    wanted: Promise
    broken: dict[str, int]

    @property
    def is_caught(self) -> bool:
        return self.wanted in self.broken


def try_sabotage(sabotage: Sabotage) -> Result:
    """The harness, in a process of its own, on a copy of the package that is broken like this."""
    points = [sabotage.kind, sabotage.scenario, sabotage.promise.value]
    run = run_sabotaged(sabotage, "tests.crash.slice", *points)
    if run.returncode != 0:
        raise SystemExit(f"sabotage {sabotage.name!r}: the harness failed\n{run.stderr}")
    return Result(sabotage.name, sabotage.promise, json.loads(run.stdout))


def run_sabotaged(
    sabotage: Sabotage, module: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """This module of ours, in a process that imports a copy of the package, broken like this. What
    is not sabotaged comes from where it stands, as in `make crash`."""
    with TemporaryDirectory() as folder:
        package = Path(folder) / Path(sabotage.package).name
        shutil.copytree(ROOT / sabotage.package, package)
        source = package / sabotage.file
        text = source.read_text()
        if text.count(sabotage.old) != 1:
            found = text.count(sabotage.old)
            raise SystemExit(f"sabotage {sabotage.name!r}: its text is {found} times in the source")
        source.write_text(text.replace(sabotage.old, sabotage.new))
        command = [sys.executable, "-m", module, *arguments]
        paths = [folder, str(ROOT), *(str(ROOT / path) for path in ("lambda", "cli"))]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
