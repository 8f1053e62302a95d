"""The parts of the page that tell of jobs and data: failures, table, lineage, logs."""

from __future__ import annotations

from collections.abc import Iterator

from taipy_exec.cli.job_log import last_lines
from taipy_exec.cli.render import duration, reason_text, short_id
from taipy_exec.cli.report.content import JobStory, Report
from taipy_exec.cli.report.lineage import Lineage
from taipy_exec.cli.report.markup import badge, block, command, moment, plural, size, text
from taipy_exec.display.palette import class_name
from taipy_exec.display.visible import readable
from taipy_exec.display.words import shortened
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status

SHOWN_FAILURES = 20
_LAST_LINES = 12
_SHOWN_NAMES = 30


def failures(report: Report) -> str:
    """What failed first stands first, with its error, the end of its log and what to type."""
    positions = {story.job.id: n for n, story in enumerate(report.stories)}
    parts = [_failure(report, s, positions[s.job.id]) for s in report.failed[:SHOWN_FAILURES]]
    more = len(report.failed) - SHOWN_FAILURES
    if more > 0:
        parts.append(
            f'<p>And {plural(more, "more failed job")}: see <a href="#jobs">the table</a>.</p>'
        )
    left = sum(story.job.status is Status.ABANDONED for story in report.stories)
    if left:
        parts.append(f"<p>{plural(left, 'job')} behind what failed or was canceled: abandoned.</p>")
    if report.failed and report.record.finished_at is not None:
        again = f"taipy-exec retry {short_id(report.record.id)}{report.where}"
        parts.append(f"<p>{command(again)} runs what is left.</p>")
    return "\n".join(parts)


def _failure(report: Report, story: JobStory, number: int) -> str:
    job, failure = story.job, story.job.failure
    head = reason_text(job)
    parts = [
        f'<article class="failure"><h3>{badge(job.status.name)} '
        f'<a href="#job-{number}">{text(job.task)}</a></h3>',
        f'<p class="error">{text(shortened(head))}</p>',
        f'<p class="facts">{_facts(story)}</p>',
    ]
    if failure and failure.traceback:
        parts.append(block("trace", failure.traceback, f"Traceback of {job.task}"))
    elif failure and failure.message.strip() != head:
        parts.append(block("trace", failure.message, f"Error of {job.task}"))
    if story.log.text.strip():
        lines = last_lines(readable(story.log.text), _LAST_LINES)
        parts += ["<h4>Last lines of its log</h4>", block("log", lines, f"Log of {job.task}")]
    parts.append(f"<p>More: {command(_logs_command(report, job))}</p></article>")
    return "\n".join(parts)


def _logs_command(report: Report, job: JobRecord) -> str:
    return f"taipy-exec logs {short_id(job.id)}{report.where}"


def _facts(story: JobStory) -> str:
    job = story.job
    facts = []
    if job.failure or job.reason:
        kind = job.failure.kind if job.failure else job.reason or ""
        facts.append(text(kind.replace("_", " ")))
    if story.ran is not None:
        facts.append(f"ran {duration(story.ran)}")
    if story.waited is not None:
        facts.append(f"waited {duration(story.waited)}")
    if job.attempt > 1:
        facts.append(f"attempt {job.attempt}")
    if job.worker:
        facts.append(f"on {text(job.worker)}")
    if job.peak_memory:
        facts.append(f"at most {size(job.peak_memory)} of memory")
    if job.finished_at is not None:
        facts.append(f"ended {moment(job.finished_at)}")
    return " · ".join(facts)


# -- the table ----------------------------------------------------------------------------

_COLUMNS = (
    ("#", "number"),
    ("Task", "text"),
    ("Status", "text"),
    ("Why", "text"),
    ("Waited", "number"),
    ("Ran", "number"),
    ("Started", "number"),
    ("Attempt", "number"),
    ("Worker", "text"),
)


def table(report: Report) -> str:
    """Every job in the order of the graph."""
    heads = "".join(
        f'<th scope="col" class="{kind}"{" aria-sort=ascending" if not n else ""}>'
        f'<button type="button" data-column="{n}">{name}</button></th>'
        for n, (name, kind) in enumerate(_COLUMNS)
    )
    rows = "\n".join(_row(story, number) for number, story in enumerate(report.stories))
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table of jobs">'
        f'<table id="job-table"><caption class="unseen">Jobs in the order of the graph</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )


def _row(story: JobStory, number: int) -> str:
    job = story.job
    status = job.status.name
    why = shortened(reason_text(job))
    name = text(job.task)
    if _has_more(story):
        name = f'<a href="#log-{number}" title="Its log">{name}</a>'
    begun = job.started_at
    return (
        f'<tr id="job-{number}" data-status="{class_name(status)}">'
        f'<td class="number">{number + 1}</td><th scope="row">{name}</th>'
        f"<td>{badge(status)}</td><td>{text(why)}</td>"
        f"{_seconds(story.waited)}{_seconds(story.ran)}"
        f'<td class="number" data-v="{begun or ""}">{moment(begun, form="%H:%M:%S")}</td>'
        f'<td class="number">{job.attempt}</td><td>{text(job.worker or "")}</td></tr>'
    )


def _seconds(value: float | None) -> str:
    known = "" if value is None else f"{value:.6f}"
    return f'<td class="number" data-v="{known}">{duration(value)}</td>'


# -- logs ---------------------------------------------------------------------------------


def _has_more(story: JobStory) -> bool:
    return bool(story.log.text or story.job.failure)


def logs(report: Report) -> str:
    """A closed part for each job that printed something or failed."""
    parts = [
        _log(report, story, number)
        for number, story in enumerate(report.stories)
        if _has_more(story)
    ]
    silent = len(report.stories) - len(parts)
    if silent and report.stories:
        parts.append(f'<p class="empty">{plural(silent, "job")} printed nothing.</p>')
    return "\n".join(parts) or '<p class="empty">There are no jobs.</p>'


def _log(report: Report, story: JobStory, number: int) -> str:
    job, log = story.job, story.log
    printed = readable(log.text)
    lines = printed.count("\n") + (not printed.endswith("\n")) if printed else 0
    told = plural(lines, "line") if printed else "no output"
    parts = [
        f'<details class="job"><summary>{badge(job.status.name)} '
        f'<span class="task">{text(job.task)}</span> <small>{told}</small></summary>'
        f'<div id="log-{number}"><p class="facts"><a href="#job-{number}">Row in the table</a> · '
        f"{_facts(story)}</p><p><code>{text(job.id)}</code></p>"
    ]
    if job.failure:
        shown = job.failure.traceback or job.failure.message
        parts.append(block("trace", shown, f"Traceback of {job.task}"))
    if log.left_out:
        parts.append(
            f'<p class="cut">The first {size(log.left_out)} are left out. '
            f"All of it: {command(_logs_command(report, job))}</p>"
        )
    if printed:
        parts.append(block("log", printed, f"Log of {job.task}"))
    parts.append("</div></details>")
    return "\n".join(parts)


# -- data ---------------------------------------------------------------------------------


def data(report: Report) -> str:
    """Each data node with its way through the jobs."""
    if not report.lineage:
        return '<p class="empty">Nothing is known of data nodes.</p>'
    jobs = {story.job.task: (n, story.job) for n, story in enumerate(report.stories)}
    tasks = {story.job.id: story.job.task for story in report.stories}
    heads = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Data node", "Written by", "Written", "Read by", "Place")
    )
    rows = "\n".join(_node(node, jobs, tasks) for node in report.lineage)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Data nodes"><table>'
        f'<caption class="unseen">Data nodes: where they come from and where they go</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )


def _node(node: Lineage, jobs: dict[str, tuple[int, JobRecord]], tasks: dict[str, str]) -> str:
    unknown = f"<small>{'never' if node.is_missing else 'not known'}</small>"
    since = ""
    if node.changed_since is not None:
        since = f'<br><small class="cut">again {moment(node.changed_since)}</small>'
    return (
        f'<tr><th scope="row">{text(node.node)}<br><small>{text(node.storage_type)}, '
        f"{text(node.scope.lower())}</small></th>"
        f"<td>{_writer(node, jobs, tasks)}</td>"
        f"<td>{moment(node.written_at) or unknown}{since}</td>"
        f"<td>{_names(node.readers, jobs) or '<small>no job here</small>'}</td>"
        f'<td class="place">{text(node.place)}</td></tr>'
    )


def _writer(node: Lineage, jobs: dict[str, tuple[int, JobRecord]], tasks: dict[str, str]) -> str:
    """The job that wrote it; beside it, where that is another, the one that is to write it."""
    by = node.written_by
    if by in tasks:
        return _names((tasks[by],), jobs)
    planned = _names(node.writers, jobs)
    if by is None:
        return planned or ("<small>from outside</small>" if node.written_at else "")
    name = f"<code>{text(short_id(by))}</code>" if by.startswith("JOB_") else text(by)
    comment = f" <small>{text(node.comment)}</small>" if node.comment else ""
    earlier = f"{planned}<br><small>last: {name}{comment}</small>"
    return earlier if planned else f"{name}{comment}"


def _names(names: tuple[str, ...], jobs: dict[str, tuple[int, JobRecord]]) -> str:
    return "<br>".join(_linked(names[:_SHOWN_NAMES], jobs)) + (
        f"<br><small>and {len(names) - _SHOWN_NAMES:,} more</small>"
        if len(names) > _SHOWN_NAMES
        else ""
    )


def _linked(names: tuple[str, ...], jobs: dict[str, tuple[int, JobRecord]]) -> Iterator[str]:
    for name in names:
        if name not in jobs:
            yield text(name)
            continue
        number, job = jobs[name]
        done = job.status is Status.COMPLETED
        state = "" if done else f" <small>{text(job.status.name.lower())}</small>"
        yield f'<a href="#job-{number}">{text(name)}</a>{state}'
