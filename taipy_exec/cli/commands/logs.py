"""`logs`: what jobs printed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.model.job import JobRecord
    from taipy_exec.store.store import Store

HELP = help_text(
    "Print the captured stdout, stderr and logging of a job, or of every job of a submission "
    "(each line with its task's name), and the traceback of what failed.",
    "taipy-exec logs SUBMISSION_1b2c3d4e",
    "taipy-exec logs JOB_train_5f6a7b8c --tail 50",
    "taipy-exec logs SUBMISSION_1b2c3d4e --follow",
)


def logs(
    wanted: Annotated[
        str, typer.Argument(metavar="JOB|SUBMISSION", help="Its id, or how it begins.")
    ],
    application_path: options.ApplicationPathOption = ".",
    follow: Annotated[bool, option("--follow", "-f", help="Go on until it ends.")] = False,
    tail: Annotated[
        int | None, option("--tail", min=0, metavar="N", help="Only the last N lines of each job.")
    ] = None,
    json_output: options.Json = False,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.state import open_state
    from taipy_exec.cli.streams import Streams

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    store, folder = open_state(application_path, state_dir)
    jobs = find_jobs(store, wanted)
    several = len(jobs) > 1
    if json_output:
        _print_json(streams, folder, jobs, tail)
        return 0
    readers = {
        job.id: _Reader(streams, folder, job, f"{job.task} | " if several else "", tail)
        for job in jobs
    }
    while True:
        jobs = [store.find_job(job.id) for job in jobs] if follow else jobs
        for job in jobs:
            readers[job.id].advance(job)
        if not follow or all(job.status.is_final for job in jobs):
            return 0
        time.sleep(0.2)


def find_jobs(store: Store, wanted: str) -> list[JobRecord]:
    """One job, or all of a submission. Raises NotFoundError."""
    if wanted.startswith("JOB_"):
        return [store.find_job(wanted)]
    return store.jobs(store.submission(wanted).id)


class _Reader:
    """Prints one job's log as it grows, and its failure once it has failed.

    `tail` is about what is there at the first look; what comes later is printed as a whole.
    """

    def __init__(
        self, streams: Streams, folder: Path, job: JobRecord, prefix: str, tail: int | None
    ) -> None:
        from taipy_exec.store.logs import log_path

        self._streams = streams
        self._path = log_path(folder, job.submission, job.id)
        self._prefix = prefix
        self._tail = tail
        self._at = 0
        self._rest = b""
        self._told = False

    def advance(self, job: JobRecord) -> None:
        lines = self._new_lines(final=job.status.is_final)
        if self._tail is not None:
            lines = lines[-self._tail :] if self._tail else []
            self._told = self._tail == 0 and job.failure is not None
            self._tail = None
        for line in lines:
            self._streams.data(self._prefix + line)
        if job.failure and not self._told:
            self._told = True
            text = job.failure.traceback or f"{job.failure.kind}: {job.failure.message}"
            for line in text.rstrip().splitlines():
                self._streams.data(self._prefix + line)

    def _new_lines(self, *, final: bool) -> list[str]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                data = file.read()
        except OSError:
            return []
        self._at += len(data)
        whole, _, self._rest = (self._rest + data).rpartition(b"\n")
        if final and self._rest:
            whole, self._rest = (whole + b"\n" if whole else b"") + self._rest, b""
        return whole.decode("utf-8", "replace").split("\n") if whole else []


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
