"""Every signed call counts as a use of its key, as on AWS: LocalStack alone counts those of some
services."""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
import re
from typing import Any

from localstack.aws import handlers
from localstack.runtime import hooks

_CREDENTIAL = re.compile(r"Credential=(\w+)/\d+/([\w-]+)/")


def count(_chain: Any, context: Any, _response: Any) -> None:
    """Dates the last use of the key that signed this call."""
    from moto.iam.models import mark_account_as_visited

    signed = _CREDENTIAL.search(context.request.headers.get("Authorization", ""))
    if signed is not None and context.service is not None:
        key_id, region = signed.groups()
        mark_account_as_visited(context.account_id, key_id, context.service.service_name, region)


@hooks.on_infra_start()
def count_uses() -> None:
    """Before any service is asked."""
    handlers.serve_custom_service_request_handlers.append(count)
