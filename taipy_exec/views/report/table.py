"""The table of jobs: failed ones first, then running ones, then the rest in graph order."""

from __future__ import annotations

from taipy_exec.views.palette import class_name
from taipy_exec.views.report.content import JobStory, Report
from taipy_exec.views.report.groups import Group, group_jobs
from taipy_exec.views.report.markup import badge, moment, plural, size, text
from taipy_exec.views.words import duration, reason_text, shortened

_COLUMNS = (
    ("#", "number"),
    ("Task", "text"),
    ("Status", "text"),
    ("Why", "text"),
    ("Waited", "number"),
    ("Ran", "number"),
    ("CPU", "number"),
    ("Memory", "number"),
    ("Started", "number"),
    ("Attempt", "number"),
    ("Worker", "text"),
)


def table(report: Report) -> str:
    """A row for each job; if there are very many, only for some, and for groups of the others."""
    rows = "\n".join(_row(report.stories[n], n, report) for n in report.rows)
    in_order = list(report.rows) == sorted(report.rows)
    heads = "".join(
        f'<th scope="col" class="{kind}"{" aria-sort=ascending" if in_order and not n else ""}>'
        f'<button type="button" data-column="{n}">{name}</button></th>'
        for n, (name, kind) in enumerate(_COLUMNS)
    )
    order = "in the order of the graph" if in_order else "failed ones first"
    shown = (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table of jobs">'
        f'<table id="job-table"><caption class="unseen">Jobs, {order}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )
    return f"{shown}\n{_groups(report)}" if report.is_collapsed else shown


def has_log(report: Report, number: int) -> bool:
    """Whether the page has the log of this job, or more about its error."""
    story = report.stories[number]
    return report.has_row(number) and bool(story.log.text or story.job.failure)


def _row(story: JobStory, number: int, report: Report) -> str:
    job = story.job
    status = job.status.name
    why = shortened(reason_text(job))
    name = text(job.task)
    if has_log(report, number):
        name = f'<a href="#log-{number}" title="Its log">{name}</a>'
    begun = job.started_at
    memory = "" if job.peak_memory is None else size(job.peak_memory)
    return (
        f'<tr id="job-{number}" data-status="{class_name(status)}">'
        f'<td class="number">{number + 1}</td><th scope="row">{name}</th>'
        f"<td>{badge(status)}</td><td>{text(why)}</td>"
        f"{_seconds(story.waited)}{_seconds(story.ran)}{_seconds(job.cpu_seconds)}"
        f'<td class="number" data-v="{job.peak_memory or ""}">{memory}</td>'
        f'<td class="number" data-v="{begun or ""}">{moment(begun, form="%H:%M:%S")}</td>'
        f'<td class="number">{job.attempt}</td>'
        f'<td class="worker">{text(job.worker or "")}</td></tr>'
    )


def _seconds(value: float | None) -> str:
    known = "" if value is None else f"{value:.6f}"
    return f'<td class="number" data-v="{known}">{duration(value)}</td>'


def _groups(report: Report) -> str:
    left = [story.job for n, story in enumerate(report.stories) if not report.has_row(n)]
    heads = "".join(
        f'<th scope="col"{kind}>{name}</th>'
        for name, kind in (
            ("Tasks", ""),
            ("Status", ""),
            *((name, ' class="number"') for name in ("Jobs", "Mean", "Longest", "CPU", "Memory")),
        )
    )
    rows = "\n".join(_group(group) for group in group_jobs(left))
    return (
        f"<h3>{plural(len(left), 'other job')}, in groups</h3>\n"
        '<p class="hint">Above are the jobs that failed or run, and the slowest ones. '
        "The * stands for numbers in names.</p>\n"
        '<div class="scroll" tabindex="0" role="region" aria-label="Groups of jobs">'
        '<table id="group-table"><caption class="unseen">Groups of jobs</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )


def _group(group: Group) -> str:
    mean = duration(group.ran / group.count) if group.ran else ""
    cells = (
        f"{group.count:,}",
        mean,
        duration(group.longest) if group.ran else "",
        duration(group.cpu) if group.cpu else "",
        size(group.memory) if group.memory else "",
    )
    numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
    return (
        f'<tr><th scope="row">{text(group.name)}</th><td>{badge(group.status.name)}</td>'
        f"{numbers}</tr>"
    )
