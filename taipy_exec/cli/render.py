"""Tables and lines of text for people."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from taipy_exec.engine.retries import RETRIES
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.views.words import (
    CUT,
    GLYPHS,
    clock,
    counts_text,
    duration,
    most_telling_count,
    reason_text,
)
from taipy_exec.visible_text import one_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text


_LINES_OF_REASON = 3

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


def status_text(status: Status, *, unicode: bool) -> Text:
    """A status with its glyph and colour: never colour alone."""
    from rich.text import Text

    glyph = GLYPHS[status][0 if unicode else 1]
    return Text(f"{glyph} {status.name}", style=STYLES[status.name], no_wrap=True)


def line(text: str, *, style: str = "") -> Text:
    """Text that stays on one line, whatever it contains."""
    from rich.text import Text

    return Text(one_line(text), style=style)


def jobs_table(
    jobs: Iterable[JobRecord],
    *,
    unicode: bool = True,
    ids: bool = False,
    where: str = "",
    now: float | None = None,
    reasons_to_wait: Mapping[str, str] | None = None,
) -> RenderableType:
    """All jobs, one row each, by their task or by their own ids.

    `now` (seconds since the epoch) gives the running time of running jobs.

    A long reason is cut; then the table names the command that shows the whole. `where` makes that
    command mean the same application. `reasons_to_wait` has more about jobs, by their ids.
    """
    table, reasons = new_table(), []
    for title, extra in (
        ("Job", {"no_wrap": True}) if ids else ("Task", {"overflow": "fold"}),
        ("Status", {"no_wrap": True}),
        ("Time", {"justify": "right", "no_wrap": True}),
        ("Reason", {"overflow": "fold"}),
    ):
        table.add_column(title, **extra)
    for job in jobs:
        attempt = f"attempt {job.attempt}" if job.attempt > 1 else ""
        is_open = not job.status.is_final
        reason = (reasons_to_wait or {}).get(job.id) or reason_text(job)
        parts = (attempt, reason) if is_open else (reason or attempt,)
        text = ", ".join(filter(None, parts))
        reasons.append(_Reason(text, job, where))
        table.add_row(
            job.short_id if ids else job.task,
            status_text(job.status, unicode=unicode),
            duration(job.duration if now is None else job.seconds(now)),
            reasons[-1],
        )
    return _Jobs(table, reasons)


class _Jobs:
    """The table, and a line about the reasons that had to be cut on this screen."""

    def __init__(self, table: Table, reasons: Sequence[_Reason]) -> None:
        self._table = table
        self._reasons = reasons

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._table, options)
        cut = [reason for reason in self._reasons if reason.is_cut]
        if cut:
            more = f" (the same for {len(cut) - 1} more)" if len(cut) > 1 else ""
            yield line(f"{cut[0].command} shows the whole reason{more}", style="dim")


class _Reason:
    """A reason on no more lines than a table has room for."""

    def __init__(self, text: str, job: JobRecord, where: str) -> None:
        self._text = text
        self._job = job
        self._where = where
        self.is_cut = False

    @property
    def command(self) -> str:
        return f"taipy-exec logs {self._job.short_id}{self._where}"

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement
        from rich.text import Text

        return Measurement.get(console, options, Text(self._text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        lines = Text(self._text, overflow="fold").wrap(console, options.max_width)
        self.is_cut = len(lines) > _LINES_OF_REASON
        shown = lines[:_LINES_OF_REASON]
        if self.is_cut:
            last = shown[-1]
            last.rstrip()
            last.truncate(max(options.max_width - len(CUT), 0))
            last.append(CUT)
        yield from shown


def submissions_table(
    records: Sequence[SubmissionRecord], interrupted: Mapping[str, bool]
) -> RenderableType:
    """The submissions, newest first; on a narrow screen only what fits."""
    return _Submissions(records, interrupted)


# Columns left out on a narrow screen, after the mode; the ids and the statuses always stay.
_LEAST_NEEDED = ("Name", "Retry", "Time", "Scenario", "Submitted", "Jobs")


class _Submissions:
    """A table whose columns depend on the room there is for it."""

    def __init__(
        self, records: Sequence[SubmissionRecord], interrupted: Mapping[str, bool]
    ) -> None:
        self._rows = [_submission_row(r, bool(interrupted.get(r.id))) for r in records]
        for row, retry in zip(self._rows, _retries(records), strict=True):
            row["Retry"] = retry
        self._short = [
            {**row, "Jobs": _short_progress(record)}
            for row, record in zip(self._rows, records, strict=True)
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        everything = options.update(width=10_000)
        for table in self._narrower_and_narrower():
            if console.measure(table, options=everything).maximum <= options.max_width:
                break
        yield table

    def _narrower_and_narrower(self) -> Iterator[Table]:
        columns = list(self._rows[0]) if self._rows else []
        if not any(row["Retry"] for row in self._rows):
            columns.remove("Retry")
        yield _table_of(self._rows, columns)
        if not any(row["Name"] for row in self._rows):
            columns.remove("Name")
            yield _table_of(self._rows, columns)
        columns = [c for c in columns if c != "Mode"]
        yield _table_of(self._rows, columns)
        yield _table_of(self._short, columns)
        for column in _LEAST_NEEDED:
            columns = [c for c in columns if c != column]
            yield _table_of(self._short, columns)


def _table_of(rows: Sequence[Mapping[str, str | Text]], columns: Sequence[str]) -> Table:
    table = new_table()
    for title in columns:
        table.add_column(title, overflow="fold", no_wrap=title in ("Submission", "Status"))
    for row in rows:
        table.add_row(*(row[title] for title in columns))
    return table


def _submission_row(record: SubmissionRecord, interrupted: bool) -> dict[str, str | Text]:
    from rich.text import Text

    status, end = record.status.name, record.finished_at
    text = Text(status, style=STYLES[status])
    if interrupted:
        why = "waits for data" if record.waits_for_data else "interrupted"
        text.append(f" ({why})", style="yellow")
    elif end is None and record.unfinished and status in ("FAILED", "CANCELED"):
        text.append(f" ({record.unfinished} still to end)", style="dim")
    if record.paused and end is None:
        text.append(" (paused)", style="yellow")
    return {
        "Submission": record.short_id,
        "Scenario": record.scenario,
        "Name": record.name if record.name not in (record.scenario, record.instance) else "",
        "Mode": record.mode,
        "Status": text,
        "Jobs": f"{_progress(record)}{counts_text(record.counts)}",
        "Submitted": clock(record.created_at),
        "Time": duration(_seconds(record, interrupted)),
    }


def _seconds(record: SubmissionRecord, interrupted: bool) -> float | None:
    """How long it took, or has been running; None if no process works on it."""
    end = time.time() if record.finished_at is None and not interrupted else record.finished_at
    return None if end is None else max(end - record.created_at, 0.0)


def _progress(record: SubmissionRecord) -> str:
    """`12/40: ` for one that has not ended."""
    total = sum(record.counts.values())
    return f"{total - record.unfinished}/{total}: " if record.finished_at is None else ""


def _short_progress(record: SubmissionRecord) -> str:
    """`12/40`, `12/40, 1 failed`; for one that has ended, the most important count."""
    if record.finished_at is not None:
        return most_telling_count(record.counts)
    total, failed = sum(record.counts.values()), record.counts.get(Status.FAILED)
    return f"{total - record.unfinished}/{total}" + (f", {failed} failed" if failed else "")


def _retries(records: Sequence[SubmissionRecord]) -> list[str]:
    """For each one `of 1b2c3d4e`, which it retries, and `by 9f8e7d6c`, which retries it."""
    by = {str(r.properties[RETRIES]): r.id for r in records if RETRIES in r.properties}
    found = []
    for record in records:
        pairs = (("of", record.properties.get(RETRIES)), ("by", by.get(record.id)))
        shown = [(word, record.shorten(str(id))) for word, id in pairs if id]
        found.append(", ".join(f"{word} {id.rpartition('_')[2]}" for word, id in shown))
    return found


def new_table() -> Table:
    """The one style of table: a rule under the head, no boxes."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
