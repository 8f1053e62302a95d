"""Finding the state of an application without reading its configuration: that is quick."""

from __future__ import annotations

import shlex
from pathlib import Path

from taipy_exec.config.application_path import state_folder, whole_path
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.store.store import Store


def same_place(app: str, state_dir: Path | None) -> str:
    """What a command in a hint needs to mean the same application and state."""
    place = "" if app in (".", "config.toml", "main.py") else f" -a {shlex.quote(app)}"
    return place if state_dir is None else f"{place} --state-dir {shlex.quote(str(state_dir))}"


def as_argument(where: str) -> str:
    """What `same_place` gave, for a command that takes the application as its argument."""
    return where.replace(" -a ", " ", 1)


def submit_again(app: str, state_dir: Path | None, scenario: str) -> str:
    """The command that submits a scenario of this application."""
    return f"taipy-exec submit{as_argument(same_place(app, state_dir))} --scenario {scenario}"


def what_now(record: SubmissionRecord, where: str) -> str:
    """What its user can do with a submission that has not ended and that nobody works on."""
    if record.program is None:
        return f"taipy-exec resume {record.id}{where}"
    return (
        f"its program has left it; taipy-exec cancel {record.id}{where} gives it up, and so does "
        f"the next start of {record.program}"
    )


def refuse_program(record: SubmissionRecord, hint: str | None = None) -> None:
    """Raises UsageError for a submission of a program, which only that program can carry on."""
    if record.program is not None:
        raise UsageError(
            f"{record.id} was submitted by the program {record.program}, and only that can submit "
            "it again",
            hint or f"start it: taipy-exec run {shlex.quote(record.program)}",
        )


def open_state(application_path: str, state_dir: Path | None) -> tuple[Store, Path]:
    """The state store of an application without reading its configuration.

    Raises NotFoundError where nothing was ever submitted there.
    """
    path = whole_path(application_path)
    folder = state_folder(path if path.is_dir() else path.parent, state_dir)
    if not Store.exists(folder):
        raise NotFoundError(
            f"nothing was submitted here: there is no {folder / 'state.db'}",
            "submit it first"
            if path != Path.cwd()
            else "name the application with --application-path, or submit it first",
        )
    where = same_place(application_path, state_dir)
    return Store(folder, create=False, where=where), folder
