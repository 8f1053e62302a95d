"""Output about the jobs that failed: why, what they printed, and what to do now."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from taipy_exec.cli.ci import annotate, group
from taipy_exec.cli.ci_system import CiSystem
from taipy_exec.cli.streams import Streams
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.store.logs import log_path
from taipy_exec.views.log_tail import last_lines, read_tail
from taipy_exec.views.step_summary import write_summary
from taipy_exec.views.words import reason_text, shortened
from taipy_exec.visible_text import readable, uncoloured

Redaction = Callable[[str], str]

_SHOWN = 3
_TAIL_LINES = 10
_TRACE_LINES = 40
_NAMED = 10
# In a CI system a job's log is folded, and the state folder is usually gone afterwards.
_SHOWN_FOLDED = 10
_TAIL_LINES_FOLDED = 200
_ROOM = 100_000
_LONGEST_LINE = 2_000
_LONGEST_REASON = 500


def explain_failures(
    streams: Streams, jobs: Sequence[JobRecord], state_dir: Path, where: str, redacted: Redaction
) -> None:
    """Show the first failed jobs with the end of their logs, the others by name, and commands.

    `where` makes the commands mean the same application. `redacted` leaves secrets out of the
    logs; the jobs are without them.
    """
    failed = [job for job in jobs if job.status is Status.FAILED]
    if not failed:
        return
    shown = _SHOWN if streams.ci is None else _SHOWN_FOLDED
    for job in failed[:shown]:
        _explain(streams, job, state_dir, where, redacted, alone=len(failed) == 1)
    rest = failed[shown:]
    if rest:
        names = ", ".join(job.task for job in rest[:_NAMED])
        more = f" and {len(rest) - _NAMED} others" if len(rest) > _NAMED else ""
        streams.note(f"{len(rest)} more failed: {names}{more}")
    id = failed[0].shorten(failed[0].submission)
    if len(failed) > 1:
        streams.hint(f"taipy-exec logs {id}{where}")
    command = f"taipy-exec retry {id}{where}"
    streams.hint(f"retry everything that did not complete: {command}")


def _explain(
    streams: Streams,
    job: JobRecord,
    state_dir: Path,
    where: str,
    redacted: Redaction,
    *,
    alone: bool,
) -> None:
    reason = shortened(reason_text(job), _LONGEST_REASON)
    if streams.ci is CiSystem.GITHUB:
        annotate(streams, job, reason, os.environ.get("GITHUB_WORKSPACE"))
    else:
        streams.error(f"task {job.task} failed: {reason}")
    if streams.quiet:
        return
    id = job.short_id
    with group(streams, f"{job.task}: traceback and the end of what it printed ({id})"):
        if job.failure and job.failure.traceback:
            trace = uncoloured(job.failure.traceback.rstrip()).split("\n")
            _note_lines(streams, "  ", _middle_left_out(trace))
        tail = _tail(streams, log_path(state_dir, job.submission, job.id), redacted)
        if tail:
            streams.note("  the end of what it printed:", style="dim")
            _note_lines(streams, "  | ", tail)
    streams.note(f"  all it printed: taipy-exec logs {id}{where}")
    if not alone:
        streams.note(f"  retry it and the jobs after it: taipy-exec retry {id}{where}")


def _tail(streams: Streams, path: Path, redacted: Redaction) -> list[str]:
    lines = _TAIL_LINES if streams.ci is None else _TAIL_LINES_FOLDED
    text = readable(read_tail(path, _ROOM, redacted).text)
    return last_lines(text, lines).split("\n") if text.strip() else []


def _middle_left_out(lines: list[str]) -> list[str]:
    """The first line of a long traceback and its last ones, which are the most useful."""
    if len(lines) <= _TRACE_LINES:
        return lines
    left = len(lines) - _TRACE_LINES
    return [lines[0], f"  [... {left} lines left out ...]", *lines[left + 1 :]]


def _note_lines(streams: Streams, mark: str, lines: list[str]) -> None:
    for line in lines:
        shown = shortened(line, _LONGEST_LINE).expandtabs()
        streams.note(mark + shown, style="dim")


def summarize(
    streams: Streams, record: SubmissionRecord, jobs: Sequence[JobRecord], where: str
) -> None:
    """In GitHub Actions, a table of the jobs on the page of the run."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if streams.ci is not CiSystem.GITHUB or not file:
        return
    try:
        write_summary(Path(file), record, jobs, where)
    except OSError as error:
        streams.warn(f"the step summary {file} cannot be written: {error.strerror}")
