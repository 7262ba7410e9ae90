"""The smallest history that still breaks the same promise.

hypothesis draws and shrinks, too, and is not used here. Its seed is that of a search, which begins
with the simplest example, and not of one history: so histories could neither be dealt out to
processes, nor be played again by number. And it does not know what makes a history short to play:
to end on the day of the violation, and to leave out a user with all that is done to them. A try
takes a second, so a hundred must do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.crash.promises import Promise
from tests.soak.plan import Plan
from tests.soak.play import Played

MOST = 150  # histories played


def shrink(
    play: Callable[[Plan], Played], plan: Plan, promise: Promise, days: int, most: int = MOST
) -> tuple[Plan, int]:
    """And how many histories were played for it. The history broke the promise on this day."""
    if _breaks(promise, play(shorter := replace(plan, days=days))):
        plan = shorter
    tries, in_vain, progress = 1, set[str](), True
    while progress:
        progress = False
        for smaller in _smaller(plan):
            if smaller.to_json() in in_vain:
                continue
            if tries >= most:
                return plan, tries
            tries += 1
            played = play(smaller)
            if _breaks(promise, played):
                plan, progress = replace(smaller, days=played.last_day), True
                break
            in_vain.add(smaller.to_json())
    return plan, tries


def _breaks(promise: Promise, played: Played) -> bool:
    return any(violation.promise == promise for violation in played.violations)


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
