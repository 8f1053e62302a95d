"""`[JOB] on_event`: a function of the application that gets every event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.observers.events import begin_event, end_event, job_event
from taipy_exec.observers.mailbox import Mailbox
from taipy_exec.observers.once import Once
from taipy_exec.observers.watching import Step

_MOST_WAITING = 100_000
_LAST_SECONDS = 10.0


class EventFunction:
    """Calls the function in its own thread, one event after the other.

    `tell` gets one sentence when the function raises for the first time, without secrets by
    `redact`, or if the function is too slow.
    """

    def __init__(
        self,
        function: Callable[[dict[str, Any]], Any],
        redact: Callable[[str], str],
        tell: Callable[[str], None],
    ) -> None:
        self._function = function
        self._redact = redact
        self._tell = Once(tell)
        self._box: Mailbox[dict[str, Any]] = Mailbox(
            "taipy-exec-on-event", self._call, most=_MOST_WAITING, seconds=_LAST_SECONDS
        )

    def begun(self, plan: SubmissionPlan) -> None:
        self._box.put(begin_event(plan.record))

    def changed(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self._box.put(job_event(step))

    def ended(self, submission: SubmissionRecord) -> None:
        self._box.put(end_event(submission))

    def close(self) -> None:
        self._box.close()
        if self._box.lost:
            self._tell(
                f"on_event did not keep up: {self._box.lost} events were not given to it; "
                "the run is not affected"
            )

    def _call(self, event: dict[str, Any]) -> None:
        try:
            self._function(event)
        except (Exception, SystemExit) as error:
            if not self._tell.told:
                name = getattr(self._function, "__qualname__", repr(self._function))
                what = self._redact(f"{type(error).__name__}: {error}")
                self._tell(
                    f"on_event: {name} raised {what}; the run goes on, and later errors like this "
                    "are not reported"
                )
