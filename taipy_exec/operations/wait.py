"""Waiting until a submission ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from taipy_exec.operations.state import warn_of_no_process

if TYPE_CHECKING:
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.operations.listener import Listener
    from taipy_exec.store.store import Store

_LOOK_SECONDS = 0.05


def wait(
    store: Store, id: str, listener: Listener, where: str, deadline: float | None = None
) -> SubmissionRecord:
    """The submission when it has ended, or as it is at `deadline` (monotonic clock).

    Warns once if no process works on it; `where` are the options of commands in that warning.
    """
    warned = False
    while True:
        record = store.submission(id)
        late = deadline is not None and time.monotonic() >= deadline
        if record.finished_at is not None or late:
            return record
        # Without a coordinator, the process that it was left to has not begun with it yet.
        if not warned and record.coordinator:
            warned = warn_of_no_process(listener, store, record, where)
        time.sleep(_LOOK_SECONDS)
