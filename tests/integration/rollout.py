"""examples/multi-account, planned and applied by the script, while other tests run."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from key_rotation_accounts.account_map import ACCOUNTS, read_map
from key_rotation_accounts.accounts import Accounts
from key_rotation_accounts.artefact import Artefact
from key_rotation_accounts.outcome import Outcome
from key_rotation_accounts.terraform import Terraform

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "multi-account"
BUILD = ROOT / "build"
APPLIED = ("security", "shop")


class Job:
    """The script in a checkout of the example; its artefact is beside it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.artefact = Artefact(folder.with_name(f"{folder.name}-plans"))
        self._environment = environment

    @property
    def accounts(self) -> Accounts:
        """With the map as it is now."""
        terraform = Terraform(self.folder, self._environment)
        return Accounts(read_map(self.folder), terraform, 1, lambda _text: None)

    def plan(self, *names: str, destroy: bool = False) -> dict[str, Outcome]:
        outcomes = self.accounts.plan(names, self.artefact, destroy=destroy)
        return {outcome.account: outcome for outcome in outcomes}

    def apply(self) -> dict[str, Outcome]:
        return {one.account: one for one in self.accounts.apply(None, self.artefact)[1]}

    def drift(self, *names: str) -> dict[str, Outcome]:
        return {outcome.account: outcome for outcome in self.accounts.drift(names)}

    @contextmanager
    def map_with(self, accounts: Mapping[str, Any], without: str | None = None) -> Iterator[None]:
        """Another map of accounts for a while."""
        file = self.folder / ACCOUNTS
        before = file.read_text()
        settings = json.loads(before)
        settings["accounts"] |= accounts
        settings["accounts"].pop(without, None)
        file.write_text(json.dumps(settings))
        try:
            yield
        finally:
            file.write_text(before)

    def elsewhere(self, folder: Path) -> Job:
        """A job in another checkout, to which the artefact was carried. As a bucket would, it has
        the states, and nothing else that this one has made."""
        copied = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl")
        shutil.copytree(self.folder, folder, ignore=copied, dirs_exist_ok=True)
        other = Job(folder, self._environment)
        shutil.copytree(self.artefact.folder, other.artefact.folder)
        return other

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.artefact.folder, ignore_errors=True)


@dataclass(frozen=True)
class Applied:
    """The example after an apply: where, and what came of it in each account."""

    job: Job
    outcomes: Mapping[str, Outcome]

    @property
    def folder(self) -> Path:
        return self.job.folder

    @property
    def ids(self) -> Mapping[str, str]:
        return {name: outcome.account_id for name, outcome in self.outcomes.items()}


class Rollout:
    """A plan in one checkout, its apply in another one, and the destroy, in the background."""

    def __init__(self, pool: ThreadPoolExecutor, planning: Job, applying: Path) -> None:
        self._pool = pool
        self._planning = planning
        self._applying = applying
        self._applied: Future[Applied] = pool.submit(self._apply)
        self._is_ending = False

    def applied(self) -> Applied:
        """Wait for the apply. Raises what it raised."""
        return self._applied.result()

    def destroy(self) -> None:
        """Begin the destroy, once; `rollout` waits for its end."""
        if self._is_ending:
            return
        self._is_ending = True
        self._pool.submit(self._destroy)

    def _apply(self) -> Applied:
        planned = self._planning.plan(*APPLIED)
        _expect_no_failure(planned)
        job = self._planning.elsewhere(self._applying)
        done = job.apply()
        _expect_no_failure(done)
        return Applied(job, done)

    def _destroy(self) -> None:
        job = self.applied().job
        with job.map_with({}, without="warehouse"):  # or else the central account is not to go
            job.plan(*APPLIED, destroy=True)
            job.apply()


def _expect_no_failure(outcomes: Mapping[str, Outcome]) -> None:
    failed = [outcome for outcome in outcomes.values() if outcome.failed]
    assert failed == [], failed


@contextmanager
def rollout(environment: Mapping[str, str]) -> Iterator[Rollout]:
    """Begin the apply; at the end, destroy what it made.

    They are copies that are planned and applied: the folder itself may have a developer's states
    and plans. They lie as deep below the module as the example does, so its source, "../..", holds
    there too.
    """
    BUILD.mkdir(exist_ok=True)
    here = {name: text for name, text in environment.items() if name != "TF_DATA_DIR"}
    folders = [Path(tempfile.mkdtemp(prefix="multi-account-", dir=BUILD)) for _ in range(2)]
    planning, applying = (Job(folder, here) for folder in folders)
    try:
        for file in (*FOLDER.glob("*.tf"), FOLDER / ACCOUNTS):
            shutil.copy(file, planning.folder)
        with ThreadPoolExecutor(1) as pool:
            begun = Rollout(pool, planning, applying.folder)
            try:
                yield begun
            finally:
                begun.destroy()
    finally:
        planning.remove()
        applying.remove()
