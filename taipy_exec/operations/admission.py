"""Admitting a submission: it waits until no live process works on the same data."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from taipy_exec.engine.admission import Admission, admit
from taipy_exec.engine.given import with_given
from taipy_exec.errors import BusyError, TimedOutError
from taipy_exec.wiring import revoke

if TYPE_CHECKING:
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.operations.listener import Listener
    from taipy_exec.operations.wanted import Wanted
    from taipy_exec.store.rows import Instance
    from taipy_exec.wiring import Engine


def admit_wanted(
    engine: Engine,
    wanted: Wanted,
    instance: Instance,
    given: Mapping[str, Any],
    properties: Mapping[str, object],
) -> Admission:
    """Store what is wanted of an instance, or resume its interrupted submission.

    Raises BusyError while a live process works on the same data.
    """
    return admit(
        engine.store,
        engine.app,
        wanted.scenario,
        instance,
        target=wanted.target,
        force=wanted.force,
        fail_fast=wanted.fail_fast,
        fresh=bool(given) or wanted.new or wanted.force,
        identity=engine.identity,
        revoke=partial(revoke, engine.app),
        properties={**with_given(given), **properties},
    )


def admitted(
    listener: Listener, attempt: Callable[[], Admission], deadline: float | None
) -> SubmissionPlan:
    """The submission, once no live process works on the same data.

    Raises TimedOutError after `deadline`.
    """
    admission = admission_in_time(listener, attempt, deadline)
    record = admission.plan.record
    for id in admission.superseded:
        listener.note(f"canceled the unfinished jobs of {record.shorten(id)}")
    if admission.carried_on:
        total = len(admission.plan.jobs)
        why = "waited for data" if record.waits_for_data else "was interrupted"
        listener.note(
            f"resuming {record.short_id}, which {why}: "
            f"{total - record.unfinished} of {total} jobs had ended"
        )
    return admission.plan


def admission_in_time(
    listener: Listener, attempt: Callable[[], Admission], deadline: float | None
) -> Admission:
    """The admission that `attempt` gives once no live process works on the same data.

    Raises TimedOutError after `deadline` (monotonic clock).
    """
    told = False
    while True:
        try:
            return attempt()
        except BusyError as busy:
            if not told:
                listener.warn(f"waiting: {busy.message}")
                told = True
            if deadline is not None and time.monotonic() >= deadline:
                raise TimedOutError(f"time is up: {busy.message}", busy.hint) from None
            time.sleep(0.1)
