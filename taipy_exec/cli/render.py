"""Tables and lines of text for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from taipy_exec.cli.job_log import readable
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

GLYPHS = {
    Status.SUBMITTED: ("·", "."),
    Status.BLOCKED: ("○", "o"),
    Status.PENDING: ("◔", "-"),
    Status.RUNNING: ("▶", ">"),
    Status.CANCELED: ("⊘", "x"),
    Status.FAILED: ("✗", "X"),
    Status.COMPLETED: ("✓", "+"),
    Status.SKIPPED: ("↷", "="),
    Status.ABANDONED: ("⊖", "/"),
}
STYLES = {
    "SUBMITTED": "dim",
    "UNDEFINED": "yellow",
    "BLOCKED": "dim",
    "PENDING": "cyan",
    "RUNNING": "bold blue",
    "CANCELED": "yellow",
    "FAILED": "bold red",
    "COMPLETED": "green",
    "SKIPPED": "green dim",
    "ABANDONED": "yellow",
}


def status_text(status: Status, *, unicode: bool = True) -> Text:
    """A status with its glyph and colour: never colour alone."""
    from rich.text import Text

    glyph = GLYPHS[status][0 if unicode else 1]
    return Text(f"{glyph} {status.name}", style=STYLES[status.name], no_wrap=True)


def duration(seconds: float | None) -> str:
    """`12ms`, `3.4s`, `2m05s`, `1h02m`."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def size(number: int) -> str:
    """`512 B`, `3.4 kB`, `1.2 MB`."""
    if number < 1000:
        return f"{number} B"
    shown = float(number)
    for unit in ("kB", "MB", "GB", "TB"):
        shown /= 1000
        if shown < 999.95 or unit == "TB":
            break
    return f"{shown:.1f} {unit}"


def clock(seconds: float | None) -> str:
    """A local time of day, with the date unless it is today."""
    if seconds is None:
        return ""
    at = dt.datetime.fromtimestamp(seconds)
    return at.strftime("%H:%M:%S" if at.date() == dt.date.today() else "%Y-%m-%d %H:%M")


def counts_text(counts: Mapping[Status, int]) -> str:
    """`7 completed, 2 skipped, 1 failed`."""
    order = (
        Status.COMPLETED,
        Status.SKIPPED,
        Status.FAILED,
        Status.ABANDONED,
        Status.CANCELED,
        Status.RUNNING,
        Status.PENDING,
        Status.BLOCKED,
        Status.SUBMITTED,
    )
    parts = [f"{counts[s]} {s.name.lower()}" for s in order if counts.get(s)]
    return ", ".join(parts) or "no jobs"


def jobs_table(jobs: Iterable[JobRecord], *, unicode: bool = True) -> Table:
    """All jobs, one row each."""
    table = new_table()
    for title, extra in (
        ("Task", {"overflow": "fold"}),
        ("Status", {"no_wrap": True}),
        ("Time", {"justify": "right", "no_wrap": True}),
        ("Reason", {"overflow": "fold"}),
    ):
        table.add_column(title, **extra)
    for job in jobs:
        table.add_row(
            job.task,
            status_text(job.status, unicode=unicode),
            duration(job.duration),
            reason_text(job),
        )
    return table


def reason_text(job: JobRecord) -> str:
    """Why the job is in its status: the failure's first line where there is one."""
    if job.failure:
        first = job.failure.message.strip().splitlines()[0] if job.failure.message else ""
        return readable(f"{job.failure.type}: {first}" if job.failure.type else first)
    return (job.reason or "").replace("_", " ")


def submissions_table(
    records: Sequence[SubmissionRecord], interrupted: Mapping[str, bool]
) -> Table:
    """The submissions, newest first."""
    from rich.text import Text

    table = new_table()
    for title in ("Submission", "Scenario", "Name", "Mode", "Status", "Jobs", "Submitted", "Time"):
        table.add_column(title, overflow="fold", no_wrap=title in ("Submission", "Status"))
    for record in records:
        status = record.status.name
        text = Text(status, style=STYLES[status])
        if interrupted.get(record.id):
            why = "waits for data" if record.waits_for_data else "interrupted"
            text.append(f" ({why})", style="yellow")
        elif record.finished_at is None and record.unfinished and status in ("FAILED", "CANCELED"):
            text.append(f" ({record.unfinished} still to end)", style="dim")
        if record.paused and record.finished_at is None:
            text.append(" (paused)", style="yellow")
        end = record.finished_at
        table.add_row(
            short_id(record.id),
            record.scenario,
            record.name if record.name not in (record.scenario, record.instance) else "",
            record.mode,
            text,
            counts_text(record.counts),
            clock(record.created_at),
            duration(None if end is None else end - record.created_at),
        )
    return table


def summary_line(record: SubmissionRecord) -> str:
    """`SUBMISSION_... COMPLETED: 8 jobs (7 completed, 1 skipped) in 1.2s`."""
    total = sum(record.counts.values())
    took = (
        ""
        if record.finished_at is None
        else (f" in {duration(max(record.finished_at - record.created_at, 0.0))}")
    )
    jobs = "1 job" if total == 1 else f"{total} jobs"
    detail = f" ({counts_text(record.counts)})" if total else ""
    paused = " (paused)" if record.paused and record.finished_at is None else ""
    return f"{record.id} {record.status.name}{paused}: {jobs}{detail}{took}"


def short_id(id: str) -> str:
    """The part of an id that is enough to name it on the command line."""
    head, _, rest = id.rpartition("_")
    return f"{head}_{rest[:8]}"


def new_table() -> Table:
    """The one style of table: a rule under the head, no boxes."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
