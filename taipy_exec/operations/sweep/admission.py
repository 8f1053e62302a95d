"""The submissions of a sweep: all are stored or resumed before the first job starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from taipy_exec.engine.admission import (
    Admission,
    interrupted_submissions,
    resume_plan,
    supersede,
)
from taipy_exec.engine.given import due_values, write_given
from taipy_exec.engine.instances import instance_nodes, named_instance
from taipy_exec.engine.sweep import (
    Combination,
    new_group,
    overwritten_nodes,
    with_copies,
    with_sweep,
)
from taipy_exec.errors import BusyError
from taipy_exec.model.job import SWEEP
from taipy_exec.model.status import Reason
from taipy_exec.operations.admission import admission_in_time, admit_wanted

if TYPE_CHECKING:
    from taipy_exec.config.application import AppConfig
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.operations.listener import Listener
    from taipy_exec.operations.wanted import Wanted
    from taipy_exec.store.rows import Instance
    from taipy_exec.store.store import Store
    from taipy_exec.wiring import Engine


def admitted_sweep(
    listener: Listener, engine: Engine, wanted: Wanted, deadline: float | None
) -> list[SubmissionPlan]:
    """The submissions, in the order of the combinations, with their values written.

    Raises the errors of `admitted_together`.
    """
    _warn_of_one_place(listener, engine.app, wanted)
    store, scenario = engine.store, wanted.scenario
    instances = {
        one.name: named_instance(
            store, engine.app, scenario, one.name, new=wanted.new, created=wanted.created
        )
        for one in wanted.combinations
    }
    group = _former_group(store, instances.values()) or new_group()
    attempts: dict[str, Callable[[], Admission]] = {}
    for place, one in enumerate(wanted.combinations):
        properties = with_sweep(group, place, one.values)
        attempts[one.name] = partial(_admit, engine, wanted, one, instances[one.name], properties)
    admissions = admitted_together(listener, engine, attempts, deadline)
    _report(listener, group, admissions)
    return with_copies(engine.app, [admission.plan for admission in admissions.values()])


def admitted_together(
    listener: Listener,
    engine: Engine,
    attempts: Mapping[str, Callable[[], Admission]],
    deadline: float | None,
) -> dict[str, Admission]:
    """Make the `attempts` and return the admissions by name, with the given values written.

    Either all of them, or none: if one is refused, the other new ones are canceled. Raises
    TimedOutError after `deadline` (monotonic clock), and DataError for a value that cannot be
    written.
    """
    admissions: dict[str, Admission] = {}
    store = engine.store
    try:
        # Two sweeps at once take what they have in common in the same order: neither waits for
        # the other while that waits for it.
        for name in sorted(attempts):
            admissions[name] = admission_in_time(listener, attempts[name], deadline)
        for name in attempts:
            write_given(store, admissions[name].plan, engine.identity)
    except BaseException:
        for admission in admissions.values():
            # No job of them has started yet. Resumed ones become interrupted again.
            if not admission.carried_on:
                record = admission.plan.record
                supersede(store, record, engine.identity, lambda *_: None, Reason.CANCELED)
        raise
    return {name: admissions[name] for name in attempts}


def _admit(
    engine: Engine,
    wanted: Wanted,
    one: Combination,
    instance: Instance,
    properties: Mapping[str, object],
) -> Admission:
    nodes = instance_nodes(engine.app, wanted.scenario, instance)
    values = {**wanted.given, **due_values(nodes, one.values)}
    admission = admit_wanted(engine, wanted, instance, values, properties)
    _join(engine.store, admission.plan, properties)
    return admission


def _former_group(store: Store, instances: Iterable[Instance]) -> str | None:
    """The sweep that the latest interrupted submission of one of the instances belongs to."""
    found = [
        record for instance in instances for record in interrupted_submissions(store, instance.id)
    ]
    found = [record for record in found if record.group is not None]
    return max(found, key=lambda record: record.created_at).group if found else None


def _join(store: Store, plan: SubmissionPlan, properties: Mapping[str, object]) -> None:
    """Put a resumed submission into this sweep; it may be of another one, or of none."""
    record = plan.record
    if record.properties.get(SWEEP) != properties[SWEEP]:
        record.properties = {**record.properties, **properties}
        store.add_edits([], of=record)


def resumed_sweep(engine: Engine, records: Sequence[SubmissionRecord]) -> list[SubmissionPlan]:
    """Take over the interrupted submissions of a sweep, in the order of the combinations.

    One that another process has just taken, for example to cancel it, is left to that process.
    Raises BusyError if none is left.
    """
    plans = []
    busy: BusyError | None = None
    for record in sorted(records, key=lambda record: record.place):
        try:
            plans.append(resume_plan(engine.store, engine.app, record, engine.identity))
        except BusyError as error:
            busy = error
    if busy is not None and not plans:
        raise busy
    for plan in plans:
        write_given(engine.store, plan, engine.identity)
    return with_copies(engine.app, plans)


def _warn_of_one_place(listener: Listener, app: AppConfig, wanted: Wanted) -> None:
    found = overwritten_nodes(app, wanted.scenario, wanted.target)
    if not found or len(wanted.combinations) < 2:
        return
    names = ", ".join(f"{name} ({place})" for name, place in found)
    listener.warn(
        "all combinations write to the same place, and only the last value stays: data node "
        f"{names}; remove its path and use the scope SCENARIO to keep one for each combination"
    )


def _report(listener: Listener, group: str, admissions: Mapping[str, Admission]) -> None:
    superseded = sum(len(one.superseded) for one in admissions.values())
    if superseded:
        which = "submission" if superseded == 1 else "submissions"
        listener.note(f"canceled the unfinished jobs of {superseded} earlier {which}")
    carried = [one.plan for one in admissions.values() if one.carried_on]
    if carried:
        id = carried[0].record.shorten(group)
        total = sum(len(plan.jobs) for plan in carried)
        ended = total - sum(plan.record.unfinished for plan in carried)
        listener.note(
            f"resuming {id}: {len(carried)} of {len(admissions)} combinations had "
            f"not ended; {ended} of their {total} jobs had"
        )
