"""A call that is signed with a disabled or deleted access key is refused, as on AWS: LocalStack
alone serves it."""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
import re
from typing import Any

from localstack.aws import handlers
from localstack.aws.api import CommonServiceException
from localstack.runtime import hooks

_CREDENTIAL = re.compile(r"Credential=(AKIA\w+)/")
_TEXT = "The security token included in the request is invalid."


def refuse(_chain: Any, context: Any, _response: Any) -> None:
    """Raises what AWS answers with, which depends on the service's protocol."""
    headers = context.request.headers
    signed = _CREDENTIAL.search(headers.get("Authorization", ""))
    is_session = "X-Amz-Security-Token" in headers  # moto's have the id of a documented example
    if signed is None or is_session or context.service is None:
        return
    if _is_active(context.account_id, signed[1]):
        return
    is_json = "json" in context.service.protocol
    code = "UnrecognizedClientException" if is_json else "InvalidClientTokenId"
    raise CommonServiceException(code, _TEXT, 400 if is_json else 403, sender_fault=True)


def _is_active(account_id: str, key_id: str) -> bool:
    from moto.iam.models import iam_backends

    users = iam_backends[account_id]["aws"].users.values()
    keys = (key for user in list(users) for key in list(user.access_keys))
    return any(key.access_key_id == key_id and key.status == "Active" for key in keys)


@hooks.on_infra_start()
def refuse_dead_keys() -> None:
    """Before any service is asked, and before the use is counted."""
    handlers.serve_custom_service_request_handlers.handlers.insert(0, refuse)
