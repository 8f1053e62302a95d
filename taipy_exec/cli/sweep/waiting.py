"""`wait` for a sweep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from taipy_exec.cli import outcome
from taipy_exec.cli.sweep.result import show_stored_sweep
from taipy_exec.operations.sweep.stored import submissions_of_sweep

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.store.store import Store

_LOOK_SECONDS = 0.1


def wait_for_sweep(
    streams: Streams,
    store: Store,
    group: str,
    where: str,
    redacted: Callable[[str], str],
    deadline: float | None,
) -> int:
    """Wait until all submissions of a sweep have ended, and print the result; the exit code.

    After `deadline` (monotonic clock) it is that of a timeout. Raises NotFoundError.
    """
    told = False
    while True:
        records = submissions_of_sweep(store, group)
        id = str(records[0].group)
        left = [record for record in records if record.finished_at is None]
        if not left or (deadline is not None and time.monotonic() >= deadline):
            break
        lost = [one for one in left if one.coordinator and store.is_interrupted(one)]
        if lost and not told:
            named = store.short_id(id)
            streams.warn(f"no process works on {named}: taipy-exec resume {named}{where}")
            told = True
        time.sleep(_LOOK_SECONDS)
    rows = show_stored_sweep(streams, store, id, where, redacted)
    if left:
        return outcome.TIMED_OUT
    return outcome.worst(outcome.exit_code(row.record, row.jobs) for row in rows)
