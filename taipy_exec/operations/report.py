"""A report of a submission: its text, and the file with it."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from taipy_exec.data.files import replacing
from taipy_exec.errors import DataError, TaipyExecError, UsageError
from taipy_exec.operations.application import read_application
from taipy_exec.views.report import render_report
from taipy_exec.views.report.content import gather

if TYPE_CHECKING:
    from pathlib import Path

    from taipy_exec.config.application import AppConfig
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.operations.listener import Listener
    from taipy_exec.operations.location import Location
    from taipy_exec.store.store import Store


def report_text(
    location: Location, store: Store, record: SubmissionRecord, format: str, listener: Listener
) -> str:
    """The report in one of `FORMATS`. A warning says what could not be read for it."""
    # The page is read elsewhere: its commands contain the whole path of the application.
    where = location.where_from_afar
    with _uncollected():
        found = gather(
            store,
            record.id,
            _configuration(location.program(record.program) if record.program else location),
            now=time.time(),
            where=where,
            with_values=format in ("html", "json"),
            only_rows=format == "html",
        )
        for note in found.notes:
            listener.warn(note)
        return render_report(found, format)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for unused objects: all that a report reads is used, and there may be millions."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _configuration(location: Location) -> AppConfig | TaipyExecError:
    """The application's configuration, even with problems in it, or why there is none."""
    try:
        return read_application(location).config
    except TaipyExecError as error:
        return error


def write_report(path: Path, text: str) -> int:
    """Write the file as a whole; its size in bytes. Raises UsageError if that fails."""
    # A lone surrogate in a user's text must not prevent the report.
    content = text.encode("utf-8", "backslashreplace")
    try:
        with replacing(path, make_folder=False) as file:
            file.write(content)
    except DataError as error:
        what = error.message.removesuffix(": make it")
        raise UsageError(what, "make it, or name another file with -o") from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", "name another file with -o"
        ) from None
    return len(content)
