"""The settings that are tried with a value other than the default, and in which situations.

A kind of points takes `SCENARIOS`, or its own part of the table, and `places` for the calls
that are worth a point: tests/unit/test_crash_settings.py holds in which kinds each setting is.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.crash.settings_scenarios import OF_SETTINGS

# The default, which no other situation meets.
NOBODY_SUBSCRIBES = "due, nobody subscribes"
# Each name is a parameter, a tag of a user after "tag ", or an option of one after "option ".
TABLE: dict[str, tuple[str, ...]] = {
    "secret_reader_arns": (
        "due, a service with a reader",
        "superseded, a reader was added",
        "settled, a reader removed",
    ),
    "option reader_arns": (
        "due, one of two has an own reader",
        "superseded, an own reader was added",
        "settled, an own reader removed",
    ),
    "option first_key": ("first key", "first key, of a service"),
    "grace_days": ("due, a grace of a day", "due, a grace of two weeks"),
    "min_grace_days_without_console": ("due, a service with two weeks to fetch",),
    "tag grace-days": ("due, a grace by tag",),
    "tag max-key-age-days": ("due, early by tag",),
    "tag hold-until": ("superseded, held by tag",),
    "tag disable-unused-after-days": ("unused, kept by tag",),
    "hold_until_moved": ("superseded, nobody is waited for",),
    "hold_while_used_days": ("superseded, still in use",),
    "max_overlap_days": ("superseded, a low ceiling",),
    "remind_before_days": ("due, a grace of a day",),
    "warn_before_days": ("to be warned, without warnings",),
    "delete_after_days": ("superseded, deleted after a day",),
    "idle_after_days": ("two active, one idle for twenty days",),
    "disable_unused_after_days": (
        "unused, to be warned",
        "unused, beside an inactive key",
        "unused, kept by tag",
    ),
    "require_confirmed_subscription": ("due, nobody has to subscribe", NOBODY_SUBSCRIBES),
    "bulk_discovery": ("due again, no bulk discovery",),
    "max_rotations_per_run": ("due, two users, one rotation a run",),
    "max_iam_writes_per_second": ("due, two users, little time",),
    "the time of a run": ("due, two users, little time",),
    "dry_run": ("due, a dry run",),
    "coverage_exempt_tag": ("due, beside an exempt user",),
}
# The settings that no situation of the harness changes, and why.
NOT_TRIED = {
    "name": "only a name",
    "topic_arn": "only a name",
    "event_bus_arn": "only a name",
    "kms_key_arn": "people choose another key for the secret instead",
    "secret_name_prefix": "only a name",
    "secret_tags": "decides nothing",
    "user_tag": "only a name",
    "operator_emails": "decides about the digest alone",
    "user_options_sha256": "comes with the options",
    "user_path_prefix": "IAM's policies hold it: make policies",
    "never_user_arns": "IAM's policies hold it: make policies",
    "max_key_age_days": "the tag max-key-age-days decides by the same rule",
    "deleted_user_secret_retention_days": "of users who are gone",
}
SCENARIOS = tuple(scenario.name for scenario in OF_SETTINGS)
# The other reads of a run in these situations are as in any other: they are tried there.
EACH_READ = 4


def is_sampled(scenario: str, calls: Sequence[str], mutating: tuple[str, ...]) -> bool:
    """Whether it is a situation of a setting, whose run changes something."""
    return scenario in SCENARIOS and any(call.startswith(mutating) for call in calls)


def places(scenario: str, calls: Sequence[str], mutating: tuple[str, ...]) -> list[int]:
    """The calls of this situation's run where something may happen: all, but in one that is sampled
    those that change something, and each fourth of the others, beginning at another one in each."""
    if not is_sampled(scenario, calls, mutating):
        return list(range(len(calls)))
    first = SCENARIOS.index(scenario)
    return [
        at
        for at, call in enumerate(calls)
        if call.startswith(mutating) or (at + first) % EACH_READ == 0
    ]
