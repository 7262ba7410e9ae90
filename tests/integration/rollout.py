"""examples/multi-account, planned and applied by the script, while other tests run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.accounts import ACCOUNTS, FOLDER, Accounts, Outcome, in_order

BUILD = Path(__file__).resolve().parents[2] / "build"


@dataclass(frozen=True)
class Applied:
    """The example after an apply: where, and what came of it in each account."""

    folder: Path
    accounts: Accounts
    outcomes: list[Outcome]

    @property
    def ids(self) -> Mapping[str, str]:
        return {outcome.account: outcome.account_id for outcome in self.outcomes}


class Rollout:
    """One apply in the central account and in another one, and the destroy, in the background."""

    def __init__(self, pool: ThreadPoolExecutor, folder: Path, environment: Mapping[str, str]):
        self._pool = pool
        self._folder = folder
        self._accounts = Accounts(folder, environment)
        self._names = [self._accounts.central, "shop"]
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
        central = self._accounts.central
        self._pool.submit(in_order, self._names, central, "destroy", self._accounts.destroy, 1)

    def _apply(self) -> Applied:
        accounts = self._accounts
        accounts.prepare()
        done = in_order(self._names, accounts.central, "plan", accounts.plan, 1)
        done += in_order(self._names, accounts.central, "apply", accounts.apply, 1)
        assert [outcome for outcome in done if outcome.failed] == []
        return Applied(self._folder, accounts, done)


@contextmanager
def rollout(environment: Mapping[str, str]) -> Iterator[Rollout]:
    """Begin the apply; at the end, destroy what it made.

    It is a copy that is applied: the folder itself may have a developer's states and plans. The
    copy lies as deep below the module as the example does, so its source, "../..", holds there too.
    """
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="multi-account-", dir=BUILD))
    try:
        for file in (*FOLDER.glob("*.tf"), FOLDER / ACCOUNTS):
            shutil.copy(file, folder)
        data = {"TF_DATA_DIR": str(folder / ".terraform")}
        with ThreadPoolExecutor(1) as pool:
            begun = Rollout(pool, folder, {**environment, **data})
            try:
                yield begun
            finally:
                begun.destroy()
    finally:
        shutil.rmtree(folder)
