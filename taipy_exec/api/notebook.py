"""Scenarios and submissions as HTML, for notebooks: small enough for a graph of any size."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

from taipy_exec.model.graph import JobGraph
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.views.graph.names import printable
from taipy_exec.views.graph.svg import svg_graph
from taipy_exec.views.palette import LOOKS, class_name, glyph
from taipy_exec.views.words import counts_text, duration, reason_text, shortened

MOST_ROWS = 30
MOST_DRAWN = 150
_MOST_ARROWS = 1_000
_LONGEST_TEXT = 300
_ENDED = (Status.COMPLETED, Status.SKIPPED, Status.FAILED, Status.ABANDONED, Status.CANCELED)
# A reader looks for these first, if there is no room for all jobs.
_FIRST = (Status.FAILED, Status.RUNNING, Status.CANCELED, Status.ABANDONED, Status.PENDING)

# The colours of text and lines are those of the notebook; a badge has its own ground.
_STYLE = """
.taipy-exec{max-width:60em}
.taipy-exec p{margin:.4em 0}
.taipy-exec .head{font-size:1.1em}
.taipy-exec table{border-collapse:collapse;margin:.4em 0}
.taipy-exec th,.taipy-exec td{text-align:left;padding:.15em .8em .15em 0;vertical-align:top}
.taipy-exec thead th{border-bottom:1px solid;font-weight:600}
.taipy-exec .time{text-align:right}
.taipy-exec .faint{opacity:.75}
.taipy-exec .badge{border:1px solid;border-radius:.8em;padding:0 .5em;white-space:nowrap}
.taipy-exec .bar{display:flex;height:.7em;max-width:40em;border:1px solid;border-radius:.35em;
overflow:hidden}
.taipy-exec .bar span{display:block;min-width:1px}
"""


def table_html(
    name: str,
    record: SubmissionRecord | None,
    jobs: Sequence[JobRecord],
    graph: JobGraph,
    redact: Callable[[str], str],
) -> str:
    """The state of `name` by its last submission, its jobs, and its graph.

    Without a submission (`record` None) the tasks are listed. `redact` masks secrets in errors.
    """
    statuses = {job.task: job.status.name for job in jobs}
    table = _tasks(graph) if record is None else _jobs(jobs, redact)
    return (
        f'<div class="taipy-exec"><style>{_STYLE}{_colours()}</style>'
        f'<p class="head"><b>{_text(name)}</b> {_state(record, len(graph.tasks))}</p>'
        f"{table}{_picture(name, graph, statuses)}</div>"
    )


def progress_html(record: SubmissionRecord) -> str:
    """The progress of a submission, as one bar and one line."""
    counts = {status.name: number for status, number in record.counts.items() if number}
    total = sum(counts.values())
    ended = total - record.unfinished
    parts = "".join(
        f'<span class="{class_name(status)}" style="flex:{number}"></span>'
        for status, number in _ordered(counts)
    )
    return (
        f'<div class="taipy-exec"><style>{_STYLE}{_colours()}</style>'
        f"<p><b>{_text(record.scenario)}</b> {ended:,} of {total:,} {_state(record, total)}</p>"
        f'<div class="bar" role="progressbar" aria-valuenow="{ended}" aria-valuemax="{total}">'
        f"{parts}</div></div>"
    )


def progress_text(record: SubmissionRecord) -> str:
    """The same as plain text, if HTML cannot be shown."""
    total = sum(record.counts.values())
    ended = f"{total - record.unfinished} of {total}"
    return f"{printable(record.scenario)}: {ended} ({counts_text(record.counts)})"


def _ordered(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The statuses in order: final ones first, then those nearest to the end."""
    order = [*_ENDED, Status.RUNNING, Status.PENDING, Status.BLOCKED, Status.SUBMITTED]
    return [(s.name, counts[s.name]) for s in order if s.name in counts]


def _state(record: SubmissionRecord | None, tasks: int) -> str:
    if record is None:
        return f'<span class="faint">{tasks:,} tasks, not submitted yet</span>'
    end = record.finished_at
    took = duration((time.time() if end is None else end) - record.created_at)
    return (
        f"{_badge(record.status.name)} <span>{_text(counts_text(record.counts))}</span> "
        f'<span class="faint">{_text(record.mode)}, {took} · {_text(record.id)}</span>'
    )


def _jobs(jobs: Sequence[JobRecord], redact: Callable[[str], str]) -> str:
    shown = sorted(jobs, key=_importance)[:MOST_ROWS] if len(jobs) > MOST_ROWS else list(jobs)
    shown.sort(key=lambda job: job.position)
    rows = "".join(
        f"<tr><td>{_text(job.task)}</td><td>{_badge(job.status.name)}</td>"
        f'<td class="time">{duration(job.duration)}</td>'
        f"<td>{_text(shortened(redact(reason_text(job))))}</td></tr>"
        for job in shown
    )
    rest = Counter(job.status for job in jobs) - Counter(job.status for job in shown)
    more = f'<p class="faint">not shown: {_text(counts_text(rest))}</p>' if rest else ""
    return _table(("Task", "Status", "Time", "Why"), rows) + more


def _importance(job: JobRecord) -> tuple[int, int]:
    first = _FIRST.index(job.status) if job.status in _FIRST else len(_FIRST)
    return first, job.position


def _tasks(graph: JobGraph) -> str:
    rows = "".join(
        f"<tr><td>{_text(task.id)}</td><td>{_listed(task.inputs)}</td>"
        f"<td>{_listed(task.outputs)}</td></tr>"
        for task in graph.tasks[:MOST_ROWS]
    )
    left = len(graph.tasks) - MOST_ROWS
    more = f'<p class="faint">not shown: {left:,} tasks</p>' if left > 0 else ""
    return _table(("Task", "Reads", "Writes"), rows) + more


def _listed(names: Iterable[str]) -> str:
    return _text(", ".join(names))


def _table(heads: Iterable[str], rows: str) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _picture(name: str, graph: JobGraph, statuses: Mapping[str, str]) -> str:
    arrows = sum(len(task.inputs) + len(task.outputs) for task in graph.tasks)
    if not graph.tasks:
        return ""
    if len(graph.tasks) > MOST_DRAWN or arrows > _MOST_ARROWS:
        return (
            f'<p class="faint">{len(graph.tasks):,} tasks are too many to draw here: '
            "<code>taipy-exec graph --format svg</code> draws them.</p>"
        )
    return svg_graph(graph, title=printable(name), statuses=statuses)


def _badge(status: str) -> str:
    """A status with its sign, since colour alone is not enough."""
    sign = f"{glyph(status)} " if status in LOOKS else ""
    return f'<span class="badge {class_name(status)}">{sign}{_text(status)}</span>'


def _text(value: str) -> str:
    """Escaped, on one line, and not too long."""
    shown = value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}…"
    return escape(printable(shown), quote=True)


def _colours() -> str:
    """Badges and bars in the colours of their statuses, light, or dark if preferred."""

    def rules(night: bool) -> str:
        text = ""
        for status, seen in LOOKS.items():
            tone = seen.dark if night else seen.light
            name = class_name(status)
            text += (
                f".taipy-exec .badge.{name}{{background:{tone.fill};color:{tone.text};"
                f"border-color:{tone.stroke}}}\n"
                f".taipy-exec .bar .{name}{{background:{tone.stroke}}}\n"
            )
        return text

    return f"{rules(False)}@media (prefers-color-scheme:dark){{\n{rules(True)}}}\n"
