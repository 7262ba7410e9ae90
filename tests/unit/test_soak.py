"""The drawn histories of `make soak`: how they are drawn, shrunk, and what their ledger notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from key_rotation.domain.settings import parse_settings
from tests.aws.account import Account, an_account
from tests.crash.promises import Promise, Violation
from tests.defaults import default_parameters
from tests.soak.acts import ACTS
from tests.soak.acts_on_settings import UNREADABLE
from tests.soak.acts_on_users import changes_the_user
from tests.soak.eye import Eye
from tests.soak.plan import DAYS, QUIET_DAYS, Act, Mishap, Person, Plan, draw
from tests.soak.play import Played, play
from tests.soak.shrink import shrink

ALICE = Person("alice", (90,), password=True, listens=True, owner="MOVES", tags={})
BOB = Person("bob", (30,), password=False, listens=False, owner="SLEEPS", tags={"grace-days": "3"})
DRAWN = [draw(seed) for seed in range(200)]

# -- drawing ---------------------------------------------------------------------------------------


def test_a_seed_is_one_history() -> None:
    assert draw(7) == draw(7) != draw(8)


@pytest.mark.parametrize("plan", DRAWN[:20])
def test_a_history_comes_back_from_its_file(plan: Plan) -> None:
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()


def test_every_act_is_drawn_also_in_the_middle_of_a_run() -> None:
    assert {act.what for plan in DRAWN for act in plan.acts} == set(ACTS)
    assert {act.what for plan in DRAWN for act in plan.acts if act.at is not None} == set(ACTS)


def test_nothing_happens_on_the_quiet_days() -> None:
    acts = {act.day for plan in DRAWN for act in plan.acts}
    mishaps = {mishap.day for plan in DRAWN for mishap in plan.mishaps}
    assert acts | mishaps == set(range(1, DAYS - QUIET_DAYS + 1))


def test_the_variables_accept_the_settings() -> None:
    for plan in DRAWN:
        parse_settings(default_parameters(**plan.parameters), "/key-rotation/config")


# -- shrinking -------------------------------------------------------------------------------------

LARGE = Plan(
    (ALICE, BOB),
    {"grace_days": "5", "delete_after_days": "30"},
    tuple(
        Act(day, what, who, 0) for day in (1, 3, 6) for what in ACTS[:3] for who in ("alice", "bob")
    ),
    (Mishap(2, "THROTTLED", 4), Mishap(5, "DENIED", 9)),
)


def _broken_if(condition: Callable[[Plan], bool]) -> Callable[[Plan], Played]:
    """As if a promise were broken on the day of the last act, or else another one."""

    def played(plan: Plan) -> Played:
        promise = Promise.LEAKED if condition(plan) else Promise.UNUSED
        last = max((act.day for act in plan.acts), default=0)
        return Played(violations=[Violation(promise, "")], last_day=min(last, plan.days))

    return played


def test_one_act_is_left_and_who_does_it() -> None:
    needed = Act(3, ACTS[1], "bob", 0)
    smallest, tries = shrink(_broken_if(lambda plan: needed in plan.acts), LARGE, Promise.LEAKED, 6)
    assert smallest == Plan((replace(BOB, tags={}),), {}, (needed,), (), days=3)
    assert tries < 30


def test_what_is_needed_together_is_left_together() -> None:
    needed = {LARGE.acts[0], LARGE.acts[-1]}
    is_broken = _broken_if(lambda plan: needed <= set(plan.acts) and bool(plan.mishaps))
    smallest, _ = shrink(is_broken, LARGE, Promise.LEAKED, 6)
    assert (set(smallest.acts), len(smallest.mishaps), smallest.parameters) == (needed, 1, {})


def test_a_history_that_breaks_another_promise_is_no_smaller_one() -> None:
    smallest, _ = shrink(_broken_if(lambda plan: len(plan.acts) > 5), LARGE, Promise.LEAKED, 6)
    assert len(smallest.acts) == 6


def test_the_tries_have_an_end() -> None:
    assert shrink(_broken_if(lambda _plan: True), LARGE, Promise.LEAKED, 6, most=3)[1] == 3


# -- playing ---------------------------------------------------------------------------------------


def _story(*acts: Act, days: int, owner: str = "MOVES", **changes: str) -> Played:
    return play(Plan((replace(ALICE, owner=owner),), changes, acts, (), days))


def test_a_history_is_told_and_passes_over_what_is_impossible() -> None:
    played = _story(
        Act(1, "creates the user", "alice", 0), Act(1, "creates a key", "alice", 0), days=1
    )
    assert not played.violations
    assert played.acts == 1
    assert any("(passed over: creates the user, alice)" in line for line in played.story)
    assert any("alice gets another key" in line for line in played.story)


def test_an_emergency_comes_in_the_middle_of_a_run() -> None:
    played = _story(Act(1, "runs an emergency", "alice", 0, at=20), days=1)
    assert not played.violations
    assert [line.split(": ")[1][:4] for line in played.story] == ["just", "some", "the ", "the "]


def test_a_user_who_moves_in_the_middle_of_a_run_is_named_as_the_run_knew_them() -> None:
    played = _story(Act(1, "moves the user", "alice", 46, at=9), days=1)
    assert not played.violations
    assert [line.split(": ")[1][:5] for line in played.story] == ["just ", "alice", "the r"]
    assert "PutSecretValue" in played.story[-1]


def test_a_user_who_moves_before_their_policy_is_put_has_no_key_for_a_moment() -> None:
    """Their key was replaced, and not fetched yet."""
    played = _story(
        Act(2, "changes the readers", "alice", 59),
        Act(3, "moves the user", "alice", 18, at=8),
        days=3,
        owner="CLINGS",
    )
    assert not played.violations
    assert "prepare secret_repaired" in played.story[-1]


@pytest.mark.parametrize(
    ("person", "settings", "acts"),
    [
        pytest.param(
            replace(ALICE, ages=(80,), owner="FETCHES"),
            {"disable_unused_after_days": "60"},
            (Act(2, "subscribes", "alice", 8), Act(8, "changes a setting", "alice", 3, at=16)),
            id="a setting changes while an unused key goes",
        ),
        pytest.param(
            replace(ALICE, owner="SLEEPS", tags={"disable-unused-after-days": "30"}),
            {},
            (
                Act(13, "restores a key", "alice", 23),
                Act(13, "deletes a key", "alice", 4, at=10),
            ),
            id="the key to be replaced is deleted while the run is at work",
        ),
        pytest.param(
            replace(ALICE, ages=(200,), password=False, owner="SLEEPS"),
            {},
            (
                Act(7, "deletes a key", "alice", 18),
                Act(7, "asks for a rotation", "alice", 54),
                Act(15, "runs an emergency", "alice", 37),
            ),
            id="an emergency cuts off, as its payload says",
        ),
        pytest.param(
            replace(ALICE, ages=(89,), owner="CLINGS"),
            {"disable_unused_after_days": "20"},
            (
                Act(3, "retags the secret", "alice", 12),
                Act(6, "asks for a rotation", "alice", 21),
                Act(9, "retags the secret", "alice", 58),
            ),
            id="the record of the day is removed, which was all the grace there was",
        ),
        pytest.param(
            replace(ALICE, ages=(200,), owner="CLINGS"),
            {},
            (
                Act(5, "changes the readers", "alice", 20),
                Act(6, "changes a setting", "alice", 42),
                Act(7, "changes the readers", "alice", 1),
            ),
            id="a dry run leaves former readers what they have",
        ),
        pytest.param(
            ALICE,
            {},
            (Act(1, "gives or takes the password", "alice", 2, at=13),),
            id="the password goes after the run has seen it",
        ),
        pytest.param(
            replace(ALICE, ages=(95,), password=False, owner="FETCHES"),
            {},
            (Act(8, "uses a key", "alice", 54, at=15),),
            id="the old key is used after the run has asked",
        ),
        pytest.param(
            replace(ALICE, ages=(95,)),
            {},
            (
                Act(9, "changes own readers", "alice", 29),
                Act(11, "changes own readers", "alice", 47),
                Act(11, "deletes the secret", "alice", 9),
            ),
            id="a former reader cannot read what is pending deletion",
        ),
        pytest.param(
            replace(ALICE, ages=(83, 80), listens=False, owner="SLEEPS"),
            {},
            (
                Act(7, "runs an emergency", "alice", 10),
                Act(9, "changes a setting", "alice", 57),
                Act(10, "switches a leaked key on", "alice", 25),
            ),
            id="a dry run leaves a leaked key on",
        ),
        pytest.param(
            replace(ALICE, ages=(86,), password=False, owner="FETCHES"),
            {},
            (
                Act(8, "runs an emergency", "alice", 31),
                Act(10, "retags the user", "alice", 3),
                Act(11, "switches a leaked key on", "alice", 56, at=1),
                Act(12, "subscribes", "alice", 8),
            ),
            id="a leaked key of who is managed no more stays on",
        ),
        pytest.param(
            Person("bob", (), True, False, "CLINGS", {}),
            {},
            (
                Act(5, "wants a first key", "bob", 38),
                Act(5, "wants a first key", "bob", 59, at=15),
            ),
            id="a first key is wanted no more after the run has read that it is",
        ),
    ],
)
def test_what_a_person_did_is_excused(
    person: Person, settings: dict[str, str], acts: tuple[Act, ...]
) -> None:
    quiet = replace(person, listens=False)
    assert not play(Plan((quiet,), settings, acts, (), acts[-1].day)).violations


def test_unreadable_settings_are_who_changed_them_until_they_are_mended() -> None:
    broken = Act(1, "changes a setting", "alice", 14)
    mended = Act(2, "mends a setting", "alice", 0)
    played = _story(broken, mended, days=2)
    assert UNREADABLE in played.story[0]
    assert "again" in played.story[-2]
    assert "alice rotate" in played.story[-1]
    assert not played.violations


# -- what its ledger notices -----------------------------------------------------------------------


_ROLE = "arn:aws:iam::999999999999:role/of-alice"


@pytest.fixture
def account() -> Iterator[Account]:
    with an_account() as account:
        account.add_user("alice", 90, password=False)
        account.run()
        yield account


def test_the_predecessors_key_must_not_be_readable(account: Account) -> None:
    eye = Eye(account)
    eye._predecessors = eye.staged("alice")
    eye.look("secretsmanager:PutResourcePolicy")
    assert [violation.promise for violation in eye.violations] == [Promise.PREDECESSOR]


def test_a_moment_that_an_owner_cannot_read_excuses_one_announcement(account: Account) -> None:
    eye = Eye(account)
    name = account.secret_name()
    assert eye._times_again("alice") == 0
    for times in (1, 2):
        account.client("secretsmanager").delete_secret(SecretId=name, RecoveryWindowInDays=30)
        eye.look("person")
        eye.look("person")
        assert eye._times_again("alice") == times
        account.client("secretsmanager").restore_secret(SecretId=name)
        eye.look("person")


@pytest.mark.parametrize(
    ("setting", "value", "is_put_right"),
    [
        ("dry_run", "false", True),
        ("dry_run", "true", False),
        ("max_key_age_days", UNREADABLE, False),
    ],
)
def test_what_a_fault_left_is_put_right_by_runs_that_act(
    account: Account, setting: str, value: str, is_put_right: bool
) -> None:
    account.set_parameter(setting, value)
    [old, _new] = account.statuses()
    eye = Eye(account)
    eye.person_lacks({old})  # as if its secret had never been stored
    eye.heard.announced.clear()
    eye.settle(repeats=0)
    found = {violation.promise for violation in eye.violations}
    expected = {Promise.LOST_SECRET, Promise.NOTIFIED_FIRST}
    assert found == (expected if is_put_right else set())


def test_who_was_renamed_has_other_readers_from_the_next_monday_on(account: Account) -> None:
    account.set_user_options({"alice": {"reader_arns": [_ROLE]}})
    account.run()  # a Monday
    eye = Eye(account)
    account.set_user_options({})
    eye.look("person")
    eye.is_renamed("alice", "alice")  # and back
    account.pass_days(1)
    eye.look("ssm:GetParametersByPath")
    eye.check_readers(denied=None)
    assert not eye.violations
    account.pass_days(6)
    eye.check_readers(denied=None)
    assert {violation.promise for violation in eye.violations} == {Promise.READERS}


def test_a_policy_for_the_arn_before_a_move_excuses_two_announcements(account: Account) -> None:
    eye, name = Eye(account), account.secret_name()
    eye.look("person")
    secrets = account.client("secretsmanager")
    before = secrets.get_resource_policy(SecretId=name)["ResourcePolicy"]
    changes_the_user("alice", path="/team/")
    eye.is_moved("alice")
    eye.look("person")
    assert eye._times_again("alice") == 0
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=before)
    eye.look("secretsmanager:PutResourcePolicy")
    assert eye._times_again("alice") == 2


@pytest.mark.parametrize("is_in_the_run", [True, False])
def test_a_tag_that_goes_in_the_middle_of_a_run_excuses_its_changes(
    account: Account, is_in_the_run: bool
) -> None:
    eye = Eye(account)
    eye.begin_run()
    eye.is_untagged("alice")
    account.client("iam").untag_user(UserName="alice", TagKeys=["access-key-rotation"])
    eye.look("person")
    if not is_in_the_run:
        eye.end_run()
        eye.begin_run()
    account.set_status(next(iter(account.statuses())), "Inactive")
    eye.look("iam:UpdateAccessKey")
    untagged = Promise.UNTAGGED in {violation.promise for violation in eye.violations}
    assert untagged is not is_in_the_run


def test_the_credential_report_dates_a_key_by_when_it_was_switched_on(account: Account) -> None:
    eye = Eye(account)
    old = next(iter(account.statuses()))
    for status in ("Inactive", "Active"):
        account.set_status(old, status)
        eye.look("person")
    iam = account.client("iam")
    iam.generate_credential_report()
    report = iam.get_credential_report()["Content"].decode()
    assert f",{account.clock.now():%Y-%m-%dT%H:%M:%S}+00:00," in report


@pytest.mark.parametrize("may_cut_off", [True, False])
def test_an_emergency_cuts_off_only_if_its_payload_says_so(
    account: Account, may_cut_off: bool
) -> None:
    [leaked, new] = account.statuses()
    eye = Eye(account, emergency_key=leaked, may_cut_off=may_cut_off)
    eye.person_lacks({new})
    account.set_status(leaked, "Inactive")
    eye.look("iam:UpdateAccessKey")
    assert bool(eye.violations) is not may_cut_off
