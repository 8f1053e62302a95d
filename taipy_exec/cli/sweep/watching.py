"""`status SWEEP --watch`: a sweep that another process works on, until its last job ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from taipy_exec.cli.sweep.result import show_sweep
from taipy_exec.cli.sweep.table import SweepTable
from taipy_exec.operations.sweep.stored import stored_rows

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.operations.sweep.rows import CombinationRow
    from taipy_exec.store.store import Store

_LOOK_SECONDS = 0.25


def watch_sweep(
    streams: Streams, store: Store, group: str, where: str, redacted: Callable[[str], str]
) -> None:
    """On a terminal, the live table; elsewhere the sweep again after each change.

    Returns when all submissions of the sweep have ended. Raises NotFoundError.
    """
    rows = stored_rows(store, group)
    group = str(rows[0].record.group)
    table = _live_table(streams, store, group, rows, redacted)
    told = False
    with table.shown() if table else nullcontext():
        version = store.data_version()
        while _unfinished(rows):
            if table is None:
                show_sweep(
                    streams, group, rows, store.folder, where, redacted, table=True, explains=False
                )
            while (now := store.data_version()) == version:
                if not told and (text := _lost(store, rows, where)):
                    told = True
                    if table is None:
                        streams.warn(text)
                    else:
                        table.notice = text
                time.sleep(_LOOK_SECONDS)
            version = now
            rows = stored_rows(store, group)
            if table is not None:
                table.follow(rows)
    is_shown = table is not None and streams.data_is_terminal
    show_sweep(streams, group, rows, store.folder, where, redacted, table=not is_shown)


def _unfinished(rows: Sequence[CombinationRow]) -> bool:
    return any(row.record.finished_at is None for row in rows)


def _live_table(
    streams: Streams,
    store: Store,
    group: str,
    rows: Sequence[CombinationRow],
    redacted: Callable[[str], str],
) -> SweepTable | None:
    if not streams.is_live or not _unfinished(rows):
        return None
    first = rows[0].record
    usual = store.usual_durations(first.scenario, first.file)
    # The number of jobs at once is not known without the configuration.
    return SweepTable(streams, group, rows, usual, None, redacted, time.time)


def _lost(store: Store, rows: Sequence[CombinationRow], where: str) -> str | None:
    """A warning if a submission has no process; None if all have one."""
    for row in rows:
        if row.record.coordinator and store.is_interrupted(row.record):
            id = store.short_id(str(row.record.group))
            return f"no process works on {id}: taipy-exec resume {id}{where}"
    return None
