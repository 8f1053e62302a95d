"""`clean`: removes old submissions with their jobs, logs and data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.operations.cleaning.choice import Wanted
    from taipy_exec.operations.cleaning.cleaning import Done, Found

HELP = help_text(
    "Remove submissions that have ended, with their jobs and logs, and scenario instances that "
    "are not used any more. Unfinished submissions stay. The data that the next submit would "
    "find stays too, unless --data is given and it is older than --older-than.",
    "taipy-exec clean --older-than 30d --dry-run",
    "taipy-exec clean --older-than 30d --data",
    "taipy-exec clean --keep 10 --yes -a app",
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SHOWN = 20


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
    from taipy_exec.cli.confirmation import can_ask, confirm_removal
    from taipy_exec.operations.application import load_compiled
    from taipy_exec.operations.cleaning.cleaning import Cleaning

    streams = call.streams
    location = call.location
    wanted = _wanted(older_than, keep, data=data)
    store = call.store
    config = load_compiled(location, imports=False).config if data else None
    cleaning = Cleaning(store, config, wanted)
    found = cleaning.find()
    if dry_run:
        _list(streams, found)
        _show(streams, found)
        return 0
    if not (yes or found.is_empty):
        if can_ask(streams):
            _list(streams, found)
        confirm_removal(streams, _sentence(found))
    done = cleaning.carry_out(found)
    _show(streams, done.found, done)
    return _tell_failures(streams, done)


def _wanted(older_than: str | None, keep: int | None, *, data: bool) -> Wanted:
    """The choice of the command line. Raises UsageError if that is not clear."""
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.cleaning.choice import Wanted

    if older_than is None and keep is None:
        raise UsageError(
            "choose what to remove: --older-than or --keep",
            "taipy-exec clean --older-than 30d --dry-run shows what that would remove",
        )
    age = None if older_than is None else _seconds(older_than)
    return Wanted(older_than=age, keep=keep, data=data)


def _seconds(text: str) -> float:
    from taipy_exec.errors import UsageError

    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text.strip())
    if found is None:
        raise UsageError(
            f"--older-than takes a number and a unit, not {text!r}",
            "such as 30d (days), 12h (hours), 90m (minutes), 45s or 2w (weeks)",
        )
    return float(found[1]) * _UNITS[found[2]]


def _several(number: int, one: str, several: str | None = None) -> str:
    return f"1 {one}" if number == 1 else f"{number} {several or one + 's'}"


def _sentence(found: Found) -> str:
    """The counts and sizes of what is removed."""
    from taipy_exec.views.words import size

    submissions, instances = len(found.choice.submissions), len(found.choice.instances)
    parts = []
    if submissions:
        parts.append(f"{_several(submissions, 'submission')} with {_several(found.jobs, 'job')}")
    if instances:
        parts.append(_several(instances, "scenario instance"))
    if found.logs:
        logs = _several(len(found.logs), "submission")
        parts.append(f"the logs of {logs} ({size(found.log_bytes)})")
    if found.data:
        parts.append(f"{_several(len(found.data), 'data file')} ({size(found.data_bytes)})")
    if found.locks:
        parts.append(
            _several(len(found.locks), "lock of a dead process", "locks of dead processes")
        )
    if found.contents:
        parts.append(
            _several(len(found.contents), "digest of a lost file", "digests of lost files")
        )
    return ", ".join(parts) or "nothing"


def _show(streams: Streams, found: Found, done: Done | None = None) -> None:
    """Show what was removed (before it is `done`: what would be), and what stays."""
    from taipy_exec.views.json_objects import dump
    from taipy_exec.views.words import size

    if streams.json:
        streams.data(dump(_fields(found, done)))
        return
    word = "would remove" if done is None else "removed"
    streams.line("nothing to remove" if found.is_empty else f"{word} {_sentence(found)}")
    if done is not None and done.shrunk_by:
        streams.data(f"the database is {size(done.shrunk_by)} smaller")
    if done is not None and done.not_shrunk:
        streams.note(f"the database was not made smaller: {done.not_shrunk}")
    choice = found.choice
    if choice.kept + choice.unfinished:
        of_them = f" ({choice.unfinished} not ended)" if choice.unfinished else ""
        streams.note(f"submissions that stay: {choice.kept + choice.unfinished}{of_them}")
    if found.unknown_data:
        number = _several(found.unknown_data, "data file")
        streams.note(f"{number} not known to this state: not removed")
    if found.changed_data:
        number = _several(found.changed_data, "data file")
        streams.note(f"{number} changed since by hand or by another state: not removed")


def _list(streams: Streams, found: Found) -> None:
    """Show what would be removed, one by one; unless verbose, only the first ones of very many."""
    from taipy_exec.cli.render import submissions_table
    from taipy_exec.views.words import clock

    if streams.json:
        return
    limit = None if streams.verbose else _SHOWN
    submissions = found.choice.submissions
    if submissions:
        streams.show(submissions_table(submissions[:limit], {}))
    lines = [
        f"scenario instance {i.name} of {i.scenario}, made {clock(i.created_at)}"
        for i in found.choice.instances
    ]
    for these in (lines, [str(path) for path in found.data]):
        for line in these[:limit]:
            streams.line(line)
    rest = max(len(submissions) - _SHOWN, len(lines) - _SHOWN, len(found.data) - _SHOWN)
    if limit is not None and rest > 0:
        streams.data("and more; -v shows all")


def _fields(found: Found, done: Done | None) -> dict[str, Any]:
    from taipy_exec.views.json_objects import past_submission_fields, when

    choice = found.choice
    return {
        "dry_run": done is None,
        "submissions": [past_submission_fields(record) for record in choice.submissions],
        "jobs": found.jobs,
        "instances": [
            {
                "id": instance.id,
                "scenario": instance.scenario,
                "name": instance.name,
                "created_at": when(instance.created_at),
            }
            for instance in choice.instances
        ],
        "logs": {"submissions": len(found.logs), "bytes": found.log_bytes},
        "data": {"files": [str(path) for path in found.data], "bytes": found.data_bytes},
        "locks": len(found.locks),
        "contents": len(found.contents),
        "kept": {
            "unfinished": choice.unfinished,
            "submissions": choice.kept,
            "unknown_data": found.unknown_data,
            "changed_data": found.changed_data,
        },
        "database_shrunk_by": done.shrunk_by if done else 0,
        "failed": [
            {"path": str(path), "message": why}
            for path, why in (done.failed if done else {}).items()
        ],
    }


def _tell_failures(streams: Streams, done: Done) -> int:
    """Report the files that are still there; exit code 7 if there are any."""
    from taipy_exec.errors import StoreError

    failed = list(done.failed.items())
    for path, why in failed[:3]:
        streams.error(f"{path} could not be removed: {why}")
    if len(failed) > 3:
        streams.error(f"and {len(failed) - 3} more files could not be removed")
    if failed:
        streams.hint("correct their permissions and clean again")
    return StoreError.exit_code if failed else 0
