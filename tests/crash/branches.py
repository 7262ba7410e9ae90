"""Many points from one beginning: a scenario is set up once, and each point goes on from there in a
process of its own, forked off and thrown away."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import pickle
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import chain, count
from types import CodeType, FunctionType
from typing import Any, NoReturn

from key_rotation.aws.parameters import read_parameters, user_options_path
from tests.aws.account import PATH, Account
from tests.crash.ledger import Ledger
from tests.crash.runs import BY_NAME, follow_up, invoke, prepared
from tests.crash.wire import Tap, tapped

Beginning = tuple[Account, Ledger, Any]

_set_count: Any = getattr(ctypes.pythonapi, "_Py_SetRefcnt", None)  # since Python 3.13
_IMMORTAL = 0xFFFF_FFFF  # PEP 683

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
        end()
        _warm_up()
        _open[scenario] = _closing.enter_context(prepared(BY_NAME[scenario]))
        _read_settings(_open[scenario][0])
        gc.collect()
        gc.freeze()  # so that no branch copies the pages of all objects to look through them
    return _open[scenario]


def end() -> None:
    """Leaves the account that is open: two of moto's would be one."""
    _closing.close()
    _open.clear()


@cache
def _warm_up() -> None:
    """What botocore and moto look up once in a process is looked up here, not in every branch."""
    with prepared(BY_NAME["due again"]) as (account, ledger, payload):
        invoke(account, ledger, Tap(), payload, "first")
        follow_up(account, ledger, "due again")


def count_no_references() -> None:
    """Of what is loaded by now, and stays. To count is to write, and a branch copies each page that
    it writes to: most of what it copied, it copied for that alone."""
    _warm_up()
    if _set_count is None:
        return
    _set_count.argtypes, _set_count.restype = [ctypes.py_object, ctypes.c_ssize_t], None
    seen: set[int] = set()
    gc.unfreeze()
    for each in gc.get_objects():
        for found in chain([each], gc.get_referents(each), _parts_of_code(each)):
            if id(found) not in seen:
                seen.add(id(found))
                _set_count(found, _IMMORTAL)
    seen.clear()  # it stays, too


def _parts_of_code(function: Any) -> Iterator[Any]:
    """gc does not know what code refers to."""
    waiting = [function.__code__] if type(function) is FunctionType else []
    while waiting:
        code = waiting.pop()
        yield from (code.co_consts, code.co_names, code.co_linetable, code.co_exceptiontable)
        yield from code.co_consts
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]


def _read_settings(account: Account) -> None:
    """So that the wire has their pages: no branch needs to parse them."""
    with tapped(Tap()):
        for path in (PATH, user_options_path(PATH)):
            read_parameters(account.client("ssm"), path)


class Report:
    """The way from a branch to the process that it was forked off from, which waits for it."""

    def __init__(self, write_end: int) -> None:
        self._write_end = write_end

    def answer(self, found: Any) -> NoReturn:
        """Ends the branch with what it found."""
        self._end((found, None))

    def failure(self) -> NoReturn:
        """Ends the branch with the exception that is handled right now."""
        self._end((None, traceback.format_exc()))

    def _end(self, answer: tuple[Any, str | None]) -> NoReturn:
        pickled = pickle.dumps(answer)
        with os.fdopen(self._write_end, "wb") as pipe:
            pipe.write(pickled)
        os._exit(0)


def branch_off() -> tuple[Report | None, Any]:
    """Goes on from here twice: in a branch, with a report to make, and in this process, once it was
    made, with what was found. Raises RuntimeError here with whatever failed there."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        return Report(write_end), None
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    found, failure = pickle.loads(answer)  # noqa: S301 - our own
    if failure is not None:
        raise RuntimeError(failure)
    return None, found


class Fork:
    """Work that branches in its midst, at each `off`: every branch does the rest of it, too."""

    def __init__(self) -> None:
        self._report: Report | None = None

    @property
    def is_branch(self) -> bool:
        return self._report is not None

    def off(self, learn: Callable[[Any], None]) -> bool:
        """Whether this is the new branch; `learn` gets what that has found."""
        self._report, found = branch_off()
        if self._report is None:
            learn(found)
        return self.is_branch

    def do(self, work: Callable[[], Any]) -> None:
        """A branch ends with it, and has found what it returns."""
        try:
            found = work()
            if self._report is not None:
                self._report.answer(found)
        except BaseException:
            if self._report is None:
                raise
            self._report.failure()


def in_a_branch[T](work: Callable[[], T]) -> T:
    """What `work` returns, done in a branch. Raises RuntimeError with whatever it raised."""
    report, found = branch_off()
    if report is None:
        result: T = found
        return result
    try:
        report.answer(work())
    except BaseException:
        report.failure()


@cache
def undisturbed_calls(scenario: str) -> tuple[str, ...]:
    """The calls of the run that is tried, if nothing happens."""
    account, ledger, payload = beginning(scenario)
    return in_a_branch(lambda: tuple(invoke(account, ledger, Tap(), payload, "first").calls))
