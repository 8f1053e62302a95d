"""Finding the state of an application quickly, without reading its configuration."""

from __future__ import annotations

import shlex
from pathlib import Path

from taipy_exec.config.application_path import STATE_FILE
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.operations.listener import Listener
from taipy_exec.operations.location import Location
from taipy_exec.store.store import Store
from taipy_exec.views.hints import as_argument


def submit_again(location: Location, scenario: str) -> str:
    """The command that submits a scenario of this application."""
    return f"taipy-exec submit{as_argument(location.where_of_application)} --scenario {scenario}"


def what_now(record: SubmissionRecord, where: str) -> str:
    """The command for an unfinished submission that no process works on, in words."""
    if record.program is None:
        return f"taipy-exec resume {record.short_id}{where}"
    return (
        f"its program has ended. Cancel it: taipy-exec cancel {record.short_id}{where} (the next "
        f"start of {record.program} cancels it too)"
    )


def warn_of_no_process(
    listener: Listener, store: Store, record: SubmissionRecord, where: str
) -> bool:
    """Warn if no process works on a submission; whether it did."""
    lost = store.is_interrupted(record)
    if lost:
        listener.warn(f"no process works on {record.short_id}: {what_now(record, where)}")
    return lost


def refuse_program(record: SubmissionRecord, hint: str | None = None) -> None:
    """Raises UsageError for a submission of a program, which only that program can submit again."""
    if record.program is not None:
        raise UsageError(
            f"{record.short_id} was submitted by the program {record.program}, and only that can "
            "submit it again",
            hint or f"start it: taipy-exec run {shlex.quote(record.program)}",
        )


def open_state(location: Location) -> Store:
    """The state store of an application without reading its configuration.

    Raises NotFoundError if nothing was ever submitted there.
    """
    folder = location.state_folder
    if not Store.exists(folder):
        raise NotFoundError(
            f"nothing was submitted here: there is no {folder / STATE_FILE}",
            "submit it first"
            if location.path != Path.cwd()
            else "name the application with --application-path, or submit it first",
        )
    return Store(folder, create=False, where=location.where)
