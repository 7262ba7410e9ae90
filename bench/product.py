"""This product as a handler of the benchmark: its clients, on the benchmark's clock."""

from __future__ import annotations

from typing import Any

from key_rotation import handler as product
from key_rotation.notify.response import RotationFailedError

from .account import CONFIG_PATH


def handler(event: object, context: Any) -> dict[str, Any]:
    environment = product.Environment(CONFIG_PATH)
    clients = product.Clients(product._client, product._iam_without_retries, product._sts_for)
    try:
        return product.run(
            event, environment, context.aws_request_id, clients, context.clock, product.MAX_WORKERS
        )
    except RotationFailedError as failed:
        return failed.report.response()
