"""Keeps the embedded LocalStack off the network."""

# mypy: disable-error-code="import-not-found, untyped-decorator"
from functools import partial

from localstack.runtime import hooks


@hooks.on_runtime_create()
def listen_on_loopback_only() -> None:
    """Bind 127.0.0.1: LocalStack ignores an IPv4 host in GATEWAY_LISTEN and binds all."""
    from twisted.internet import endpoints

    endpoints.TCP4ServerEndpoint = partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
