"""The log group of the function in moto, with what the product logs, as Lambda writes it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.aws.account import Account

GROUP = "/aws/lambda/key-rotation"
STREAM = "2026/06/01/[$LATEST]0123456789abcdef"
_OWN = set(vars(logging.makeLogRecord({}))) | {"message"}


class FunctionLog(logging.Handler):
    """Puts each line where Lambda does, in its JSON format; `text` as another format has it."""

    def __init__(self, account: Account, retention_days: int | None = 365) -> None:
        super().__init__(logging.INFO)
        self._account = account
        self._logs: Any = account.client("logs")
        self._logs.create_log_group(logGroupName=GROUP)
        self._logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
        if retention_days is not None:
            self._logs.put_retention_policy(logGroupName=GROUP, retentionInDays=retention_days)

    def emit(self, record: logging.LogRecord) -> None:
        extras = {name: value for name, value in vars(record).items() if name not in _OWN}
        self.put({"level": record.levelname, "message": record.getMessage(), **extras})

    def put(self, line: object) -> None:
        message = line if isinstance(line, str) else json.dumps(line)
        at = int(self._account.clock.now().timestamp() * 1000)
        self._logs.put_log_events(
            logGroupName=GROUP,
            logStreamName=STREAM,
            logEvents=[{"timestamp": at, "message": message}],
        )


@contextmanager
def logged(account: Account, retention_days: int | None = 365) -> Iterator[FunctionLog]:
    """The log group, which has what runs say from now on."""
    log = FunctionLog(account, retention_days)
    logger = logging.getLogger("key_rotation")
    level = logger.level
    logger.addHandler(log)
    logger.setLevel(logging.INFO)
    try:
        yield log
    finally:
        logger.removeHandler(log)
        logger.setLevel(level)
