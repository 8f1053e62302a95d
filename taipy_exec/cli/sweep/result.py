"""The result of a sweep: a row for each combination, what failed, and what to do now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taipy_exec.cli.ci_system import CiSystem, harmless_json
from taipy_exec.cli.failures import explain_failures, summarize
from taipy_exec.cli.fitting_table import FittingTable
from taipy_exec.cli.render import STYLES
from taipy_exec.cli.result import explain_blocked
from taipy_exec.cli.streams import Streams
from taipy_exec.engine.sweep import without_secrets
from taipy_exec.model.status import DONE, Status
from taipy_exec.operations.missing_data import NOTHING, Waits
from taipy_exec.operations.redaction import discreet
from taipy_exec.operations.sweep.rows import (
    CombinationRow,
    counts_of_statuses,
    status_counts,
    value_cells,
    value_columns,
)
from taipy_exec.operations.sweep.stored import stored_rows
from taipy_exec.views.json_objects import dump, submission_shape
from taipy_exec.views.value_json import as_json
from taipy_exec.views.words import counts_text, duration, several
from taipy_exec.visible_text import one_line

if TYPE_CHECKING:
    from taipy_exec.store.store import Store

_EXPLAINED = 3
_SHOWN = 200
_SUMMARIZED = 20


def sweep_shape(group: str, rows: Sequence[CombinationRow]) -> dict[str, Any]:
    """The object of `submit --sweep --json`: the submissions in the order of the combinations."""
    return {
        "group": group,
        "submissions": [
            {
                **submission_shape(row.record, row.jobs),
                "values": as_json(without_secrets(row.record.swept)),
            }
            for row in rows
        ],
    }


def show_sweep(
    streams: Streams,
    group: str,
    rows: Sequence[CombinationRow],
    state_dir: Path,
    where: str,
    redacted: Callable[[str], str],
    *,
    table: bool,
    waits: Mapping[str, Waits] | None = None,
    explains: bool = True,
) -> None:
    """Show the result of a sweep: JSON, or a table; if it `explains`, what to do about failures.

    `waits`: submission -> the data nodes that it waits for.
    """
    rows = [replace(row, jobs=[discreet(job, redacted) for job in row.jobs]) for row in rows]
    if streams.json:
        text = dump(sweep_shape(group, rows), lines=streams.events)
        streams.data(harmless_json(text) if streams.ci is CiSystem.GITHUB else text)
    elif streams.events:
        streams.note(summary(group, rows))
    else:
        if table:
            _show_table(streams, rows)
        streams.line(summary(group, rows))
    if not explains:
        return
    _explain(streams, rows, state_dir, where, redacted)
    for row in rows[:_SUMMARIZED]:
        summarize(streams, row.record, row.jobs, where)
    blocked = [row for row in rows if row.record.unfinished]
    for row in blocked[:1]:
        found = (waits or {}).get(row.record.id, NOTHING)
        explain_blocked(streams, row.record, row.jobs, found)


def show_stored_sweep(
    streams: Streams, store: Store, group: str, where: str, redacted: Callable[[str], str]
) -> list[CombinationRow]:
    """The result of a sweep as it is stored now, and what was shown. Raises NotFoundError."""
    rows = stored_rows(store, group)
    id = str(rows[0].record.group)
    show_sweep(streams, id, rows, store.folder, where, redacted, table=True)
    return rows


def summary(group: str, rows: Sequence[CombinationRow]) -> str:
    """`SWEEP_...: 6 combinations (5 completed, 1 failed) in 12.3s`."""
    begin = min(row.record.created_at for row in rows)
    ends = [row.record.finished_at for row in rows]
    known = [end for end in ends if end is not None]
    took = f" in {duration(max(max(known) - begin, 0.0))}" if len(known) == len(rows) else ""
    count = several(len(rows), "combination")
    return f"{group}: {count} ({counts_of_statuses(status_counts(rows))}){took}"


def _show_table(streams: Streams, rows: Sequence[CombinationRow]) -> None:
    """Show all combinations; if there are very many, only those that are not simply done."""
    shown = rows
    if len(rows) > _SHOWN:
        shown = [row for row in rows if not _is_done(row)][:_SHOWN]
    if shown:
        streams.show(_table(shown))
    if len(shown) < len(rows):
        rest = status_counts(rows) - status_counts(shown)
        streams.line(f"not shown: {counts_of_statuses(rest)}")


def _table(rows: Sequence[CombinationRow]) -> FittingTable:
    from rich.text import Text

    nodes = value_columns([row.record for row in rows])
    columns: dict[str, dict[str, Any]] = {one_line(node): {"overflow": "fold"} for node in nodes}
    columns |= {
        "Status": {"no_wrap": True},
        "Jobs": {},
        "Time": {"no_wrap": True, "justify": "right"},
        "Submission": {"no_wrap": True},
    }
    cells: list[dict[str, str | Text]] = [
        {
            **dict(zip(columns, map(one_line, value_cells(row.record, nodes)), strict=False)),
            "Status": Text(row.status, style=STYLES[row.status]),
            "Jobs": counts_text(row.record.counts),
            "Time": duration(row.seconds(row.record.finished_at or row.record.created_at)),
            "Submission": row.record.short_id,
        }
        for row in rows
    ]
    return FittingTable(columns, cells, ["Jobs", "Submission", "Time"])


def _is_done(row: CombinationRow) -> bool:
    return all(status in DONE for status, count in row.record.counts.items() if count)


def _explain(
    streams: Streams,
    rows: Sequence[CombinationRow],
    state_dir: Path,
    where: str,
    redacted: Callable[[str], str],
) -> None:
    """Show the failures of the first combinations, and how many more failed."""
    failed = [row for row in rows if row.record.counts.get(Status.FAILED)]
    for row in failed[:_EXPLAINED]:
        named = [replace(job, task=f"{job.task} ({row.record.name})") for job in row.jobs]
        explain_failures(streams, named, state_dir, where, redacted)
    if len(failed) > _EXPLAINED:
        more = len(failed) - _EXPLAINED
        names = ", ".join(row.record.name for row in failed[_EXPLAINED:][:_EXPLAINED])
        others = f" and {more - _EXPLAINED} others" if more > _EXPLAINED else ""
        streams.note(f"{more} more failed: {names}{others}")
    abandoned = sum(row.status == Status.ABANDONED.name for row in rows)
    if failed and abandoned:
        were = "combination was" if abandoned == 1 else "combinations were"
        streams.note(f"{abandoned} {were} abandoned: a job failed that all of them share")
    canceled = sum(bool(row.record.counts.get(Status.CANCELED)) for row in rows)
    if canceled or (failed and abandoned):
        streams.hint("the same sweep again runs the remaining jobs")
    left = [row for row in rows if not _is_done(row)]
    if len(left) > 1 and all(row.record.finished_at is not None for row in rows):
        record = left[0].record
        command = f"taipy-exec retry {record.shorten(str(record.group))}{where}"
        streams.hint(f"retry what is left of all combinations: {command}")
