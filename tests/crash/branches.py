"""Many points from one beginning: a scenario is set up once, and each point goes on from there in a
process of its own, forked off and thrown away."""

from __future__ import annotations

import atexit
import gc
import os
import pickle
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from itertools import count
from typing import Any

from tests.aws.account import Account
from tests.crash.ledger import Ledger
from tests.crash.runs import BY_NAME, invoke, prepared
from tests.crash.wire import Tap

Beginning = tuple[Account, Ledger, Any]

# To look through all objects takes as long as a point: garbage of so many beginnings may wait.
_WHOLE_COLLECTION_EVERY = 16

_open: dict[str, Beginning] = {}
_begun = count()
_closing = ExitStack()
atexit.register(_closing.close)


def beginning(scenario: str) -> Beginning:
    """The account, its ledger and the payload, as `prepared` left them."""
    if scenario not in _open:
        if next(_begun) % _WHOLE_COLLECTION_EVERY == 0:
            gc.unfreeze()
        _closing.close()
        _open.clear()
        _open[scenario] = _closing.enter_context(prepared(BY_NAME[scenario]))
        gc.collect()
        gc.freeze()  # so that no branch copies the pages of all objects to look through them
    return _open[scenario]


def in_a_branch[T](work: Callable[[], T]) -> T:
    """What `work` returns, done in a process that is forked off here. Raises RuntimeError with
    whatever it raised."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = pickle.dumps((work(), None))
        except BaseException:
            answer = pickle.dumps((None, traceback.format_exc()))
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    result: T
    result, failure = pickle.loads(answer)  # noqa: S301 - our own
    if failure is not None:
        raise RuntimeError(failure)
    return result


@cache
def undisturbed_calls(scenario: str) -> tuple[str, ...]:
    """The calls of the run that is tried, if nothing happens."""
    account, ledger, payload = beginning(scenario)
    return in_a_branch(lambda: tuple(invoke(account, ledger, Tap(), payload, "first").calls))
