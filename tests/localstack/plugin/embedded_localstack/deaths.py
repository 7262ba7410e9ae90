"""Kills a function in the middle of its work: right before or after a given call of its own."""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
import os
import signal
import threading
from dataclasses import dataclass
from typing import Any

from localstack.aws import handlers
from localstack.runtime import hooks

from .executor import ProcessExecutor

# What botocore adds to its User-Agent in a function, and nowhere else.
_IN_A_FUNCTION = "exec-env/AWS_Lambda_"


@dataclass(frozen=True)
class Death:
    """The function dies at its next call of the operation, which has (not) had its effect."""

    function_name: str
    service: str
    operation: str
    after: bool


class _Planned:
    """The one death that is planned, if any; it comes once."""

    def __init__(self) -> None:
        self._death: Death | None = None
        self._lock = threading.Lock()

    def plan(self, death: Death | None) -> None:
        with self._lock:
            self._death = death

    def strike(self, context: Any, after: bool) -> bool:
        """Kill the caller if its time has come; returns whether it was killed."""
        with self._lock:
            death = self._death
            if death is None or death.after is not after or not _is_at(context, death):
                return False
            self._death = None
        for process in ProcessExecutor.processes().get(death.function_name, []):
            if process["request_id"] is not None:
                os.kill(process["pid"], signal.SIGKILL)
        return True


PLANNED = _Planned()


def _is_at(context: Any, death: Death) -> bool:
    if context.service is None or context.operation is None:
        return False
    if _IN_A_FUNCTION not in context.request.headers.get("User-Agent", ""):
        return False
    called = (context.service.service_name, context.operation.name)
    return called == (death.service, death.operation)


def _before(chain: Any, context: Any, response: Any) -> None:
    if PLANNED.strike(context, after=False):
        response.status_code = 500
        chain.stop()  # the call has no effect, and nobody is there to hear of it


def _after(_chain: Any, context: Any, response: Any) -> None:
    if response.status_code < 300:
        PLANNED.strike(context, after=True)


@hooks.on_infra_start()
def watch_calls() -> None:
    handlers.serve_custom_service_request_handlers.append(_before)
    handlers.run_custom_response_handlers.append(_after)
