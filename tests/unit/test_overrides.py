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
from tests.unit.builders import SETTINGS, settings

# With grace 0, 7 days to fetch and deletion after 30, a key must live at least 38 days.
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
            tags(max_key_age_days="60"), replace(DEFAULT, max_key_age_days=60), id="shorter life"
        ),
        pytest.param(
            tags(max_key_age_days="38"), replace(DEFAULT, max_key_age_days=38), id="shortest life"
        ),
        pytest.param(tags(max_key_age_days="90"), DEFAULT, id="life as set"),
        pytest.param(tags(grace_days="0"), DEFAULT, id="no grace"),
        pytest.param(tags(grace_days="30"), replace(DEFAULT, grace_days=30), id="longest grace"),
        pytest.param(
            tags(max_key_age_days="50", grace_days="19"),
            Limits(50, 19),
            id="longest grace in a shorter life",
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
            {f"{KEY.upper()}:Max-Key-Age-Days": " 60 "},
            replace(DEFAULT, max_key_age_days=60),
            id="other case, and spaces around the value",
        ),
        pytest.param(
            {"max-key-age-days": "60", f"x{KEY}:max-key-age-days": "60"},
            DEFAULT,
            id="tags of others",
        ),
        pytest.param(tags(something_else="1"), DEFAULT, id="a name that means nothing"),
    ],
)
def test_override_is_used_in_place_of_the_setting(
    overrides: dict[str, str], expected: Limits
) -> None:
    assert limits_for(overrides, SETTINGS) == expected


AGE = "max-key-age-days must be a whole number from 38 to 90, not"
GRACE = "grace-days must be a whole number from 0 to 30, not"
HOLD = "hold-until must be a date like 2026-01-31, not"


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        pytest.param(tags(max_key_age_days="91"), f"{AGE} '91'", id="longer life"),
        pytest.param(tags(max_key_age_days="37"), f"{AGE} '37'", id="life too short"),
        pytest.param(tags(max_key_age_days="0"), f"{AGE} '0'", id="no life"),
        pytest.param(tags(max_key_age_days="-60"), f"{AGE} '-60'", id="negative"),
        pytest.param(tags(max_key_age_days="60.5"), f"{AGE} '60.5'", id="fraction"),
        pytest.param(tags(max_key_age_days="never"), f"{AGE} 'never'", id="word"),
        pytest.param(tags(max_key_age_days=""), f"{AGE} ''", id="empty"),
        pytest.param(tags(max_key_age_days="٦٠"), f"{AGE} '٦٠'", id="digits that are not ASCII"),
        pytest.param(
            tags(max_key_age_days="9" * 256), f"{AGE} '{'9' * 256}'", id="a very long number"
        ),
        pytest.param(tags(grace_days="31"), f"{GRACE} '31'", id="grace over the overlap"),
        pytest.param(tags(grace_days="1d"), f"{GRACE} '1d'", id="grace with a unit"),
        pytest.param(tags(hold_until="2026-02-30"), f"{HOLD} '2026-02-30'", id="no such day"),
        pytest.param(tags(hold_until="30.06.2026"), f"{HOLD} '30.06.2026'", id="another notation"),
        pytest.param(tags(hold_until="20260131"), f"{HOLD} '20260131'", id="no dashes"),
        pytest.param(tags(hold_until="2026-W05"), f"{HOLD} '2026-W05'", id="a week"),
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
            {"min_grace_days_without_console": 7, "delete_after_days": 30},
            38,
            id="fetching and deletion",
        ),
        pytest.param({"grace_days": 20, "delete_after_days": 30}, 51, id="grace and deletion"),
        pytest.param({"warn_before_days": 60}, 61, id="warning"),
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
    limits = limits_for(tags(max_key_age_days="50", grace_days="20"), SETTINGS)

    assert limits.grace_days == SETTINGS.grace_days
    assert limits.malformed == ("grace-days must be a whole number from 0 to 19, not '20'",)


@hypothesis_settings(deadline=None)
@given(
    age=st.integers(-10, 200).map(str) | st.text(max_size=10),
    grace=st.integers(-10, 200).map(str) | st.text(max_size=10),
    until=st.dates().map(str) | st.text(max_size=12),
)
def test_no_tag_extends_a_life_or_breaks_what_the_settings_promise(
    age: str, grace: str, until: str
) -> None:
    limits = limits_for(tags(max_key_age_days=age, grace_days=grace, hold_until=until), SETTINGS)

    assert SETTINGS.warn_before_days < limits.max_key_age_days <= SETTINGS.max_key_age_days
    assert 0 <= limits.grace_days <= SETTINGS.max_overlap_days
    assert limits.grace_days + SETTINGS.delete_after_days < limits.max_key_age_days
