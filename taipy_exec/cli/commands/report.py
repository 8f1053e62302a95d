"""`report`: a submission described in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

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
    from taipy_exec.operations.report import report_text, write_report
    from taipy_exec.views.json_objects import dump
    from taipy_exec.views.report import FORMATS

    if format not in FORMATS:
        raise UsageError(f"--format takes {', '.join(FORMATS)}, not {format!r}")
    to_stdout = output == "-"
    streams = call.streams
    if to_stdout and streams.json and format != "json":
        raise UsageError(
            f"--json and -o - with --format {format} both want stdout", "name a file with -o"
        )
    location, store = call.location, call.store
    record = chosen_submission(store, submission)
    location.take_from(record)
    # Before the application is opened: from then on its folder is the working folder.
    short = record.short_id.rpartition("_")[2]
    path = Path(output or f"report-{short}{FORMATS[format]}").absolute()
    text = report_text(location, store, record, format, streams)
    if to_stdout:
        streams.data(text.rstrip("\n"))
        return 0
    size = write_report(path, text)
    if streams.json:
        fields = {"submission": record.id, "format": format, "file": str(path), "bytes": size}
        streams.data(dump(fields))
    else:
        streams.note(f"wrote {output or path.name} ({size / 1000:,.0f} kB)")
    return 0
