"""`clean`: removes old submissions with their jobs, logs and data."""

from __future__ import annotations

from typing import Annotated

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Remove submissions that have ended, with their jobs and logs, and scenario instances that "
    "are not used any more. Unfinished submissions stay. The data that the next submit would "
    "find stays too, unless --data is given and it is older than --older-than.",
    "taipy-exec clean --older-than 30d --dry-run",
    "taipy-exec clean --older-than 30d --data",
    "taipy-exec clean --keep 10 --yes -a app",
)


@command(*ALL)
def clean(
    call: Call,
    application_path: options.ApplicationPathOption = ".",
    older_than: Annotated[
        str | None,
        option(
            "--older-than",
            metavar="AGE",
            help="Remove what ended more than AGE ago (30d, 12h, 90m, 2w).",
        ),
    ] = None,
    keep: Annotated[
        int | None,
        options.number("--keep", help="Keep the latest N of each scenario, remove the others."),
    ] = None,
    data: Annotated[
        bool,
        option("--data", help="Also generated data files of scenario instances that are gone."),
    ] = False,
    dry_run: Annotated[bool, option("--dry-run", help="Only show what would be removed.")] = False,
    yes: Annotated[bool, option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    from taipy_exec.cli.cleaning_view import (
        list_found,
        sentence,
        show_cleaning,
        show_failures,
    )
    from taipy_exec.cli.confirmation import can_ask, confirm_removal
    from taipy_exec.operations.application import load_compiled
    from taipy_exec.operations.cleaning.choice import wanted_removal
    from taipy_exec.operations.cleaning.cleaning import Cleaning

    streams = call.streams
    location = call.location
    wanted = wanted_removal(older_than, keep, data=data)
    store = call.store
    config = load_compiled(location, imports=False).config if data else None
    cleaning = Cleaning(store, config, wanted)
    found = cleaning.find()
    if dry_run:
        list_found(streams, found)
        show_cleaning(streams, found)
        return 0
    if not (yes or found.is_empty):
        if can_ask(streams):
            list_found(streams, found)
        confirm_removal(streams, sentence(found))
    done = cleaning.carry_out(found)
    show_cleaning(streams, done.found, done)
    return show_failures(streams, done)
