"""Override tags: used within what the settings admit, reported and ignored otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from key_rotation.domain.model import Limits
from key_rotation.domain.overrides import limits_for
from key_rotation.domain.settings import Settings
from tests.unit.builders import SETTINGS, settings

# With a hold of at most 30 days and deletion after 30, a key must live at least 61 days. Without a
# hold, 7 days to fetch and deletion after 30 make it 38.
NO_HOLD = settings(hold_until_moved=False)
DEFAULT = Limits(max_key_age_days=90, grace_days=0)
KEY = "access-key-rotation"


def tags(**overrides: str) -> dict[str, str]:
    names = {f"{KEY}:{name.replace('_', '-')}": value for name, value in overrides.items()}
    return {KEY: "enabled"} | names


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        pytest.param(tags(), DEFAULT, id="none"),
        pytest.param(
            tags(max_key_age_days="70"), replace(DEFAULT, max_key_age_days=70), id="shorter life"
        ),
        pytest.param(
            tags(max_key_age_days="61"), replace(DEFAULT, max_key_age_days=61), id="shortest life"
        ),
        pytest.param(tags(max_key_age_days="90"), DEFAULT, id="life as set"),
        pytest.param(tags(grace_days="0"), DEFAULT, id="no grace"),
        pytest.param(tags(grace_days="27"), replace(DEFAULT, grace_days=27), id="longest grace"),
        pytest.param(
            tags(max_key_age_days="61", grace_days="27"),
            Limits(61, 27),
            id="longest grace in the shortest life",
        ),
        pytest.param(
            tags(hold_until="2026-06-30"),
            replace(DEFAULT, hold_until=date(2026, 6, 30)),
            id="hold",
        ),
        pytest.param(
            tags(hold_until="2020-01-01"),
            replace(DEFAULT, hold_until=date(2020, 1, 1)),
            id="hold that is over",
        ),
        pytest.param(
            tags(hold_until="2026-06-30 AKIAIOSFODNN7EXAMPLE"),
            replace(DEFAULT, hold_until=date(2026, 6, 30), held_key="AKIAIOSFODNN7EXAMPLE"),
            id="hold of one key",
        ),
        pytest.param(
            {f"{KEY.upper()}:Max-Key-Age-Days": " 70 "},
            replace(DEFAULT, max_key_age_days=70),
            id="other case, and spaces around the value",
        ),
        pytest.param(
            {"max-key-age-days": "70", f"x{KEY}:max-key-age-days": "70"},
            DEFAULT,
            id="tags of others",
        ),
        pytest.param(tags(something_else="1"), DEFAULT, id="a name that means nothing"),
        pytest.param(
            tags(disable_unused_after_days="8"),
            replace(DEFAULT, disable_unused_after_days=8),
            id="unused, a day after the warning",
        ),
        pytest.param(
            tags(disable_unused_after_days="90"),
            replace(DEFAULT, disable_unused_after_days=90),
            id="unused for the whole life",
        ),
    ],
)
def test_override_is_used_in_place_of_the_setting(
    overrides: dict[str, str], expected: Limits
) -> None:
    assert limits_for(overrides, SETTINGS) == expected


AGE = "max-key-age-days must be a whole number from 61 to 90, not"
GRACE = "grace-days must be a whole number from 0 to 27, not"
UNUSED = "disable-unused-after-days must be 0, or a whole number from 8 to 90, not"
HOLD = "hold-until must be a date like 2026-01-31, which the id of a key may follow, not"


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        pytest.param(tags(max_key_age_days="91"), f"{AGE} '91'", id="longer life"),
        pytest.param(tags(max_key_age_days="60"), f"{AGE} '60'", id="life too short"),
        pytest.param(tags(max_key_age_days="0"), f"{AGE} '0'", id="no life"),
        pytest.param(tags(max_key_age_days="-60"), f"{AGE} '-60'", id="negative"),
        pytest.param(tags(max_key_age_days="60.5"), f"{AGE} '60.5'", id="fraction"),
        pytest.param(tags(max_key_age_days="never"), f"{AGE} 'never'", id="word"),
        pytest.param(tags(max_key_age_days=""), f"{AGE} ''", id="empty"),
        pytest.param(tags(max_key_age_days="٦٠"), f"{AGE} '٦٠'", id="digits that are not ASCII"),
        pytest.param(
            tags(max_key_age_days="9" * 256), f"{AGE} '{'9' * 256}'", id="a very long number"
        ),
        pytest.param(tags(grace_days="28"), f"{GRACE} '28'", id="no room to hold"),
        pytest.param(tags(grace_days="1d"), f"{GRACE} '1d'", id="grace with a unit"),
        pytest.param(tags(disable_unused_after_days="7"), f"{UNUSED} '7'", id="at the warning"),
        pytest.param(tags(disable_unused_after_days="91"), f"{UNUSED} '91'", id="longer than life"),
        pytest.param(tags(disable_unused_after_days="00"), f"{UNUSED} '00'", id="another zero"),
        pytest.param(tags(disable_unused_after_days="no"), f"{UNUSED} 'no'", id="unused, a word"),
        pytest.param(tags(hold_until="2026-02-30"), f"{HOLD} '2026-02-30'", id="no such day"),
        pytest.param(tags(hold_until="30.06.2026"), f"{HOLD} '30.06.2026'", id="another notation"),
        pytest.param(tags(hold_until="20260131"), f"{HOLD} '20260131'", id="no dashes"),
        pytest.param(tags(hold_until="2026-W05"), f"{HOLD} '2026-W05'", id="a week"),
        pytest.param(
            tags(hold_until="2026-06-30 noon"), f"{HOLD} '2026-06-30 noon'", id="no id of a key"
        ),
        pytest.param(tags(hold_until="2026-06-30 A B"), f"{HOLD} '2026-06-30 A B'", id="two keys"),
        pytest.param(tags(hold_until="forever"), f"{HOLD} 'forever'", id="no date"),
        pytest.param(tags(hold_until=""), f"{HOLD} ''", id="no date at all"),
        pytest.param(
            tags(hold_until="2026-06-30T12:00:00Z"), f"{HOLD} '2026-06-30T12:00:00Z'", id="a time"
        ),
    ],
)
def test_malformed_override_is_named_and_never_an_exemption(
    overrides: dict[str, str], problem: str
) -> None:
    assert limits_for(overrides, SETTINGS) == replace(DEFAULT, malformed=(problem,))


def test_every_malformed_override_is_named_and_the_good_one_used() -> None:
    limits = limits_for(tags(max_key_age_days="x", grace_days="5", hold_until="y"), SETTINGS)

    assert limits.grace_days == 5
    assert [problem.split()[0] for problem in limits.malformed] == [
        "max-key-age-days",
        "hold-until",
    ]


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        pytest.param(
            {"hold_until_moved": False, "min_grace_days_without_console": 7},
            38,
            id="fetching and deletion",
        ),
        pytest.param({"hold_until_moved": False, "grace_days": 20}, 51, id="grace and deletion"),
        pytest.param({"max_overlap_days": 20}, 51, id="hold and deletion"),
        pytest.param({"warn_before_days": 65}, 66, id="warning"),
        pytest.param(
            {"max_key_age_days": 30, "warn_before_days": 45}, 30, id="already at the least"
        ),
    ],
)
def test_life_may_not_be_shorter_than_what_has_to_happen_in_it(
    changes: dict[str, object], least: int
) -> None:
    with_changes = settings(**changes)

    assert limits_for(tags(max_key_age_days=str(least)), with_changes).max_key_age_days == least
    assert limits_for(tags(max_key_age_days=str(least)), with_changes).malformed == ()
    [problem] = limits_for(tags(max_key_age_days=str(least - 1)), with_changes).malformed
    assert f"from {least} to" in problem


def test_a_shorter_life_leaves_less_room_for_grace() -> None:
    assert limits_for(tags(max_key_age_days="50", grace_days="19"), NO_HOLD) == Limits(50, 19)

    limits = limits_for(tags(max_key_age_days="50", grace_days="20"), NO_HOLD)

    assert limits.grace_days == NO_HOLD.grace_days
    assert limits.malformed == ("grace-days must be a whole number from 0 to 19, not '20'",)


def test_without_a_hold_a_grace_may_be_as_long_as_the_overlap() -> None:
    assert limits_for(tags(grace_days="30"), NO_HOLD).grace_days == 30
    [problem] = limits_for(tags(grace_days="31"), NO_HOLD).malformed
    assert problem == "grace-days must be a whole number from 0 to 30, not '31'"


@pytest.mark.parametrize(
    ("overrides", "days"),
    [
        pytest.param({}, 45, id="the setting"),
        pytest.param({"disable_unused_after_days": "0"}, 0, id="never"),
        pytest.param({"disable_unused_after_days": "10"}, 10, id="earlier"),
        pytest.param({"disable_unused_after_days": "80"}, 80, id="later"),
        pytest.param({"disable_unused_after_days": "7"}, 45, id="malformed: no exemption"),
        pytest.param(
            {"max_key_age_days": "61", "disable_unused_after_days": "62"}, 45, id="beyond its life"
        ),
    ],
)
def test_who_keeps_a_key_unused_says_so_with_a_tag(overrides: dict[str, str], days: int) -> None:
    chosen = settings(disable_unused_after_days=45)

    assert limits_for(tags(**overrides), chosen).disable_unused_after_days == days


@hypothesis_settings(deadline=None)
@given(
    age=st.integers(-10, 200).map(str) | st.text(max_size=10),
    grace=st.integers(-10, 200).map(str) | st.text(max_size=10),
    until=st.dates().map(str) | st.text(max_size=12),
    chosen=st.sampled_from([SETTINGS, NO_HOLD]),
)
def test_no_tag_extends_a_life_or_breaks_what_the_settings_promise(
    age: str, grace: str, until: str, chosen: Settings
) -> None:
    limits = limits_for(tags(max_key_age_days=age, grace_days=grace, hold_until=until), chosen)

    assert chosen.warn_before_days < limits.max_key_age_days <= chosen.max_key_age_days
    assert 0 <= limits.grace_days <= chosen.max_overlap_days
    assert limits.grace_days + chosen.delete_after_days < limits.max_key_age_days
    if chosen.hold_until_moved:
        assert limits.grace_days + chosen.remind_before_days <= chosen.max_overlap_days
        assert chosen.max_overlap_days + chosen.delete_after_days < limits.max_key_age_days
