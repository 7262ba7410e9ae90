"""Whether runs start by themselves, and whether they change anything then."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from key_rotation.domain.settings import Settings

from .aws_errors import AWS_ERRORS, describe


class State(StrEnum):
    """Of the rule that starts the function."""

    ON = "on"
    OFF = "off"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The EventBridge rule that starts the function; `why` says why its state is unknown."""

    rule: str
    state: State
    why: str = ""


def read_schedule(events: Any, name: str) -> Schedule:
    """Of the installation of this name, whose rule has the same one (schedule.tf). Who may not read
    it sees everything else, so that an error is an answer, too."""
    try:
        rule = events.describe_rule(Name=name)
    except events.exceptions.ResourceNotFoundException:
        return Schedule(name, State.MISSING)
    except AWS_ERRORS as error:
        return Schedule(name, State.UNKNOWN, describe(error))
    return Schedule(name, State.OFF if rule["State"] == "DISABLED" else State.ON)


def standstill(settings: Settings, schedule: Schedule) -> list[str]:
    """Why no run does what is due, in a sentence each."""
    sentences = []
    if settings.dry_run:
        sentences.append("the setting dry_run is true: runs change nothing until it is false")
    rule = f"the schedule (EventBridge rule {schedule.rule!r})"
    match schedule.state:
        case State.OFF:
            sentences.append(
                f"{rule} is off: no run starts by itself until schedule_enabled is true"
            )
        case State.MISSING:
            sentences.append(f"{rule} does not exist in this region: no run starts by itself")
        case State.UNKNOWN:
            sentences.append(f"whether {rule} is on is unknown: {schedule.why}")
    return sentences
