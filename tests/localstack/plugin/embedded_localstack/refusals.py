"""Calls that are refused, as IAM would: LocalStack enforces no policy."""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
import json
import threading
from dataclasses import dataclass
from typing import Any

from localstack.aws import handlers
from localstack.aws.api import CommonServiceException
from localstack.runtime import hooks


@dataclass(frozen=True)
class Refusal:
    """An operation, as in `secretsmanager:PutSecretValue`, whose request holds a text."""

    operation: str
    containing: str

    def meets(self, service: str, operation: str, request: Any) -> bool:
        return self.operation == f"{service}:{operation}" and self.containing in json.dumps(
            request, default=str
        )


class Refusals:
    """What is refused until it is allowed again."""

    def __init__(self) -> None:
        self._refusals: list[Refusal] = []
        self._lock = threading.Lock()

    def add(self, refusal: Refusal) -> None:
        with self._lock:
            self._refusals.append(refusal)

    def clear(self) -> None:
        with self._lock:
            self._refusals.clear()

    def check(self, _chain: Any, context: Any, _response: Any) -> None:
        """Raises the error that AWS answers with."""
        if context.operation is None:
            return
        name, request = context.operation.name, context.service_request or {}
        with self._lock:
            refusals = list(self._refusals)
        for refusal in refusals:
            if refusal.meets(context.service.service_name, name, request):
                raise CommonServiceException(
                    "AccessDeniedException", f"not authorized to perform {refusal.operation}"
                )


REFUSALS = Refusals()


@hooks.on_infra_start()
def refuse_calls() -> None:
    """Ask before any service is."""
    handlers.serve_custom_service_request_handlers.append(REFUSALS.check)
