"""What a quiet run loads and makes: Lambda compiles what it loads at each cold start.

Each in a fresh process. The account is the benchmark's, which needs no library of the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.cold_start import CLIENTS
from tests.defaults import default_parameters

ROOT = Path(__file__).resolve().parents[2]
LAMBDA = ROOT / "lambda"
# Loaded by a run that looks at a user: what decides on one, serves it, and writes the messages.
OF_A_USER = {
    *("domain.after", "domain.decisions", "domain.emergency", "domain.hand_over"),
    *("domain.one_key", "domain.orphans", "domain.overlap", "domain.policy", "domain.request"),
    *("domain.situation", "domain.two_keys", "domain.unused"),
    *("notify.fetching", "notify.mail", "notify.outcome", "notify.reasons", "notify.sentences"),
    *("notify.unused", "notify.usage"),
    *("run.apply", "run.gather", "run.issue", "run.key_changes", "run.notices", "run.progress"),
    *("run.protection", "run.readers", "run.requests", "run.retire", "run.user_runs"),
}
# By a run of a Monday.
WEEKLY = {"run.account_check", "run.housekeeping", "run.secrets_check"}

_REPORT = """
from key_rotation import handler
print(json.dumps([
    [name for name in sys.modules if name.startswith("key_rotation.")],
    sorted({service for service, _ in handler._clients}),
]))
"""
_IMPORT = "import json, sys; import key_rotation.handler" + _REPORT
_RUN = (
    """
import json, sys
from bench.cell import Cell, measure
[users, due], parameters = map(json.loads, sys.argv[1:])
measure(Cell("bench.product:handler", users, due), parameters)
"""
    + _REPORT
)


def after(code: str, *arguments: object) -> tuple[set[str], list[str]]:
    """The modules of the function that are loaded after it, and the services of its clients."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(json.dumps, arguments)],
        env={**os.environ, "PYTHONPATH": f"{LAMBDA}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    modules, services = json.loads(done.stdout)
    return {name.removeprefix("key_rotation.") for name in modules}, services


def run_over(users: int, due: int) -> tuple[set[str], list[str]]:
    return after(_RUN, [users, due], default_parameters())


def all_modules() -> set[str]:
    package = LAMBDA / "key_rotation"
    paths = (path.relative_to(package) for path in package.rglob("*.py"))
    return {".".join(path.with_suffix("").parts) for path in paths if path.name != "__init__.py"}


def test_a_quiet_run_loads_nothing_that_serves_a_user() -> None:
    loaded, _ = run_over(100, 0)

    assert all_modules() - loaded == OF_A_USER | WEEKLY


def test_the_benchmark_measures_what_a_quiet_run_loads_and_makes() -> None:
    imported, _ = after(_IMPORT)

    loaded, services = run_over(100, 0)

    assert loaded == imported
    assert services == sorted(CLIENTS)


def test_a_user_who_is_due_has_the_rest_loaded() -> None:
    loaded, services = run_over(100, 1)

    assert all_modules() - loaded == WEEKLY
    assert set(services) > set(CLIENTS)
