"""The parts of the page about jobs and data: failures, lineage, logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status
from taipy_exec.views.log_tail import last_lines
from taipy_exec.views.report.content import JobStory, Report
from taipy_exec.views.report.lineage import Lineage
from taipy_exec.views.report.markup import badge, block, command, moment, plural, size, text
from taipy_exec.views.report.table import has_log
from taipy_exec.views.words import duration, reason_text, shortened
from taipy_exec.visible_text import readable

SHOWN_FAILURES = 20
_LAST_LINES = 12
_SHOWN_NAMES = 30
# At most so many data nodes have a row; at most so many rows are printed on paper.
MOST_NODES = 1_000
FEWER_NODES = 300
PRINTED_NODES = 30


def failures(report: Report) -> str:
    """The failures, earliest first, each with its error, the end of its log and a command."""
    positions = {story.job.id: n for n, story in enumerate(report.stories)}
    parts = [_failure(report, s, positions[s.job.id]) for s in report.failed[:SHOWN_FAILURES]]
    more = len(report.failed) - SHOWN_FAILURES
    if more > 0:
        parts.append(
            f'<p>And {plural(more, "more failed job")}: see <a href="#jobs">the table</a>.</p>'
        )
    left = sum(story.job.status is Status.ABANDONED for story in report.stories)
    if left:
        were = "was" if left == 1 else "were"
        parts.append(
            f"<p>{plural(left, 'job')} {were} not run because a job before failed or was "
            "canceled.</p>"
        )
    if report.failed and report.record.finished_at is not None:
        again = f"taipy-exec retry {report.record.short_id}{report.where}"
        parts.append(f"<p>Retry everything that did not complete: {command(again)}</p>")
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
    links = [f"More: {command(_logs_command(report, job))}"]
    if report.graph is not None:
        links.insert(0, f'<a href="#graph" data-node="{text(job.task)}">In the graph</a>')
    parts.append(f"<p>{' · '.join(links)}</p></article>")
    return "\n".join(parts)


def _logs_command(report: Report, job: JobRecord) -> str:
    return f"taipy-exec logs {job.short_id}{report.where}"


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
    if job.cpu_seconds is not None:
        facts.append(f"processor time {duration(job.cpu_seconds)}")
    if job.peak_memory:
        facts.append(f"peak memory {size(job.peak_memory)}")
    if job.finished_at is not None:
        facts.append(f"ended {moment(job.finished_at)}")
    return " · ".join(facts)


# -- logs ---------------------------------------------------------------------------------


def logs(report: Report) -> str:
    """A closed part for each job that printed something or failed."""
    with_log = [n for n in sorted(report.rows) if has_log(report, n)]
    parts = [_log(report, report.stories[number], number) for number in with_log]
    if report.is_collapsed:
        parts.append('<p class="empty">Logs of jobs in groups are left out.</p>')
    elif len(with_log) < len(report.stories):
        silent = len(report.stories) - len(with_log)
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
            f"The whole log: {command(_logs_command(report, job))}</p>"
        )
    if printed:
        parts.append(block("log", printed, f"Log of {job.task}"))
    parts.append("</div></details>")
    return "\n".join(parts)


# -- data ---------------------------------------------------------------------------------


def data(report: Report) -> str:
    """Each data node with its writers and readers."""
    if not report.lineage:
        return '<p class="empty">Nothing is known about data nodes.</p>'
    jobs = {story.job.task: (n, story.job) for n, story in enumerate(report.stories)}
    tasks = {story.job.id: story.job.task for story in report.stories}
    heads = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Data node", "Written by", "Written", "Read by", "Place")
    )
    shown = _most_telling(report)
    rows = "\n".join(
        _node(node, jobs, tasks, report, in_print=n < PRINTED_NODES) for n, node in enumerate(shown)
    )
    more = ""
    left = len(report.lineage) - len(shown)
    if left:
        more = f"<p>{plural(left, 'more data node')}, not shown here. JSON has all of them.</p>"
    if len(shown) > PRINTED_NODES:
        rest = plural(len(shown) - PRINTED_NODES, "more data node")
        more += f'<p class="printed">And {rest}: see the page.</p>'
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Data nodes"><table>'
        f'<caption class="unseen">Data nodes: where they come from and where they go</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>{more}"
    )


def _most_telling(report: Report) -> Sequence[Lineage]:
    """All data nodes; if there are very many, those of failed jobs, results and inputs."""
    if len(report.lineage) <= MOST_NODES:
        return report.lineage
    failed = {story.job.task for story in report.failed}

    def rank(node: Lineage) -> int:
        if not failed.isdisjoint((*node.writers, *node.readers)):
            return 0
        return 1 if node.is_result or node.is_input else 2

    return sorted(report.lineage, key=rank)[:FEWER_NODES]


def _node(
    node: Lineage,
    jobs: dict[str, tuple[int, JobRecord]],
    tasks: dict[str, str],
    report: Report,
    *,
    in_print: bool,
) -> str:
    unknown = f"<small>{'never' if node.is_missing else 'not known'}</small>"
    since = ""
    if node.changed_since is not None:
        since = f'<br><small class="cut">again {moment(node.changed_since)}</small>'
    row = "<tr>" if in_print else '<tr class="unprinted">'
    return (
        f'{row}<th scope="row">{text(node.node)}<br><small>{text(node.storage_type)}, '
        f"{text(node.scope.lower())}</small></th>"
        f"<td>{_writer(node, jobs, tasks, report)}</td>"
        f"<td>{moment(node.written_at) or unknown}{since}</td>"
        f"<td>{_names(node.readers, jobs, report) or '<small>no job here</small>'}</td>"
        f'<td class="place">{text(node.place)}</td></tr>'
    )


def _writer(
    node: Lineage,
    jobs: dict[str, tuple[int, JobRecord]],
    tasks: dict[str, str],
    report: Report,
) -> str:
    """The job that wrote it; with it, if different, the job that will write it."""
    by = node.written_by
    if by in tasks:
        return _names((tasks[by],), jobs, report)
    planned = _names(node.writers, jobs, report)
    if by is None:
        return planned or ("<small>from outside</small>" if node.written_at else "")
    name = f"<code>{text(report.record.shorten(by))}</code>" if by.startswith("JOB_") else text(by)
    comment = f" <small>{text(node.comment)}</small>" if node.comment else ""
    earlier = f"{planned}<br><small>last: {name}{comment}</small>"
    return earlier if planned else f"{name}{comment}"


def _names(names: tuple[str, ...], jobs: dict[str, tuple[int, JobRecord]], report: Report) -> str:
    return "<br>".join(_linked(names[:_SHOWN_NAMES], jobs, report)) + (
        f"<br><small>and {len(names) - _SHOWN_NAMES:,} more</small>"
        if len(names) > _SHOWN_NAMES
        else ""
    )


def _linked(
    names: tuple[str, ...], jobs: dict[str, tuple[int, JobRecord]], report: Report
) -> Iterator[str]:
    for name in names:
        if name not in jobs:
            yield text(name)
            continue
        number, job = jobs[name]
        done = job.status is Status.COMPLETED
        state = "" if done else f" <small>{text(job.status.name.lower())}</small>"
        if report.has_row(number):
            yield f'<a href="#job-{number}">{text(name)}</a>{state}'
        else:
            yield f"{text(name)}{state}"
