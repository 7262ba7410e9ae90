"""The days after an act that begins what takes longer than the scenario does."""

from __future__ import annotations

from tests.crash.runs import BY_NAME

# A key that is used on is held up to `max_overlap_days`. Then it goes, a day later all is quiet.
_HELD = (44, 45)
# Each: the scenario, the act, or the day of a use; and the days that come after the scenario's.
_LONGER: dict[tuple[str, str | int | None], tuple[int, ...]] = {
    ("superseded, the grace is over", "uses the oldest key"): _HELD,
    ("superseded, a reader was added", "uses the oldest key"): _HELD,
    ("superseded, an own reader was added", "uses the oldest key"): _HELD,
    ("requested, a service user", 4): _HELD,
    # Another rotation on day 36, when the slot is free. Its reminder is on day 40.
    ("reminder due", "switches the newest key"): (44, 45),
    ("reminder due, only operators subscribe", "switches the newest key"): (44, 45),
    # Another rotation on day 8. No run sends its reminder in time, so the old key goes on day 43.
    ("the pair's secret is pending deletion", "deletes the newest key"): (44,),
    # The person's key is idle on day 63, and blocks the other one on day 64.
    ("due, a host pulls", "creates a key"): (65,),
    # Day 43 sees the use, so the key is no unused one: its rotation is warned of.
    ("unused, used since the warning", 42): (44,),
}


def days_after(scenario: str, act: str | int | None) -> tuple[int, ...]:
    """The days on which the schedule fires after this act, or after a use of that day."""
    return (*BY_NAME[scenario].days, *_LONGER.get((scenario, act), ()))
