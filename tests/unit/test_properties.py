"""What holds in any history and in any state: the promises, tried on what hypothesis draws.

`PROPERTIES=thorough` draws many more histories, other ones each time; by default they are few and
always the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from key_rotation.domain.action import Action, Decision, Needs, Reason, Verb
from key_rotation.domain.credential_report import CredentialReport
from key_rotation.domain.emergency import decide_emergency
from key_rotation.domain.model import AccessKey, Audience, Event, KeyStatus, ManagedUser
from key_rotation.domain.orphans import ORPHAN_DELETED_AFTER
from key_rotation.domain.overrides import limits_for
from key_rotation.domain.policy import decide
from key_rotation.domain.request import decide_request
from key_rotation.domain.settings import Settings
from key_rotation.domain.situation import IN_PROGRESS_FOR
from key_rotation.notify.reasons import NOT_ROTATED
from key_rotation.notify.response import Row
from key_rotation.run.payload import Emergency, Payload, Request
from key_rotation.run.run import Rotation
from key_rotation.run.weekly import WEEKDAY
from tests.unit.builders import NAME, NOW, settings, time_of
from tests.unit.fakes import FakeAccount
from tests.unit.hand_over_promises import broken_by
from tests.unit.history import History, check_settled, plan, was_used_since_disabled
from tests.unit.strategies import (
    AGES,
    HAND_OVERS,
    accepted_settings,
    hand_overs,
    managed_tags,
    unused_keys,
    users,
)
from tests.unit.watched_run import CHANGES, OTHER_CALLS, Fault, Mishap, Run

THOROUGH = os.environ.get("PROPERTIES") == "thorough"
ANY_STATE = hypothesis_settings(
    max_examples=20_000 if THOROUGH else 300,
    derandomize=not THOROUGH,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
)
# For each of many places in a hand-over.
ANY_HAND_OVER = hypothesis_settings(ANY_STATE, max_examples=1_000 if THOROUGH else 20)
ANY_HISTORY = hypothesis_settings(
    ANY_STATE,
    max_examples=5_000 if THOROUGH else 120,
    stateful_step_count=60 if THOROUGH else 40,
    suppress_health_check=[HealthCheck.too_slow],
)
NAMES = ("alice", "bob")
# People act this long after a run at the earliest: a key that a person makes within a minute of a
# rotation, and never uses, looks like an orphan if the rotation's own key is gone or died with it.
AFTER_A_RUN = timedelta(minutes=2)
AUDIENCES = st.sampled_from([Audience.USER, Audience.OPERATOR] * 2 + [Audience.NOBODY])
# Users in any state, and as often users between two keys, and such who do not use theirs, who are
# few among those.
STATES = (
    st.tuples(users(), accepted_settings())
    | st.sampled_from(HAND_OVERS).flatmap(lambda where: hand_overs(*where))
    | unused_keys()
)
# The first calls of a rotation's own methods more often than others.
A_ROTATION = ("create", "store", "works", "notify", "notify_operators", "disable", "record", "keys")
FAULTS = st.builds(Fault, st.sampled_from(Mishap), st.sampled_from(A_ROTATION)) | st.builds(
    Fault,
    st.sampled_from(Mishap),
    st.sampled_from(sorted(CHANGES | OTHER_CALLS)),
    st.integers(0, 2),
)
ODD_THINGS = (
    "unmark",
    "mark",
    "mark",
    "delete the secret",
    "restore the secret",
    "change the policy",
    "write the secret",
    "lose the secret",
    "take the secret's name",
)


# -- any state -------------------------------------------------------------------------------------


@ANY_STATE
@given(state=STATES, rule=st.sampled_from([decide, decide_request]))
def test_a_decision_takes_no_key_that_is_needed(
    state: tuple[ManagedUser, Settings], rule: Callable[..., Decision | Needs]
) -> None:
    user, settings = state

    decision = rule(user, settings, NOW)

    assert isinstance(decision, Decision)
    for number, action in enumerate(decision.actions):
        before = decision.actions[:number]
        if action.verb is Verb.DISABLE:
            assert (
                is_lost(user, action)
                or is_unused(user, settings, action)
                or is_leaked_again(user, action)
                or has_successor(user, settings, action, before)
            )
        if action.verb is Verb.DELETE:
            assert may_go(user, settings, action)
        if action.verb is Verb.ROTATE:
            gone = {done.access_key_id for done in before if done.verb is Verb.DELETE}
            is_first = action.reason is Reason.FIRST_KEY
            assert len({key.id for key in user.keys} - gone) == (0 if is_first else 1)


@ANY_STATE
@given(state=STATES)
def test_a_request_is_answered_and_adds_nothing_within_a_day(
    state: tuple[ManagedUser, Settings],
) -> None:
    user, settings = state

    decision = decide_request(user, settings, NOW)

    assert isinstance(decision, Decision)
    verbs = {action.verb for action in decision.actions}
    assert verbs & {Verb.ROTATE, Verb.BLOCK} or decision.reason in NOT_ROTATED
    if any(NOW - key.created < timedelta(days=1) for key in user.keys):
        ordinary = decide(user, settings, NOW)
        assert isinstance(ordinary, Decision)
        assert decision.actions == ordinary.actions
    assert user.secret is not None
    named = user.secret.works_until
    is_ours = user.secret.user_id == user.ref.id and named is not None
    if is_ours and named is not None and NOW < named.time <= NOW + timedelta(days=366):
        assert Action(Verb.DISABLE, Reason.SUPERSEDED, named.access_key_id, False) not in (
            decision.actions
        )


@pytest.mark.parametrize("where", HAND_OVERS, ids=lambda where: ", ".join(map(str, where)))
@ANY_HAND_OVER
@given(data=st.data())
def test_a_decision_keeps_what_was_said_of_an_old_key(
    where: tuple[str, str, str | None], data: st.DataObject
) -> None:
    user, settings = data.draw(hand_overs(*where))

    decision = decide(user, settings, NOW)

    assert isinstance(decision, Decision)
    assert list(broken_by(decision, user, settings, NOW)) == []


@ANY_STATE
@given(user=users(), settings=accepted_settings(), minutes=st.integers(0, 19))
def test_a_run_that_may_be_at_work_is_left_alone(
    user: ManagedUser, settings: Settings, minutes: int
) -> None:
    """Between its create and its store there is a new key that is in no secret yet."""
    assert user.secret is not None
    assume(user.keys and user.secret.managed_by in (None, settings.name))
    *others, key = user.keys
    assume(not user.secret.currently_holds(key))
    new = AccessKey(key.id, KeyStatus.ACTIVE, NOW - timedelta(minutes=minutes))

    decision = decide(replace(user, keys=(*others, new)), settings, NOW)

    assert decision == Decision((), Reason.IN_PROGRESS)


@ANY_STATE
@given(user=users(), settings=accepted_settings(), data=st.data())
def test_an_emergency_takes_no_other_key(
    user: ManagedUser, settings: Settings, data: st.DataObject
) -> None:
    assume(user.keys)
    leaked = data.draw(st.sampled_from(user.keys))

    decision = decide_emergency(user, leaked.id, settings, NOW)

    assert isinstance(decision, Decision)
    for number, action in enumerate(decision.actions):
        if action.verb is Verb.DISABLE and action.reason is Reason.EMERGENCY:
            assert action.access_key_id == leaked.id
            replaced = any(done.verb is Verb.ROTATE for done in decision.actions[:number])
            assert replaced or any(key.is_active for key in user.keys if key is not leaked)
        if action.verb is Verb.DELETE:
            assert may_go(user, settings, action)


@ANY_STATE
@given(state=STATES, request=st.none() | st.just(Request(("alice",), "leaver")))
def test_what_is_planned_is_done_and_done_once(
    state: tuple[ManagedUser, Settings], request: Request | None
) -> None:
    user, settings = state
    assume(not was_used_since_disabled(user, user.secret))  # no plan knows of that
    account = FakeAccount()
    account.credential_report = CredentialReport(account.clock.time, {})  # so the user is looked at
    account.add(user)

    planned = one_run(account, settings, dry_run=True, request=request)
    assert not CHANGES & set(account.calls)
    done = one_run(account, settings, request=request)

    assert plan(planned) == plan(done)
    assert not [row for row in done if (row.detail or "").startswith("not done")]
    for _ in range(4):
        account.calls.clear()
        rows = one_run(account, settings)
    repeated = may_repeat(account, settings, account.users, rows)
    assert not CHANGES & set(account.calls) - repeated
    said = [(event, message.data["access_key_id"]) for _, event, message in account.notified]
    assert len(said) == len(set(said))


def may_repeat(
    account: FakeAccount, settings: Settings, managed: Collection[str], rows: Iterable[Row]
) -> set[str]:
    """On some days each run's digest names a secret that is not ours, a name in `users` that is no
    managed user's, or that there is no credential report, and on each day what blocks a first key:
    nothing can record that."""
    secrets = account.secrets.values()
    foreign = any(state.exists and state.managed_by != NAME for state in secrets)
    in_vain = set(settings.user_options) - set(managed)
    no_report = account.credential_report is None and account.clock.time.weekday() == WEEKDAY
    no_first_key = any(row.action == "block" and row.access_key_id is None for row in rows)
    return {"notify_operators"} if foreign or in_vain or no_report or no_first_key else set()


def one_run(
    account: FakeAccount,
    settings: Settings,
    dry_run: bool = False,
    request: Request | None = None,
) -> list[Row]:
    rotation = Rotation(account.world(), settings, Payload(dry_run, rotate=request), "this")
    return list(rotation.run().rows)


def is_lost(user: ManagedUser, action: Action) -> bool:
    """An orphan, by its own account: never used, never notified of, in no version of the secret."""
    assert user.secret is not None
    assert user.last_used is not None
    [key] = [key for key in user.keys if key.id == action.access_key_id]
    intent, announced = user.secret.intent, user.secret.announced
    return (
        action.reason is Reason.ORPHAN
        and user.last_used[key.id] is None
        and not user.secret.holds(key)
        and (announced is None or announced.access_key_id != key.id)
        and intent is not None
        and key.id not in intent.key_ids
    )


def is_leaked_again(user: ManagedUser, action: Action) -> bool:
    """Reported as leaked before, and another key works."""
    assert user.secret is not None
    others = (key for key in user.keys if key.id != action.access_key_id)
    return (
        action.reason is Reason.LEAKED
        and action.access_key_id in user.secret.leaked
        and user.secret.user_id == user.ref.id
        and any(key.is_active for key in others)
    )


def is_unused(user: ManagedUser, settings: Settings, action: Action) -> bool:
    """The only active key, not used for long enough by a last use that was read; its owner was
    warned for long enough, and is notified."""
    if action.reason is not Reason.UNUSED:
        return False
    assert user.secret is not None
    assert user.last_used is not None
    limits, warned = limits_for(user.tags, settings), user.secret.warned_unused
    [key] = [key for key in user.keys if key.is_active]
    days = timedelta(days=limits.disable_unused_after_days)
    used = time_of(user.last_used[key.id])
    is_held = limits.hold_until is not None and limits.hold_until >= NOW.date()
    is_held &= limits.held_key in (None, key.id)
    return (
        key.id == action.access_key_id
        and action.notify
        and days > timedelta(0)
        and NOW - max(key.created, used or key.created) >= days
        and warned is not None
        and warned.access_key_id == key.id
        and (used is None or warned.time > used)
        and NOW - warned.time >= timedelta(days=max(1, settings.warn_before_days))
        and user.secret.user_id == user.ref.id
        and not is_held
        and user.audience is not (settings.require_confirmed_subscription and Audience.NOBODY)
    )


def has_successor(
    user: ManagedUser, settings: Settings, action: Action, before: Sequence[Action]
) -> bool:
    """Another key works, its owner surely has it or can get it, and is notified, or was."""
    verbs = {done.verb for done in before}
    if Verb.ROTATE in verbs:
        return Verb.ANNOUNCE in verbs
    assert user.secret is not None
    assert user.last_used is not None
    can_be_read = user.secret.user_id == user.ref.id and user.secret.managed_by == settings.name
    can_be_read &= not user.secret.pending_deletion or Verb.PREPARE in verbs
    for other in user.keys:
        if not other.is_active or other.id == action.access_key_id:
            continue
        announced = user.secret.announced
        notified = Verb.ANNOUNCE in verbs or (
            announced is not None and announced.access_key_id == other.id
        )
        notified |= action.reason is Reason.IDLE and action.notify
        used = time_of(user.last_used[other.id])
        idle_after = timedelta(days=settings.idle_after_days)
        in_use = used is not None and NOW - max(used, other.created) < idle_after
        readable = can_be_read and user.secret.currently_holds(other)
        if notified and (readable or (in_use and action.reason is Reason.IDLE)):
            return True
    return False


def may_go(user: ManagedUser, settings: Settings, action: Action) -> bool:
    """Inactive, by record, for long enough."""
    assert user.secret is not None
    [key] = [key for key in user.keys if key.id == action.access_key_id]
    since = user.secret.inactive_since
    if key.status is not KeyStatus.INACTIVE or since is None or since.access_key_id != key.id:
        return False
    if is_lost(user, replace(action, reason=Reason.ORPHAN)):
        return NOW - since.time >= ORPHAN_DELETED_AFTER
    return NOW - since.time >= timedelta(days=settings.delete_after_days)


# -- any history -----------------------------------------------------------------------------------


def days_pass(history: History, days: int) -> None:
    """A run a day."""
    for _ in range(days):
        history.clock.time += timedelta(days=1)
        assert not history.run().failed


class Histories(RuleBasedStateMachine):
    """People change keys, secrets and tags; time passes; runs happen, fail and die."""

    history: History

    @initialize(settings=accepted_settings(), data=st.data())
    def begin(self, settings: Settings, data: st.DataObject) -> None:
        self.history = History(settings)
        for name in NAMES:
            self.history.hire(name, data.draw(st.booleans()), data.draw(AUDIENCES))
            if not settings.options_of(name).first_key or data.draw(st.booleans()):
                self.history.make_key(name)

    # people

    @rule(name=st.sampled_from(NAMES))
    def make_key(self, name: str) -> None:
        if len(self.history.users[name].keys) < 2:
            self.history.make_key(name)

    @rule(name=st.sampled_from(NAMES), slot=st.integers(0, 1))
    def drop_key(self, name: str, slot: int) -> None:
        if len(self.history.users[name].keys) == 2 and (key_id := self._key(name, slot)):
            self.history.drop_key(name, key_id)

    @rule(name=st.sampled_from(NAMES))
    def drop_the_only_key(self, name: str) -> None:
        if not self.history.settings.options_of(name).first_key:
            return
        if len(keys := self.history.users[name].keys) == 1:
            self.history.drop_key(name, keys[0].id)

    @rule(
        name=st.sampled_from(NAMES),
        slot=st.integers(0, 1),
        status=st.sampled_from([KeyStatus.ACTIVE, KeyStatus.INACTIVE] * 3 + [KeyStatus.EXPIRED]),
    )
    def set_status(self, name: str, slot: int, status: KeyStatus) -> None:
        key_id = self._key(name, slot)
        if key_id is not None and self.history.key(key_id, name).status is not KeyStatus.EXPIRED:
            self.history.set_status(key_id, status, name)

    @rule(name=st.sampled_from(NAMES), slot=st.integers(0, 1))
    def use_key(self, name: str, slot: int) -> None:
        key_id = self._key(name, slot)
        if key_id in self.history.truths[name].held:
            self.history.use_key(name, key_id)

    @rule(name=st.sampled_from(NAMES))
    def fetch(self, name: str) -> None:
        self.history.fetch(name)

    @rule(name=st.sampled_from(NAMES), tags=managed_tags())
    def tag(self, name: str, tags: dict[str, str]) -> None:
        self.history.change_user(name, tags=tags)

    @rule(name=st.sampled_from(NAMES), password=st.booleans())
    def set_password(self, name: str, password: bool) -> None:
        self.history.change_user(name, has_password=password)

    @rule(name=st.sampled_from(NAMES), audience=AUDIENCES)
    def subscribe(self, name: str, audience: Audience) -> None:
        self.history.change_user(name, audience=audience)

    @rule(name=st.sampled_from(NAMES), password=st.booleans(), audience=AUDIENCES)
    def replace_user(self, name: str, password: bool, audience: Audience) -> None:
        self.history.hire(name, password, audience)
        self.history.make_key(name)

    @rule(name=st.sampled_from(NAMES), what=st.sampled_from(ODD_THINGS))
    def do_something_odd(self, name: str, what: str) -> None:
        """Seldom, since most of these keep runs from doing much for that user."""
        history = self.history
        match what:
            case "unmark":
                history.unmanaged.add(name)
            case "mark":
                history.unmanaged.discard(name)
            case "delete the secret" | "restore the secret":
                history.change_secret(name, pending_deletion=what == "delete the secret")
            case "change the policy":
                history.change_policy(name)
            case "write the secret":
                history.write_secret(name)
            case "lose the secret":
                history.lose_secret(name)
            case "take the secret's name":
                history.take_secret_name(name)

    # time

    @rule(age=AGES)
    def wait(self, age: timedelta) -> None:
        self.history.clock.time += abs(age)

    @rule(days=st.integers(1, 45))
    def let_the_schedule_run(self, days: int) -> None:
        days_pass(self.history, days)
        self.history.clock.time += AFTER_A_RUN

    # runs

    @rule()
    def run(self) -> None:
        """What a dry run shows is done; another run at once adds nothing."""
        history = self.history
        began, said = history.clock.time, self._said()
        # A policy is only read when a key is to be stored or disabled, and the last use of a
        # disabled key when it is to be deleted: no plan knows of these.
        can_be_planned = not history.foreign_policies and not history.used_since_disabled()
        planned = history.run(dry=True)
        history.clock.time = began
        done = history.run()
        assert not planned.changes
        assert not done.failed
        if can_be_planned:
            assert plan(planned.rows) == plan(done.rows)
        self._settles(done, said)
        history.clock.time += AFTER_A_RUN
        check_settled(history)

    @rule(
        fault=FAULTS,
        key_is_due=st.sampled_from([True, True, False]),
        then=st.sampled_from(["nothing", "a retry", "the next run"]),
    )
    def run_with_a_mishap(self, fault: Fault, key_is_due: bool, then: str) -> None:
        clock = self.history.clock
        if key_is_due:
            clock.time += timedelta(days=self.history.settings.max_key_age_days)
        self.history.run(fault)
        if then == "a retry":
            self.history.run()
        clock.time += AFTER_A_RUN
        if then == "the next run":
            clock.time += IN_PROGRESS_FOR
            self.run()

    @rule(
        mishap=st.sampled_from(Mishap),
        method=st.sampled_from(["store", "notify", "notify_operators", "disable", "record"]),
    )
    def rotate_with_a_mishap(self, mishap: Mishap, method: str) -> None:
        """At what must not go wrong unnoticed; then the next run repairs it."""
        self.run_with_a_mishap(Fault(mishap, method), key_is_due=True, then="the next run")

    @rule(refused=st.integers(1, 20))
    def rotate_while_iam_settles(self, refused: int) -> None:
        """STS refuses a new key so many times."""
        self.history.clock.time += timedelta(days=self.history.settings.max_key_age_days)
        self.history.refused_by_sts = refused
        self.history.run()
        self.history.refused_by_sts = 0
        self.history.clock.time += AFTER_A_RUN

    @rule(
        name=st.sampled_from(NAMES),
        slot=st.integers(0, 1),
        fault=st.none() | FAULTS,
        even_if_nobody_can_fetch=st.booleans(),
    )
    def declare_an_emergency(
        self, name: str, slot: int, fault: Fault | None, even_if_nobody_can_fetch: bool
    ) -> None:
        key_id = self._key(name, slot)
        if key_id is None or name in self.history.unmanaged:
            return
        emergency = Emergency(name, key_id, "leaked", even_if_nobody_can_fetch)
        self.history.run(fault, emergency)
        self.history.clock.time += AFTER_A_RUN

    @rule(
        names=st.sampled_from([("alice",), ("alice",), ("bob", "alice")]),
        fault=st.none() | FAULTS,
        then=st.sampled_from(["nothing", "the same again"]),
    )
    def ask_for_a_rotation(self, names: tuple[str, ...], fault: Fault | None, then: str) -> None:
        """Each user has a row that says what became of it."""
        request = Request(names, "leaver")
        run = self.history.run(fault, request=request)
        if fault is None:
            said = {row.user for row in run.rows if row.reason != "malformed_override"}
            assert said >= set(names)
        if then == "the same again":
            self.history.run(request=request)
        self.history.clock.time += AFTER_A_RUN

    def teardown(self) -> None:
        """A while after all that, the schedule has put right what a mishap left."""
        if hasattr(self, "history"):
            self.history.clock.time += timedelta(hours=1)
            self.run()

    # terms

    def _settles(self, run: Run, said_before: dict[Any, int]) -> None:
        """Run again at once, and again, soon nothing changes; nothing is said twice on the way."""
        managed = set(self.history.users) - self.history.unmanaged
        said_daily = may_repeat(self.history, self.history.settings, managed, run.rows)
        for _ in range(4):
            if set(run.changes) <= said_daily:
                break
            run = self.history.run()
        assert set(run.changes) <= said_daily, f"still {run.changes}"
        twice = {
            what for what, times in self._said().items() if times > said_before.get(what, 0) + 1
        }
        assert not twice, f"notified twice: {twice}"

    def _said(self) -> dict[Any, int]:
        return {
            (name, *what): times
            for name, truth in self.history.truths.items()
            for what, times in truth.said.items()
        }

    def _key(self, name: str, slot: int) -> str | None:
        keys = self.history.users[name].keys
        return keys[slot].id if slot < len(keys) else None


TestHistories = Histories.TestCase
TestHistories.settings = ANY_HISTORY


def test_a_restored_secret_gives_the_old_key_another_last_day() -> None:
    """Drawn once: somebody deleted the secret after the last notice."""
    history = History(
        settings(
            max_key_age_days=12,
            warn_before_days=0,
            grace_days=0,
            min_grace_days_without_console=1,
            remind_before_days=0,
            hold_while_used_days=5,
            max_overlap_days=10,
        )
    )
    history.hire("bob", password=False, audience=Audience.USER)
    history.make_key("bob")
    history.clock.time += timedelta(days=12)
    history.run()
    days_pass(history, 9)
    before = last_days(history)
    history.clock.time += AFTER_A_RUN
    history.change_secret("bob", pending_deletion=True)
    days_pass(history, 3)

    assert len(before) == 1
    assert len(set(last_days(history))) == 2


def last_days(history: History) -> list[str]:
    """The days that last notices named, as the operators were told."""
    lines = [line for message in history.digests for line in message.data["lines"]]
    return [line["text"] for line in lines if line["event"] == Event.ENDING]
