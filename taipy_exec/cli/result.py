"""The result of a submission as `submit`, `resume` and `wait` show it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from taipy_exec.cli.render import counts_text, jobs_table, reason_text, summary_line
from taipy_exec.cli.shapes import dump, submission_shape
from taipy_exec.cli.streams import Streams
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import DONE, Reason, Status
from taipy_exec.store.logs import log_path

_SHOWN_FAILURES = 3
_TAIL_LINES = 10
_SHOWN_JOBS = 100


def show_result(
    streams: Streams,
    record: SubmissionRecord,
    jobs: list[JobRecord] | tuple[JobRecord, ...],
    state_dir: Path,
    where: str,
    *,
    table: bool,
    unwritten: Sequence[str] = (),
    locked: Sequence[str] = (),
) -> None:
    """The result of a submission: JSON, or a table and what to do about failures.

    `unwritten` and `locked` name the data nodes that jobs wait for, where they are known.
    """
    if streams.json:
        streams.data(dump(submission_shape(record, jobs), lines=streams.events))
    elif streams.events:
        streams.note(summary_line(record))
    else:
        if table and jobs:
            _show_jobs(streams, jobs)
        streams.data(summary_line(record))
    _explain_failures(streams, jobs, state_dir, where)
    _explain_blocked(streams, record, jobs, unwritten, locked)


def _show_jobs(streams: Streams, jobs: list[JobRecord] | tuple[JobRecord, ...]) -> None:
    """All jobs, or of very many those that are not simply done."""
    shown = list(jobs)
    if len(jobs) > _SHOWN_JOBS:
        shown = [job for job in jobs if job.status not in DONE][:_SHOWN_JOBS]
    if shown:
        streams.show(jobs_table(shown, unicode=streams.unicode))
    if len(shown) < len(jobs):
        rest = Counter(job.status for job in jobs) - Counter(job.status for job in shown)
        streams.data(f"not shown: {counts_text(rest)}")


def _explain_failures(
    streams: Streams, jobs: list[JobRecord] | tuple[JobRecord, ...], state_dir: Path, where: str
) -> None:
    failed = [job for job in jobs if job.status is Status.FAILED]
    for job in failed[:_SHOWN_FAILURES]:
        streams.error(f"task {job.task} failed: {reason_text(job)}")
        if job.failure and job.failure.traceback and not streams.quiet:
            streams.note(_indented(job.failure.traceback.rstrip().splitlines()), style="dim")
        tail = _tail(log_path(state_dir, job.submission, job.id))
        if tail and not streams.quiet:
            streams.note("  the end of what it printed:", style="dim")
            streams.note(_indented(tail, "  | "), style="dim")
    if failed:
        if len(failed) > _SHOWN_FAILURES:
            streams.note(f"and {len(failed) - _SHOWN_FAILURES} more failed jobs")
        id = failed[0].submission
        streams.note(f"hint: taipy-exec logs {id}{where}", style="cyan")
        streams.note(f"hint: taipy-exec retry {id}{where} runs what is left", style="cyan")


def _explain_blocked(
    streams: Streams,
    record: SubmissionRecord,
    jobs: list[JobRecord] | tuple[JobRecord, ...],
    unwritten: Sequence[str],
    locked: Sequence[str],
) -> None:
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
        what = f"the data node {', '.join(unwritten)}, which" if unwritten else "a data node that"
        streams.error(
            f"nothing more can run: task {tasks} reads {what} was never written",
            "write it (taipy-exec data write, or --set NODE=VALUE) and submit again",
        )


def _indented(lines: list[str], mark: str = "  ") -> str:
    return "\n".join(mark + line for line in lines)


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - 4096, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-_TAIL_LINES:]
