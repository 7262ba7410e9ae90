"""Lists that lag: IAM does not show a change that the run, or a person just before it, has made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from tests.aws.account import Account
from tests.crash.branches import beginning, undisturbed_calls
from tests.crash.iam_past import Iam
from tests.crash.late_acts import ACTS, OF_KEYS, OF_TAGS, OF_USERS, UNTAGS, possible, tags_again
from tests.crash.late_days import days_after
from tests.crash.ledger import Ledger
from tests.crash.runs import BY_NAME, go_on, invoke
from tests.crash.wire import Tap, untapped

_LIST = "iam:ListAccessKeys"
_CHANGES = ("iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey")
_ALL = 1_000


@dataclass(frozen=True)
class LateListPoint:
    """The lists of the run, from its list number `first` on and `answers` of them, show the keys as
    they were before the run's change number `before`."""

    scenario: str
    before: int
    first: int
    answers: int

    def __str__(self) -> str:
        which = f"list {self.first}" if self.answers == 1 else f"all lists from {self.first} on"
        return f"{self.scenario}: {which} as before change {self.before}"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        changes = lists = 0
        past: Iam | None = None

        def watch(_number: int, name: str) -> None:
            nonlocal changes, past
            if name in _CHANGES:
                if changes == self.before:
                    past = Iam.now()
                changes += 1

        def view(name: str) -> AbstractContextManager[None]:
            nonlocal lists
            if name != _LIST:
                return nullcontext()
            lists += 1
            is_late = self.first <= lists - 1 < self.first + self.answers
            return past.shown() if past is not None and is_late else nullcontext()

        first = invoke(account, ledger, Tap(before_call=watch, view=view), payload, "first")
        cut_off = first.failed + BY_NAME[self.scenario].died_before
        go_on(account, ledger, self.scenario, first, payload, repeats=1 + cut_off)


@dataclass(frozen=True)
class UnseenActPoint:
    """A person does `act` right before the run, and the first answer that would show it, or none of
    its answers, does. IAM permits no change of keys to the role while the user is not tagged; whom
    they untag they tag again before the next run."""

    scenario: str
    act: str
    answers: int

    def __str__(self) -> str:
        which = "the first list does" if self.answers == 1 else "all lists do"
        return f"{self.scenario}: a person {self.act}, and {which} not show it"

    def play(self, account: Account, ledger: Ledger, payload: Any) -> None:
        ledger.tolerant = True
        past, left, act = Iam.now(), self.answers, ACTS[self.act]
        with untapped():
            act.does(account, ledger)
            ledger.look("person")

        def view(name: str) -> AbstractContextManager[None]:
            nonlocal left
            if name not in act.lists:
                return nullcontext()
            ledger.lists_lag = left > 0
            left -= ledger.lists_lag
            return past.shown() if ledger.lists_lag else nullcontext()

        def refuses(name: str) -> str | None:
            return "AccessDenied" if self.act == UNTAGS and name in _CHANGES else None

        ledger.lists_lag = True
        first = invoke(account, ledger, Tap(view=view, refuses=refuses), payload, "first")
        ledger.lists_lag = False
        if self.act == UNTAGS:
            with untapped():
                tags_again(account)
        repeats = 1 + first.failed + BY_NAME[self.scenario].died_before
        days = days_after(self.scenario, self.act)
        go_on(account, ledger, self.scenario, first, payload, repeats, days=days)


def late_list_points(name: str) -> list[LateListPoint | UnseenActPoint]:
    """Every list after a change of the run, alone and with all that follow; every act."""
    return [*_of_the_run(name), *_of_people(name)]


def _of_the_run(name: str) -> Iterator[LateListPoint]:
    changes = lists = 0
    for call in undisturbed_calls(name):
        if call in _CHANGES:
            changes += 1
        elif call == _LIST:
            for before in range(changes):
                yield from (LateListPoint(name, before, lists, answers) for answers in (1, _ALL))
            lists += 1


def _of_people(name: str) -> Iterator[UnseenActPoint]:
    """Where the run reads one list, and changes no key so that it would have to read another one,
    the first answer is all of them."""
    calls = undisturbed_calls(name)
    _, ledger, _ = beginning(name)
    for act in possible(OF_KEYS | OF_USERS | OF_TAGS, ledger):
        read = [call for call in calls if call in ACTS[act].lists]
        is_one = len(read) < 2 and (act not in OF_KEYS or not set(calls) & set(_CHANGES))
        yield from (UnseenActPoint(name, act, n) for n in ((_ALL,) if is_one else (1, _ALL)))
