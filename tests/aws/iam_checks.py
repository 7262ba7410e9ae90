"""moto's IAM, which can check signatures and policies, and refuses then as AWS does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.authorization import enable_iam_authentication
from moto.core.exceptions import JsonRESTError, _RESTError
from moto.iam.access_control import IAMRequest

# What an AWS service with a JSON protocol answers where moto answers in the XML of others.
_IN_JSON = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "AccessDenied": "AccessDeniedException",
}


def _in_words_of_the_service(moto: Any) -> Any:
    def refuse(request: Any, *arguments: str) -> None:
        try:
            moto(request, *arguments)
        except _RESTError as error:
            if request._service != "secretsmanager":
                raise
            raise JsonRESTError(_IN_JSON[error.error_type], error.message) from None

    return refuse


for _name in ("signature_does_not_match", "invalid_access_key", "access_denied"):
    _moto = getattr(IAMRequest, f"_raise_{_name}")
    setattr(IAMRequest, f"_raise_{_name}", _in_words_of_the_service(_moto))


@contextmanager
def iam_checks() -> Iterator[None]:
    """Every request meanwhile has to be signed with a key of a user, whose policies allow it."""
    with enable_iam_authentication():
        yield
