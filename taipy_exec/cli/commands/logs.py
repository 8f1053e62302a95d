"""`logs`: what jobs printed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option
from taipy_exec.errors import UsageError
from taipy_exec.model.status import Status

if TYPE_CHECKING:
    from taipy_exec.cli.job_output import JobOutput
    from taipy_exec.cli.streams import Streams
    from taipy_exec.model.job import JobRecord, SubmissionRecord
    from taipy_exec.operations.job_filter import JobFilter
    from taipy_exec.store.store import Store

HELP = help_text(
    "Print the captured stdout, stderr and logging of a job, or of every job of a submission "
    "(each line with its task's name), and the tracebacks of failed jobs. With --follow, the lines "
    "of all jobs are printed as they come, until the submission ends. A terminal gets text and "
    "colours only; a pipe and a file get the bytes unchanged, as does a terminal with --raw.",
    "taipy-exec logs SUBMISSION_1b2c3d4e",
    "taipy-exec logs JOB_train_5f6a7b8c --tail 50",
    "taipy-exec logs SUBMISSION_1b2c3d4e --follow",
    "taipy-exec logs @1 --failed --timestamps",
)


@command(*ALL)
def logs(
    call: Call,
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="[JOB|SUBMISSION]",
            help=options.WHICH_JOB,
            show_default=False,
            autocompletion=completion.submissions_and_jobs,
        ),
    ] = "",
    application_path: options.ApplicationPathOption = ".",
    follow: Annotated[
        bool, option("--follow", "-f", help="Print new lines as they come, until it ends.")
    ] = False,
    tail: Annotated[
        int | None,
        option(
            "--tail",
            min=0,
            max=options.MOST,
            metavar="N",
            help="Only the last N lines of each job.",
        ),
    ] = None,
    timestamps: Annotated[
        bool, option("--timestamps", "-t", help="Begin each line with its date and time.")
    ] = False,
    failed: options.Failed = False,
    statuses: options.Statuses = None,
    task: options.Tasks = None,
    since: options.Since = None,
    limit: Annotated[
        int | None,
        option(
            "--limit",
            "-n",
            min=0,
            max=options.MOST,
            metavar="N",
            help="At most N jobs; 0 shows all.",
        ),
    ] = None,
    raw: Annotated[
        bool, option("--raw", help="Print the bytes unchanged, on a terminal too.")
    ] = False,
) -> int:
    from taipy_exec.cli.job_output import follow as follow_jobs
    from taipy_exec.cli.job_output import job_outputs
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.operations.job_filter import job_filter
    from taipy_exec.operations.redaction import discreet, redaction_for
    from taipy_exec.operations.state import what_now

    chosen = job_filter(
        failed=failed, statuses=statuses, tasks=task, since=since, limit=limit, now=time.time()
    )
    if follow and (chosen.statuses or limit is not None):
        raise UsageError(
            "--follow shows jobs that have not begun yet: it cannot be combined with --failed, "
            "--status and --limit",
            "remove one of them",
        )
    streams = call.streams
    location = call.location
    store = call.store
    # With --follow, jobs that run later count too.
    jobs = _find_jobs(store, wanted, replace(chosen, since=None) if follow else chosen)
    if jobs:
        location.take_from(store.submission(jobs[0].submission))
    where = location.where
    redacted = redaction_for(location)
    told = False

    def is_left(record: SubmissionRecord) -> bool:
        nonlocal told
        left = bool(record.coordinator) and is_interrupted(store.folder, record)
        if left and not told:
            told = True
            streams.warn(f"no process works on {record.short_id}: {what_now(record, where)}")
        return left

    outputs = {}
    if not streams.json:
        outputs = job_outputs(
            streams,
            store.folder,
            jobs,
            tail,
            redacted,
            raw=raw,
            timestamps=timestamps,
            since=chosen.since,
        )
    if follow and jobs:
        follow_jobs(store, jobs, outputs, streams, is_left)
    elif not streams.json:
        for job in jobs:
            outputs[job.id].advance(job, last=True)
    if streams.json:
        jobs = [discreet(store.find_job(job.id), redacted) for job in jobs]
        _print_json(streams, store.folder, jobs, tail, chosen.since, timestamps=timestamps)
    else:
        _tell_what_is_not_there(streams, jobs, outputs.values() if tail != 0 else ())
    return 0


def _find_jobs(store: Store, wanted: str, chosen: JobFilter) -> list[JobRecord]:
    """The wanted jobs: one job, those of a task, or those of a submission.

    Raises NotFoundError.
    """
    from taipy_exec.config.mapped import whole_name
    from taipy_exec.operations.chosen import chosen_job

    record, job = chosen_job(store, wanted)
    jobs = chosen.jobs(store, record.id)
    if job is None:
        return jobs
    of_task = job.task if job.task == wanted else None
    return [one for one in jobs if one.id == job.id or whole_name(one.task) == of_task]


def _tell_what_is_not_there(
    streams: Streams, jobs: Sequence[JobRecord], outputs: Iterable[JobOutput]
) -> None:
    """Show why nothing was printed, or that the times of lines are not known."""
    outputs = list(outputs)
    if not any(output.printed for output in outputs) and (outputs or not jobs):
        streams.note(f"no output: {what_became_of(jobs)}")
    if any(output.lacks_times for output in outputs):
        streams.warn("the times of some of these lines are not known")


def what_became_of(jobs: Sequence[JobRecord]) -> str:
    """`3 jobs were skipped`, `fit failed`, `2 jobs: 1 completed, 1 abandoned`."""
    from taipy_exec.views.words import counts_text, reason_text

    counts = Counter(job.status for job in jobs)
    if not jobs:
        return "no such jobs"
    if len(counts) > 1:
        return f"{len(jobs)} jobs: {counts_text(counts)}"
    status, is_one = jobs[0].status, len(jobs) == 1
    who = jobs[0].task if is_one else f"{len(jobs)} jobs"
    verb = ("was " if is_one else "were ") if status.is_final else "is " if is_one else "are "
    if status in (Status.COMPLETED, Status.FAILED):
        verb = ""
    why = f" ({reason_text(jobs[0])})" if is_one and jobs[0].reason else ""
    return f"{who} {verb}{status.name.lower()}{why}"


def _print_json(
    streams: Streams,
    folder: Path,
    jobs: list[JobRecord],
    tail: int | None,
    since: float | None,
    *,
    timestamps: bool,
) -> None:
    from taipy_exec.cli.job_output import timed_lines
    from taipy_exec.store.logs import log_path
    from taipy_exec.views.json_objects import dump, when

    entries = []
    for job in jobs:
        path = log_path(folder, job.submission, job.id)
        text = path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
        lines = timed_lines(path, since) if timestamps or since is not None else []
        if since is not None:
            text = "".join(f"{line}\n" for _, line in lines)
        if tail is not None:
            text = "\n".join(text.splitlines()[-tail:] if tail else [])
            lines = lines[-tail:] if tail else []
        entry: dict[str, object] = {
            "job": job.id,
            "task": job.task,
            "status": job.status.name,
            "log": text,
            "error": job.failure.as_json() if job.failure else None,
        }
        if timestamps:
            entry["lines"] = [{"at": when(at), "text": line} for at, line in lines]
        entries.append(entry)
    streams.data(dump({"logs": entries}))
