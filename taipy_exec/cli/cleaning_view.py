"""The output of `clean`: what is removed, what stays, and what could not be removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taipy_exec.cli.render import submissions_table
from taipy_exec.errors import StoreError
from taipy_exec.views.json_objects import dump, past_submission_fields, when
from taipy_exec.views.words import clock, several, size

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.operations.cleaning.cleaning import Done, Found

_SHOWN = 20


def sentence(found: Found) -> str:
    """The counts and sizes of what is removed."""
    submissions, instances = len(found.choice.submissions), len(found.choice.instances)
    parts = []
    if submissions:
        parts.append(f"{several(submissions, 'submission')} with {several(found.jobs, 'job')}")
    if instances:
        parts.append(several(instances, "scenario instance"))
    if found.logs:
        logs = several(len(found.logs), "submission")
        parts.append(f"the logs of {logs} ({size(found.log_bytes)})")
    if found.data:
        parts.append(f"{several(len(found.data), 'data file')} ({size(found.data_bytes)})")
    if found.locks:
        parts.append(several(len(found.locks), "lock of a dead process", "locks of dead processes"))
    if found.contents:
        parts.append(several(len(found.contents), "digest of a lost file", "digests of lost files"))
    return ", ".join(parts) or "nothing"


def show_cleaning(streams: Streams, found: Found, done: Done | None = None) -> None:
    """Show what was removed (before it is `done`: what would be), and what stays."""
    if streams.json:
        streams.data(dump(_fields(found, done)))
        return
    word = "would remove" if done is None else "removed"
    streams.line("nothing to remove" if found.is_empty else f"{word} {sentence(found)}")
    if done is not None and done.shrunk_by:
        streams.data(f"the database is {size(done.shrunk_by)} smaller")
    if done is not None and done.not_shrunk:
        streams.note(f"the database was not made smaller: {done.not_shrunk}")
    choice = found.choice
    if choice.kept + choice.unfinished:
        of_them = f" ({choice.unfinished} not ended)" if choice.unfinished else ""
        streams.note(f"submissions that stay: {choice.kept + choice.unfinished}{of_them}")
    if found.unknown_data:
        number = several(found.unknown_data, "data file")
        streams.note(f"{number} not known to this state: not removed")
    if found.changed_data:
        number = several(found.changed_data, "data file")
        streams.note(f"{number} changed since by hand or by another state: not removed")


def list_found(streams: Streams, found: Found) -> None:
    """Show what would be removed, one by one; unless verbose, only the first ones of very many."""
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


def show_failures(streams: Streams, done: Done) -> int:
    """Report the files that are still there; exit code 7 if there are any."""
    failed = list(done.failed.items())
    for path, why in failed[:3]:
        streams.error(f"{path} could not be removed: {why}")
    if len(failed) > 3:
        streams.error(f"and {len(failed) - 3} more files could not be removed")
    if failed:
        streams.hint("correct their permissions and clean again")
    return StoreError.exit_code if failed else 0
