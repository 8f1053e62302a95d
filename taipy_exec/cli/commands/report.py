"""`report`: a submission described in one file."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from taipy_exec.config.application import AppConfig
    from taipy_exec.errors import TaipyExecError
    from taipy_exec.operations.location import Location

HELP = help_text(
    "Write a report of a submission: one HTML page with the graph, a timeline, every job with its "
    "log, and the origin of data. Other formats are for programs, CI systems and trace viewers. "
    "The page needs no network. A running submission is shown as it is now.",
    "taipy-exec report SUBMISSION_1b2c3d4e",
    "taipy-exec report SUBMISSION_1b2c3d4e -o report.html",
    "taipy-exec report SUBMISSION_1b2c3d4e --format junit -o results.xml",
    "taipy-exec report SUBMISSION_1b2c3d4e --format json -o - | jq .jobs",
)


@command(*ALL)
def report(
    call: Call,
    submission: options.SubmissionId = "",
    output: Annotated[
        str | None,
        option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it; - is stdout (default: report-ID.html in this folder).",
        ),
    ] = None,
    format: Annotated[
        str,
        option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="html, json, junit or chrome-trace.",
            autocompletion=completion.one_of("html", "json", "junit", "chrome-trace"),
        ),
    ] = "html",
    application_path: options.ApplicationPathOption = ".",
) -> int:
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.chosen import chosen_submission
    from taipy_exec.views.json_objects import dump
    from taipy_exec.views.report import FORMATS, render_report
    from taipy_exec.views.report.content import gather

    if format not in FORMATS:
        raise UsageError(f"--format takes {', '.join(FORMATS)}, not {format!r}")
    to_stdout = output == "-"
    streams = call.streams
    if to_stdout and streams.json and format != "json":
        raise UsageError(
            f"--json and -o - with --format {format} both want stdout", "name a file with -o"
        )
    location = call.location
    store = call.store
    record = chosen_submission(store, submission)
    location.take_from(record)
    # Before the application is opened: from then on its folder is the working folder.
    short = record.short_id.rpartition("_")[2]
    path = Path(output or f"report-{short}{FORMATS[format]}").absolute()
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
            streams.warn(note)
        text = render_report(found, format)
    if to_stdout:
        streams.data(text.rstrip("\n"))
        return 0
    size = _write(path, text)
    if streams.json:
        fields = {"submission": record.id, "format": format, "file": str(path), "bytes": size}
        streams.data(dump(fields))
    else:
        streams.note(f"wrote {output or path.name} ({size / 1000:,.0f} kB)")
    return 0


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
    from taipy_exec.errors import TaipyExecError
    from taipy_exec.operations.application import read_application

    try:
        return read_application(location).config
    except TaipyExecError as error:
        return error


def _write(path: Path, text: str) -> int:
    """Write the file as a whole; its size in bytes. Raises UsageError if that fails."""
    from taipy_exec.data.files import replacing
    from taipy_exec.errors import DataError, UsageError

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
