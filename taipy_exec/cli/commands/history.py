"""`history`: past submissions, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.errors import NotFoundError

HELP = help_text(
    "Show past submissions, newest first: the results of their jobs, the time, and the duration.",
    "taipy-exec history",
    "taipy-exec history -a app --scenario sales --name may",
    "taipy-exec history --limit 100 --json",
)
_SHOWN = 20


@command(*ALL)
def history(
    call: Call,
    application_path: options.ApplicationPathOption = ".",
    scenario: options.OfScenario = None,
    name: Annotated[
        str | None,
        option(
            "--name",
            metavar="NAME",
            help="Only those of scenario instances of this name.",
            autocompletion=completion.names,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        options.number(
            "--limit",
            "-n",
            min=1,
            help="Only the latest N (default: 20; all with -v or --json).",
        ),
    ] = None,
) -> int:
    from taipy_exec.cli.render import submissions_table
    from taipy_exec.errors import NotFoundError
    from taipy_exec.views.json_objects import dump, past_submission_fields

    streams = call.streams
    try:
        store = call.store
    except NotFoundError as nothing:
        _tell_nothing(streams, nothing)
        return 0
    if limit is None and not (streams.verbose or streams.json):
        limit = _SHOWN
    # Several files may share one state: those of another file are not this application's.
    file = call.location.named_file
    records = store.submissions(limit, scenario=scenario, name=name, file=file)
    if streams.json:
        streams.data(dump({"submissions": [past_submission_fields(r) for r in records]}))
        return 0
    if not records:
        streams.data("no such submissions" if scenario or name or file else "no submissions yet")
        return 0
    streams.show(submissions_table(records, {r.id: store.is_interrupted(r) for r in records}))
    total = store.count_submissions(scenario=scenario, name=name, file=file)
    if total > len(records):
        streams.note(f"the latest {len(records)} of {total}; --limit N shows more, -v all")
    return 0


def _tell_nothing(streams: Streams, nothing: NotFoundError) -> None:
    from taipy_exec.views.json_objects import dump

    if streams.json:
        streams.data(dump({"submissions": []}))
    else:
        streams.note(nothing.message)
        if nothing.hint:
            streams.hint(nothing.hint)
