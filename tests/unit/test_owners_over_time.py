"""Over 120 days, with 200 service owners of whom a fifth never react and a fifth do not deploy:
nobody loses a key in use before the ceiling, and nobody who moved is mailed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

import pytest

from key_rotation.domain.model import Audience, Event
from tests.unit.builders import settings
from tests.unit.owners import Disabled, HandOver, Kind, Owner, Said, Simulation

DAYS, OWNERS = 120, 200
A_FIFTH = OWNERS // 5
SETTINGS = settings()
GRACE = timedelta(days=SETTINGS.min_grace_days_without_console)
CEILING = timedelta(days=SETTINGS.max_overlap_days)
AHEAD = timedelta(days=SETTINGS.remind_before_days)
# Up to this day the grace was longer: what was said until then still holds.
SHORTENED = 20
LONGEST = GRACE + timedelta(days=4)
LONGER_GRACE = settings(min_grace_days_without_console=LONGEST.days)
# On these days the schedule does not fire, when some holds are about to end.
NO_RUNS, NO_RUNS_DAYS = 44, 4
LATE = timedelta(days=NO_RUNS_DAYS + 2)
# A reminder comes on the day that begins so long before: runs do not start at the same minute.
HALF_A_DAY = timedelta(hours=12)
# The first keys fall due within these days: each hand-over is over when the next one begins.
SPREAD = 35
# What the kinds are in five owners; of twenty, these are idle.
KINDS = (Kind.NEVER, Kind.FETCHES, Kind.MOVES, Kind.MOVES, Kind.MOVES)
IDLE = (0, 2, 8)
# How many days apart their programs use a key: less than the grace.
EVERY = (1, 1, 2, 5, 1, 3, 1)
# These have no subscription of their own: the operators pass it on.
BY_OPERATORS = (1, 4, 15)


@cache
def lived() -> Simulation:
    """The simulation, once for all tests of a process."""
    simulation = Simulation(LONGER_GRACE, "service owners")
    for number in range(OWNERS):
        simulation.hire(
            f"service-{number}",
            KINDS[number % 5],
            number % 20 in IDLE,
            Audience.OPERATOR if number % 20 in BY_OPERATORS else Audience.USER,
            SETTINGS.max_key_age_days - simulation.random.uniform(0, SPREAD),
            EVERY[number % len(EVERY)],
        )
    simulation.live(SHORTENED)
    simulation.settings = SETTINGS
    simulation.live(NO_RUNS - SHORTENED)
    simulation.have_no_runs(NO_RUNS_DAYS)
    simulation.live(DAYS - NO_RUNS - NO_RUNS_DAYS)
    return simulation


def owners(kind: Kind, idle: bool | None = None) -> list[Owner]:
    return [o for o in lived().owners.values() if o.kind is kind and idle in (None, o.idle)]


def first_hand_overs() -> Iterator[tuple[Owner, HandOver]]:
    return ((owner, owner.hand_overs[0]) for owner in lived().owners.values())


def ceiling_of(key_id: str) -> datetime:
    """When the owner of this superseded key has had its successor for `max_overlap_days`."""
    every = [h for owner in lived().owners.values() for h in owner.hand_overs]
    [new] = [hand_over.new for hand_over in every if hand_over.old == key_id]
    return lived().keys_made[new].created + CEILING


def cut_off() -> list[Disabled]:
    """The keys that were disabled while their owners' programs had them."""
    return [disabled for disabled in lived().disables if disabled.was_theirs]


def reasons(action: str) -> Counter[str]:
    """Why this was done in all runs, each key once."""
    rows = {
        (row.access_key_id, row.reason)
        for report in lived().reports
        for row in report.rows
        if row.action == action
    }
    return Counter(reason for _, reason in rows)


def test_every_owner_went_through_a_rotation_and_nothing_failed() -> None:
    """Or the others would show nothing."""
    assert 105 <= len(lived().reports) < DAYS
    assert not any(report.failed or report.deferred for report in lived().reports)
    assert Counter(len(o.hand_overs) for o in lived().owners.values())[0] == 0
    assert len(owners(Kind.NEVER)) == len(owners(Kind.FETCHES)) == A_FIFTH
    assert len(owners(Kind.MOVES)) == 3 * A_FIFTH
    assert [len(owners(kind, idle=True)) for kind in Kind] == [10, 0, 20]


def test_each_kind_of_owner_was_met_by_each_kind_of_answer() -> None:
    held, ended = reasons("hold"), reasons("disable")
    reminded = reasons("remind")

    moved = [h for owner, h in first_hand_overs() if owner.kind is Kind.MOVES]
    assert sum(h.seen_moved is not None for h in moved) == 3 * A_FIFTH - 20  # all but the idle
    assert held["still_in_use"] >= 100
    assert held["not_fetched"] >= 20
    assert reminded.total() >= 180
    assert reminded["not_fetched"] >= 150
    assert reminded["fetched"] >= 5
    assert ended["moved"] >= 60
    assert ended["superseded"] >= 20
    assert ended["overlap_ceiling"] >= 2 * A_FIFTH


def test_nobody_loses_a_key_before_the_ceiling() -> None:
    assert len(cut_off()) == 2 * A_FIFTH
    assert Counter(lived().owners[d.user].kind for d in cut_off()) == {
        Kind.NEVER: A_FIFTH,
        Kind.FETCHES: A_FIFTH,
    }
    for disabled in cut_off():
        assert disabled.time >= ceiling_of(disabled.key_id)


def test_a_key_used_since_the_announcement_stays_until_its_successor_is_used() -> None:
    looked_at = 0
    for owner, hand_over in first_hand_overs():
        [disabled] = [d for d in lived().disables if d.key_id == hand_over.old]
        used_new = hand_over.first_use
        if hand_over.last_use is None or (used_new is not None and used_new < disabled.time):
            continue
        looked_at += 1
        assert disabled.time >= ceiling_of(hand_over.old), owner
    assert looked_at >= 2 * A_FIFTH - 10  # all of these but the idle


def test_the_ceiling_does_not_wait_for_ever() -> None:
    """But for the days without a run, and for a notice that comes late since there was none."""
    for disabled in cut_off():
        assert disabled.time < ceiling_of(disabled.key_id) + LATE + AHEAD
    on_time = [d for d in cut_off() if d.time < ceiling_of(d.key_id) + timedelta(days=2)]
    assert len(on_time) >= A_FIFTH


def test_whoever_is_cut_off_was_named_to_the_operators_before() -> None:
    ending = {s.key_id: s.time for s in lived().to_operators if s.event is Event.ENDING}

    assert len(cut_off()) == 2 * A_FIFTH
    for disabled in cut_off():
        assert disabled.key_id in ending
        assert ending[disabled.key_id] <= disabled.time - AHEAD
        assert ending[disabled.key_id] >= disabled.time - AHEAD - timedelta(days=3 + NO_RUNS_DAYS)


def test_an_idle_owner_who_fetched_the_new_key_is_not_waited_for_to_the_ceiling() -> None:
    """They fetched it with the old key, which is the last that is seen of that."""
    alarmed = {said.key_id for said in lived().to_operators if said.event is Event.ENDING}
    in_time = 0
    for owner, hand_over in first_hand_overs():
        fetched = hand_over.fetched
        if not owner.idle or fetched is None or fetched > hand_over.announced + CEILING / 2:
            continue
        [disabled] = [d for d in lived().disables if d.key_id == hand_over.old]
        assert disabled.time < max(fetched, hand_over.announced + GRACE) + LONGEST + LATE, owner
        assert hand_over.old not in alarmed
        in_time += 1
    assert in_time >= 8


def test_the_operators_are_not_alarmed_about_who_has_moved() -> None:
    ending = [s for s in lived().to_operators if s.event is Event.ENDING]
    moved = {h.old: h.seen_moved for _, h in first_hand_overs() if h.seen_moved}

    assert len(ending) == len({said.key_id for said in ending})
    for said in ending:
        assert said.key_id not in moved or said.time < moved[said.key_id]


def test_whoever_moved_is_sent_nothing_until_the_next_warning() -> None:
    """But that the old key is deleted, a month later, with nothing to do about it."""
    left_alone = 0
    for owner, hand_over in first_hand_overs():
        if hand_over.seen_moved is None:
            continue
        after = [s for s in said_to(owner) if s.time >= hand_over.seen_moved]
        next_warning = next(s for s in after if s.event is Event.WARNED)
        assert next_warning.key_id == hand_over.new
        mails = [said.event for said in after[: after.index(next_warning)]]
        assert [event for event in mails if event is not Event.DELETED] == []
        left_alone += 1
    assert left_alone == 3 * A_FIFTH - 20


def said_to(owner: Owner) -> list[Said]:
    return [said for said in lived().to_owners if said.user == owner.name]


@pytest.mark.parametrize("where", ["to_owners", "to_operators", "to_programs"])
def test_nobody_is_reminded_twice_of_a_key(where: str) -> None:
    reminded = [s.key_id for s in getattr(lived(), where) if s.event is Event.REMINDED]

    assert len(reminded) == len(set(reminded))
    assert len(reminded) >= 150


def test_whoever_has_not_moved_hears_of_it_while_the_old_key_works() -> None:
    """By the reminder, days ahead; one that comes late puts the end off. If there was no run on its
    day and the key is held, by what is said of the hold."""
    said = sorted([*lived().to_owners, *lived().to_operators], key=lambda s: s.time, reverse=True)
    heard = {s.key_id: s.time for s in said if s.event in (Event.HELD, Event.REMINDED)}  # first
    reminded = {s.key_id: s.time for s in said if s.event is Event.REMINDED}
    by_a_hold_alone = 0
    for owner, hand_over in first_hand_overs():
        [disabled] = [d for d in lived().disables if d.key_id == hand_over.old]
        if hand_over.seen_moved is None:
            assert heard[hand_over.old] <= disabled.time - AHEAD + HALF_A_DAY, owner
            by_a_hold_alone += hand_over.old not in reminded
        elif hand_over.old in reminded:
            assert reminded[hand_over.old] <= disabled.time - AHEAD + HALF_A_DAY, owner
    assert by_a_hold_alone <= OWNERS // 20


def test_no_end_comes_earlier_than_a_message_said() -> None:
    ended = {disabled.key_id: disabled.time for disabled in lived().disables}
    named = [
        said
        for said in [*lived().to_owners, *lived().to_programs]
        if said.event in (Event.ROTATED, Event.REMINDED) and said.key_id in ended
    ]

    assert Counter(s.event for s in named if s.until)[Event.ROTATED] >= OWNERS
    assert Counter(s.event for s in named if s.until)[Event.REMINDED] >= OWNERS
    for said in named:
        if said.until is not None:
            assert ended[said.key_id] >= said.until
