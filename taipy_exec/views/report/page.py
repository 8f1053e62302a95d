"""The report as one HTML page, from the template next to this module. It loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from importlib.resources import files
from string import Template

from taipy_exec.version import __version__
from taipy_exec.views.graph import render_graph
from taipy_exec.views.hints import as_argument
from taipy_exec.views.palette import LOOKS, class_name, glyph, tally
from taipy_exec.views.report import sections, value_sections
from taipy_exec.views.report.content import JobStory, Report
from taipy_exec.views.report.made_with import made_with
from taipy_exec.views.report.markup import badge, command, moment, plural, text, zone
from taipy_exec.views.report.table import table
from taipy_exec.views.report.timeline import timeline
from taipy_exec.views.words import counts_text, duration

# A larger graph is not drawn: the picture would be of no use and take long to arrange.
MOST_TASKS = 5_000
MOST_ARROWS = 30_000
# A wider picture can be scrolled at first: it would be too small to read if it fitted.
WIDEST_FITTED = 1_800
_WITH_ZONE = "%Y-%m-%d %H:%M:%S %Z"
_WIDTH = re.compile(r'<svg [^>]*? width="(\d+)"')


def html_page(report: Report) -> str:
    """The whole page. Its policy allows only its own script, which it names by hash."""
    here = files("taipy_exec.views.report")
    template = Template((here / "page.html").read_text(encoding="utf-8"))
    script = (here / "page.js").read_text(encoding="utf-8")
    style = (here / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    record = report.record
    results, inputs = value_sections.results(report), value_sections.inputs(report)
    return template.substitute(
        policy="default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'",
        title=f"{glyph(record.status.name)} {text(record.scenario)} {text(record.status.name)}",
        style=f"{_colours()}{style}",
        head=_head(report),
        menu=_menu(report, results, inputs),
        failures=_failures(report),
        results=results,
        inputs=inputs,
        graph=_graph(report),
        timeline=timeline(report),
        zone=zone(report.made_at),
        filters=_filters(report),
        jobs=table(report)
        if report.stories
        else '<p class="empty">This submission has no jobs.</p>',
        data=f"{sections.data(report)}\n{value_sections.between(report)}",
        logs=sections.logs(report),
        foot=_foot(report),
        script=script,
    )


def _colours() -> str:
    """A class for each status with its colours, in light and in dark."""
    light = dark = ""
    for status, look in LOOKS.items():
        name = class_name(status)
        for tone, night in ((look.light, False), (look.dark, True)):
            rule = f".{name}{{--fill:{tone.fill};--line:{tone.stroke};--ink:{tone.text}}}\n"
            light, dark = (light, dark + rule) if night else (light + rule, dark)
        if look.dashed:
            light += f".{name}{{--outline:dashed}}\n"
    return f"{light}@media (prefers-color-scheme:dark){{\n{dark}}}\n"


def _head(report: Report) -> str:
    record = report.record
    name = record.name if record.name not in (record.scenario, record.instance) else ""
    target = "" if record.target == "scenario" else record.target.replace(":", " ", 1)
    ended = record.finished_at is not None
    state = badge(record.status.name)
    if report.interrupted:
        why = "WAITS FOR DATA" if record.waits_for_data else "INTERRUPTED"
        state += f' <span class="badge canceled">⚠ {why}</span>'
    facts = [
        ("Mode", text(record.mode)),
        ("Instance", text(name)),
        ("Only", text(target)),
        ("Retries", _code(record.properties.get("retries"))),
        ("Submitted", moment(record.created_at, form=_WITH_ZONE)),
        ("Ended", moment(record.finished_at, form=_WITH_ZONE)),
        ("Took" if ended else "So far", duration(report.seconds)),
        ("Asked for", ", ".join(_wishes(report))),
        ("Submission", _code(record.id)),
    ]
    shown = "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in facts if v)
    notes = [text(note) for note in report.notes]
    if report.interrupted:
        wanted = f"taipy-exec resume {record.short_id}{report.where}"
        why = "It waits for data." if record.waits_for_data else "The process that ran it is gone."
        if record.program is None:
            why = f"{why} Resume it: {command(wanted)}"
        notes.insert(0, why)
    elif not ended:
        notes.insert(0, f"It has not ended: this is what was known at {moment(report.made_at)}.")
    told = "".join(f'<p class="note">{note}</p>' for note in notes)
    return (
        f"<h1>{text(record.scenario)} {state}</h1>\n"
        f'<p class="counts">{text(_counts(report))}</p>\n{_share(report)}\n'
        f"<dl>{shown}</dl>\n{made_with(report)}\n{told}"
    )


def _code(value: object) -> str:
    return f"<code>{text(value)}</code>" if value else ""


def _wishes(report: Report) -> list[str]:
    record = report.record
    return [name for name, on in (("force", record.force), ("fail fast", record.fail_fast)) if on]


def _counts(report: Report) -> str:
    total = len(report.stories)
    return f"{plural(total, 'job')}: {counts_text(report.record.counts)}" if total else "No jobs"


def _share(report: Report) -> str:
    """A bar with a part for each status. The sentence above it says the same."""
    parts = "".join(
        f'<span class="{class_name(status)}" style="flex-grow:{count}" '
        f'title="{count} {text(status.lower())}"></span>'
        for status, count in tally(report.statuses, report.statuses)
    )
    return f'<div class="share" aria-hidden="true">{parts}</div>' if parts else ""


def _menu(report: Report, results: str, inputs: str) -> str:
    entries = [("graph", "Graph"), ("timeline", "Timeline"), ("jobs", "Jobs")]
    entries += [("data", "Data"), ("logs", "Logs")]
    if inputs:
        entries.insert(0, ("inputs", "Inputs"))
    if results:
        entries.insert(0, ("results", "Results"))
    if report.failed:
        entries.insert(0, ("failures", f"Failures ({len(report.failed)})"))
    return "".join(f'<a href="#{id}">{name}</a>' for id, name in entries)


def _failures(report: Report) -> str:
    if not report.failed:
        return ""
    return (
        '<section id="failures" aria-labelledby="failures-head"><h2 id="failures-head">'
        f"{plural(len(report.failed), 'failed job')}</h2>\n{sections.failures(report)}\n</section>"
    )


def _graph(report: Report) -> str:
    graph = report.graph
    if graph is None:
        return '<p class="empty">The graph is not known.</p>'
    arrows = sum(len(task.inputs) + len(task.outputs) for task in graph.tasks)
    if len(graph.tasks) > MOST_TASKS or arrows > MOST_ARROWS:
        place = as_argument(report.where)
        wanted = f"taipy-exec graph{place} --scenario {report.record.scenario} --format dot"
        return (
            f'<p class="empty">{plural(len(graph.tasks), "task")} and {arrows:,} arrows are too '
            f"many to draw. {command(wanted)}</p>"
        )
    drawn = render_graph(graph, "svg", title=report.record.scenario, statuses=report.statuses)
    found = _WIDTH.search(drawn)
    width = int(found[1]) if found else 0
    full = width > WIDEST_FITTED
    return (
        '<div class="controls" hidden><button type="button" id="fit" '
        f'aria-pressed="{str(not full).lower()}">Fit to width</button>'
        '<output id="traced" aria-live="polite">Click a task or a data node to see what it '
        "depends on and what depends on it.</output></div>"
        f'<div class="picture{" full" if full else ""}" style="--own:{width}px" tabindex="0" '
        f'role="region" aria-label="Graph, scrolls">{drawn}</div>'
    )


def _filters(report: Report) -> str:
    if not report.stories:
        return ""
    with_rows = {story.job.task: story.job.status.name for story in _with_row(report)}
    buttons = "".join(
        f'<button type="button" class="filter {class_name(status)}" aria-pressed="false" '
        f'data-status="{class_name(status)}">{glyph(status)} {count:,} {text(status.lower())}'
        "</button>"
        for status, count in tally(with_rows, with_rows)
    )
    return (
        '<div class="controls" hidden><label>Find <input type="search" id="find" '
        'placeholder="task, reason, worker"></label>'
        f'<span role="group" aria-label="Show only">{buttons}</span>'
        f'<output id="shown" aria-live="polite">{plural(len(report.rows), "job")}</output></div>'
    )


def _with_row(report: Report) -> Iterator[JobStory]:
    return (report.stories[number] for number in report.rows)


def _foot(report: Report) -> str:
    return (
        f"Made {moment(report.made_at)} ({zone(report.made_at)}) by taipy-exec {__version__}. "
        "Passwords are replaced by ***. As JSON: "
        f"{command(f'taipy-exec report {report.record.short_id} --format json{report.where}')}"
    )
