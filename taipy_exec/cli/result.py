"""The result of a submission as `submit`, `resume` and `wait` show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from taipy_exec.cli.ci_system import CiSystem, harmless_json
from taipy_exec.cli.failures import explain_failures, summarize
from taipy_exec.cli.redaction import discreet
from taipy_exec.cli.render import counts_text, jobs_table, summary_line
from taipy_exec.cli.shapes import dump, submission_shape
from taipy_exec.cli.streams import Streams
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import DONE, Reason, Status

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
    unwritten: Sequence[str] = (),
    locked: Sequence[str] = (),
) -> None:
    """The result of a submission: JSON, or a table and what to do about failures.

    `where` is what makes a command mean the same application, `redacted` leaves out its secrets.
    `unwritten` tells the data nodes that jobs wait for, where they are known, and `locked` those
    that somebody is editing.
    """
    jobs = [discreet(job, redacted) for job in jobs]
    if streams.json:
        text = dump(submission_shape(record, jobs), lines=streams.events)
        streams.data(harmless_json(text) if streams.ci is CiSystem.GITHUB else text)
    elif streams.events:
        streams.note(summary_line(record))
    else:
        if table and jobs:
            _show_jobs(streams, jobs, where)
        streams.line(summary_line(record))
    explain_failures(streams, jobs, state_dir, where, redacted)
    canceled = sum(job.status is Status.CANCELED for job in jobs)
    if canceled and not any(job.status is Status.FAILED for job in jobs):
        were = "was" if canceled == 1 else "were"
        what = f"taipy-exec retry {record.short_id}{where} runs the {canceled} that {were} canceled"
        streams.note(f"hint: {what}", style="cyan")
    explain_blocked(streams, record, jobs, unwritten, locked)
    if not any(job.status in (Status.RUNNING, Status.PENDING) for job in jobs):
        summarize(streams, record, jobs, where)


def _show_jobs(streams: Streams, jobs: Sequence[JobRecord], where: str) -> None:
    """All jobs, or of very many those that are not simply done."""
    shown = list(jobs)
    if len(jobs) > _SHOWN_JOBS:
        shown = [job for job in jobs if job.status not in DONE][:_SHOWN_JOBS]
    if shown:
        streams.show(jobs_table(shown, unicode=streams.unicode, where=where))
    if len(shown) < len(jobs):
        rest = Counter(job.status for job in jobs) - Counter(job.status for job in shown)
        streams.line(f"not shown: {counts_text(rest)}")


def explain_blocked(
    streams: Streams,
    record: SubmissionRecord,
    jobs: Sequence[JobRecord],
    unwritten: Sequence[str],
    locked: Sequence[str],
) -> None:
    """Why nothing more can run, and what to do; nothing where everything has ended."""
    waiting = [job for job in jobs if job.reason == Reason.INPUT_NOT_WRITTEN]
    waiting = [job for job in waiting if job.status is Status.BLOCKED]
    tasks = ", ".join(job.task for job in waiting)
    if record.unfinished and waiting and locked and not unwritten:
        streams.error(
            f"nothing more can run: task {tasks} reads the data node {', '.join(locked)}, which "
            "somebody is editing",
            "submit again when that is done",
        )
    elif record.unfinished and waiting:
        what = f"{' and '.join(unwritten)}, which" if unwritten else "a data node that"
        streams.error(
            f"nothing more can run: task {tasks} reads {what} was never written",
            "write it (taipy-exec data write, or --set NODE=VALUE) and submit again",
        )
