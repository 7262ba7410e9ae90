"""The smallest history that still breaks the same promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.crash.promises import Promise
from tests.soak.plan import Plan
from tests.soak.play import play

MOST = 150  # histories played


def shrink(plan: Plan, promise: Promise, days: int, most: int = MOST) -> tuple[Plan, int]:
    """And how many histories were played for it. The history broke the promise on this day."""
    if play(shorter := replace(plan, days=days)).violations:
        plan = shorter
    tries = 1
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(plan):
            if tries >= most:
                return plan, tries
            tries += 1
            played = play(smaller)
            if any(violation.promise == promise for violation in played.violations):
                plan, progress = replace(smaller, days=played.last_day), True
                break
    return plan, tries


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Fewer acts, mishaps, users, settings, days: the large steps first."""
    last = max((act.day for act in plan.acts), default=0)
    if last < plan.days // 2:
        yield replace(plan, days=plan.days // 2)
    half = len(plan.acts) // 2
    if half > 1:
        yield replace(plan, acts=plan.acts[:half])
        yield replace(plan, acts=plan.acts[half:])
    for number in range(len(plan.mishaps)):
        yield replace(plan, mishaps=plan.mishaps[:number] + plan.mishaps[number + 1 :])
    if len(plan.people) > 1:
        for gone in plan.people:
            yield replace(
                plan,
                people=tuple(one for one in plan.people if one is not gone),
                acts=tuple(act for act in plan.acts if act.who != gone.name),
            )
    for number in reversed(range(len(plan.acts))):
        yield replace(plan, acts=plan.acts[:number] + plan.acts[number + 1 :])
    if plan.parameters:
        yield replace(plan, parameters={})
    for name in plan.parameters:
        yield replace(plan, parameters={k: v for k, v in plan.parameters.items() if k != name})
    for person in plan.people:
        others = tuple(one for one in plan.people if one is not person)
        if person.tags:
            yield replace(plan, people=(*others, replace(person, tags={})))
    for days in (plan.days - 5, plan.days - 1):
        if last < days < plan.days:
            yield replace(plan, days=days)
