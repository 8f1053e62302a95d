"""`logs`: what jobs printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.model.job import JobRecord, SubmissionRecord
    from taipy_exec.store.store import Store

HELP = help_text(
    "Print the captured stdout, stderr and logging of a job, or of every job of a submission "
    "(each line with its task's name), and the traceback of what failed. With --follow, lines of "
    "all jobs come as they are printed, until the submission ends. A terminal gets their text and "
    "colours only; a pipe and a file get the bytes as they are, and so does a terminal with --raw.",
    "taipy-exec logs SUBMISSION_1b2c3d4e",
    "taipy-exec logs JOB_train_5f6a7b8c --tail 50",
    "taipy-exec logs SUBMISSION_1b2c3d4e --follow",
)


def logs(
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
        bool, option("--follow", "-f", help="Print what comes, until it ends.")
    ] = False,
    tail: Annotated[
        int | None, option("--tail", min=0, metavar="N", help="Only the last N lines of each job.")
    ] = None,
    raw: Annotated[
        bool, option("--raw", help="Print the bytes as they are, on a terminal too.")
    ] = False,
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.job_output import follow as follow_jobs
    from taipy_exec.cli.job_output import job_outputs
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.redaction import discreet, redaction_for
    from taipy_exec.cli.state import open_state, what_now
    from taipy_exec.cli.streams import Streams
    from taipy_exec.engine.identity import is_interrupted

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, state_dir, root)
    store = open_state(location)
    jobs = find_jobs(store, wanted)
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
            streams.warn(f"nobody works on {record.short_id}: {what_now(record, where)}")
        return left

    outputs = {}
    if not json_output:
        outputs = job_outputs(streams, store.folder, jobs, tail, redacted, raw=raw)
    if follow and jobs:
        follow_jobs(store, jobs, outputs, streams, is_left)
    elif not json_output:
        for job in jobs:
            outputs[job.id].advance(job, last=True)
    if json_output:
        jobs = [discreet(store.find_job(job.id), redacted) for job in jobs]
        _print_json(streams, store.folder, jobs, tail)
    return 0


def find_jobs(store: Store, wanted: str) -> list[JobRecord]:
    """One job, or all of a submission. Raises NotFoundError."""
    from taipy_exec.cli.chosen import chosen_job

    record, job = chosen_job(store, wanted)
    return [job] if job else store.jobs(record.id)


def _print_json(streams: Streams, folder: Path, jobs: list[JobRecord], tail: int | None) -> None:
    from taipy_exec.cli.shapes import dump
    from taipy_exec.store.logs import log_path

    entries = []
    for job in jobs:
        path = log_path(folder, job.submission, job.id)
        text = path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
        if tail is not None:
            text = "\n".join(text.splitlines()[-tail:] if tail else [])
        entries.append(
            {
                "job": job.id,
                "task": job.task,
                "status": job.status.name,
                "log": text,
                "error": job.failure.as_json() if job.failure else None,
            }
        )
    streams.data(dump({"logs": entries}))
