"""Tables and lines of text for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from taipy_exec.display.words import GLYPHS, counts_text, duration, reason_text, short_id
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

__all__ = [
    "GLYPHS",
    "clock",
    "counts_text",
    "duration",
    "jobs_table",
    "new_table",
    "reason_text",
    "short_id",
    "size",
    "status_text",
    "submissions_table",
    "summary_line",
]

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


def new_table() -> Table:
    """The one style of table: a rule under the head, no boxes."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
