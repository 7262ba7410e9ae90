"""Carries out one user's decision, step by step, so that dying between any two steps is safe.

The order is create, store, verify, notify, disable. What a step leaves behind when it dies half-way
is what the next run's decision starts from.
"""

from __future__ import annotations

from collections.abc import Callable

from ..domain.action import Action, Verb
from ..domain.settings import Settings
from ..ports import UnprotectedSecretError, World
from . import issue, notices, retire
from .event_buffer import EventBuffer
from .payload import Origin
from .progress import ConcurrentChangeError, PostponedError, Progress, RunContext

Step = Callable[[RunContext, Progress, Action], None]
STEPS: dict[Verb, Step] = {
    Verb.PREPARE: issue.prepare,
    Verb.ROTATE: issue.rotate,
    Verb.WARN: notices.warn,
    Verb.ANNOUNCE: notices.announce,
    Verb.REMIND: notices.remind,
    Verb.HOLD: notices.hold,
    Verb.BLOCK: notices.block,
    Verb.DISABLE: retire.disable,
    Verb.DELETE: retire.delete,
    Verb.RECORD: retire.record,
    Verb.FORGET: retire.forget,
}


class Executor:
    """Carries out decisions on the ports of one run; the events are left in the buffer."""

    def __init__(
        self,
        world: World,
        settings: Settings,
        request_id: str,
        events: EventBuffer,
        origin: Origin,
    ) -> None:
        self._run = RunContext(world, settings, request_id, origin)
        self._events = events

    def apply(self, progress: Progress) -> None:
        """Does the actions of the decision in order, up to the first that fails.

        `progress.postponed` is true then if the rest may only be done after the operators' digest
        is sent.
        """
        progress.remaining = list(progress.decision.actions)
        self._go_on(progress)

    def resume(self, progress: Progress) -> None:
        """Does what was postponed, now that the operators were notified."""
        progress.to_pass_on, progress.operators_notified = None, True
        self._go_on(progress)

    def _go_on(self, progress: Progress) -> None:
        try:
            while progress.remaining:
                STEPS[progress.remaining[0].verb](self._run, progress, progress.remaining[0])
                del progress.remaining[:1]
        except PostponedError as postponed:
            progress.to_pass_on = postponed.line
        except UnprotectedSecretError as problem:
            issue.refuse(self._run, progress, progress.remaining[0], problem)
        except ConcurrentChangeError as interruption:
            progress.not_done(progress.remaining[0], str(interruption))
            if progress.note is not None:
                raise  # what somebody asked for, and is not over, must not look as if it were
        finally:
            try:
                self.flush_records(progress)
            finally:
                self._events.add(progress.transitions)
                progress.transitions = []

    def flush_records(self, progress: Progress) -> None:
        """Puts an announcement or a reminder on record that is not yet."""
        if progress.pending_record is not None or progress.pending_notice is not None:
            self._run.world.secrets.record(
                progress.secret,
                announced=progress.pending_record,
                works_until=progress.pending_end,
                notice=progress.pending_notice,
            )
            progress.pending_record = progress.pending_end = progress.pending_notice = None
