"""Finding the state of an application without reading its configuration: that is quick."""

from __future__ import annotations

import shlex
from pathlib import Path

from taipy_exec.cli.location import Location
from taipy_exec.config.application_path import STATE_FILE
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.store.store import Store


def as_argument(where: str) -> str:
    """`Location.where` for a command that takes the application as its argument."""
    return where.replace(" -a ", " ", 1)


def submit_again(location: Location, scenario: str) -> str:
    """The command that submits a scenario of this application."""
    return f"taipy-exec submit{as_argument(location.where_of_application)} --scenario {scenario}"


def what_now(record: SubmissionRecord, where: str) -> str:
    """What its user can do with a submission that has not ended and that nobody works on."""
    if record.program is None:
        return f"taipy-exec resume {record.short_id}{where}"
    return (
        f"its program has left it; taipy-exec cancel {record.short_id}{where} gives it up, and so "
        f"does the next start of {record.program}"
    )


def refuse_program(record: SubmissionRecord, hint: str | None = None) -> None:
    """Raises UsageError for a submission of a program, which only that program can carry on."""
    if record.program is not None:
        raise UsageError(
            f"{record.short_id} was submitted by the program {record.program}, and only that can "
            "submit it again",
            hint or f"start it: taipy-exec run {shlex.quote(record.program)}",
        )


def open_state(location: Location) -> Store:
    """The state store of an application without reading its configuration.

    Raises NotFoundError where nothing was ever submitted there.
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
