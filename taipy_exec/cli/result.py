"""The result of a submission as `submit`, `resume` and `wait` show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from taipy_exec.cli import outcome
from taipy_exec.cli.ci_system import CiSystem, harmless_json
from taipy_exec.cli.failures import explain_failures, summarize
from taipy_exec.cli.render import jobs_table
from taipy_exec.cli.streams import Streams
from taipy_exec.config.mapped import whole_name
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import DONE, Status
from taipy_exec.operations.missing_data import (
    NOTHING,
    WRITE_IT,
    Missing,
    Waits,
    not_written,
    sentence,
    waits_for_data,
)
from taipy_exec.operations.redaction import discreet
from taipy_exec.views.json_objects import dump, submission_shape
from taipy_exec.views.words import counts_text, runs_canceled, summary_line

_SHOWN_JOBS = 100


def show_result(
    streams: Streams,
    record: SubmissionRecord,
    jobs: Sequence[JobRecord],
    state_dir: Path,
    where: str,
    redacted: Callable[[str], str],
    *,
    table: bool,
    waits: Waits = NOTHING,
) -> None:
    """Show the result of a submission: JSON, or a table and what to do about failures.

    `where` makes a command mean the same application, `redacted` leaves out its secrets. `waits`
    is what its jobs wait for, if that is known.
    """
    jobs = [discreet(job, redacted) for job in jobs]
    if streams.json:
        text = dump(submission_shape(record, jobs), lines=streams.events)
        streams.data(harmless_json(text) if streams.ci is CiSystem.GITHUB else text)
    elif streams.events:
        streams.note(summary_line(record))
    elif not streams.quiet:
        if table and jobs:
            _show_jobs(streams, jobs, where, _reasons_to_wait(jobs, waits))
        streams.line(summary_line(record))
    elif outcome.exit_code(record, jobs):
        streams.line(summary_line(record))
    explain_failures(streams, jobs, state_dir, where, redacted)
    canceled = sum(job.status is Status.CANCELED for job in jobs)
    if canceled and not any(job.status is Status.FAILED for job in jobs):
        streams.hint(f"taipy-exec retry {record.short_id}{where} {runs_canceled(canceled)}")
    explain_blocked(streams, record, jobs, waits)
    if not any(job.status in (Status.RUNNING, Status.PENDING) for job in jobs):
        summarize(streams, record, jobs, where)


def _reasons_to_wait(jobs: Sequence[JobRecord], waits: Waits) -> dict[str, str]:
    """Job id -> which of its inputs have no value."""
    found = {}
    for job in jobs:
        task = whole_name(job.task)
        names = [one.node for one in waits.unwritten if task in waits.readers.get(one.node, ())]
        if names and waits_for_data(job):
            found[job.id] = not_written(names)
    return found


def _show_jobs(
    streams: Streams, jobs: Sequence[JobRecord], where: str, reasons_to_wait: Mapping[str, str]
) -> None:
    """Show all jobs; if there are very many, only those that are not simply done."""
    shown = list(jobs)
    if len(jobs) > _SHOWN_JOBS:
        shown = [job for job in jobs if job.status not in DONE][:_SHOWN_JOBS]
    if shown:
        streams.show(
            jobs_table(shown, unicode=streams.unicode, where=where, reasons_to_wait=reasons_to_wait)
        )
    if len(shown) < len(jobs):
        rest = Counter(job.status for job in jobs) - Counter(job.status for job in shown)
        streams.line(f"not shown: {counts_text(rest)}")


def explain_blocked(
    streams: Streams,
    record: SubmissionRecord,
    jobs: Sequence[JobRecord],
    waits: Waits,
) -> None:
    """Show why nothing more can run, and what to do; show nothing if everything has ended."""
    waiting = [job for job in jobs if waits_for_data(job)]
    if not (record.unfinished and waiting):
        return
    unwritten = waits.unwritten
    if waits.locked and not unwritten:
        then = "submit again when that is done"
        is_edited = [
            Missing(node=id, what="which is being edited", hint=then) for id in waits.locked
        ]
        streams.error(f"cannot continue: {sentence(is_edited, waits.readers)}", then)
    elif unwritten:
        hints = dict.fromkeys(one.hint for one in unwritten)
        streams.error(f"cannot continue: {sentence(unwritten, waits.readers)}", "; or ".join(hints))
    else:
        tasks = ", ".join(job.task for job in waiting)
        one = f"task {tasks} needs" if len(waiting) == 1 else f"tasks {tasks} need"
        streams.error(f"cannot continue: {one} a data node that was never written", WRITE_IT)
