"""The timeline as HTML: a row for each worker slot, and how many jobs waited for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from taipy_exec.config.modes import capabilities
from taipy_exec.model.status import Status
from taipy_exec.views.palette import class_name, glyph
from taipy_exec.views.report.content import Report
from taipy_exec.views.report.markup import plural, size, text
from taipy_exec.views.report.slots import Run, Slot, slots, slots_given, waiting
from taipy_exec.views.words import counts_text, duration

MOST_SLOTS = 200
# Bars narrower than this (percent) have no room for a name.
_NAMED_FROM = 4.0
# If there are more runs, those that are next to each other share a bar.
MOST_BARS = 4_000
MOST_FAILED_BARS = 200
# A shorter time between being ready and being started is not shown as a wait. In seconds.
_ON_ITS_WAY = 0.05
_TICKS = 8
_STEPS: tuple[float, ...] = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
)
_STEPS += (300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800, 604_800)


def timeline(report: Report) -> str:
    """The rows and their axis; a sentence if nothing ran."""
    rows = slots(report.stories)
    if not rows:
        return '<p class="empty">No job has run.</p>'
    begin = report.record.created_at
    end = max(max(slot.end for slot in rows), report.record.finished_at or 0.0)
    if report.record.finished_at is None:
        end = max(end, report.made_at)
    span = _Span(min(begin, min(run.begin for slot in rows for run in slot.runs)), end)
    ticks = list(_ticks(span))
    positions = {story.job.id: n for n, story in enumerate(report.stories)}
    shown = rows[:MOST_SLOTS]
    narrow = bar_width(sum(len(slot.runs) for slot in shown), len(shown))
    parts = ['<div class="timeline">', _axis(ticks)]
    for number, slot in enumerate(shown, 1):
        parts.append(_row(number, slot, span, ticks, positions, narrow, report))
    parts.append(_queue(report, rows, span))
    parts.append("</div>")
    if len(rows) > MOST_SLOTS:
        parts.append(f"<p>{plural(len(rows) - MOST_SLOTS, 'more slot')} are not drawn.</p>")
    return "\n".join(parts)


class _Span:
    """The begin and end of the timeline, and the position of a moment in it, in percent."""

    def __init__(self, begin: float, end: float) -> None:
        self.begin = begin
        self.seconds = max(end - begin, 0.001)

    def at(self, moment: float) -> float:
        return min(max((moment - self.begin) / self.seconds, 0.0), 1.0) * 100


def _ticks(span: _Span) -> Iterator[tuple[float, str]]:
    step = next((s for s in _STEPS if span.seconds / s <= _TICKS), _STEPS[-1])
    step = max(step, span.seconds / (_TICKS * 4))
    n = 0
    while n * step <= span.seconds * 0.97:
        yield n * step / span.seconds * 100, duration(n * step) if n else "0"
        n += 1


def _axis(ticks: Sequence[tuple[float, str]]) -> str:
    marks = "".join(f'<span style="left:{at:.2f}%">{text(name)}</span>' for at, name in ticks)
    return f'<div class="lane axis" aria-hidden="true"><div></div><div>{marks}</div></div>'


def _row(
    number: int,
    slot: Slot,
    span: _Span,
    ticks: Sequence[tuple[float, str]],
    positions: dict[str, int],
    narrow: float,
    report: Report,
) -> str:
    lines = "".join(f'<i style="left:{at:.2f}%"></i>' for at, _ in ticks)
    bars = []
    former = span.begin
    for runs in _together(slot.runs, span, narrow):
        run = runs[0]
        # A wait is drawn only while the slot was free: elsewhere a bar would cover it.
        if run.begin > max(run.waits_from, former):
            left = span.at(max(run.waits_from, former))
            width = span.at(run.begin) - left
            if width > 0.05:
                bars.append(f'<b class="wait" style="left:{left:.3f}%;width:{width:.3f}%"></b>')
        if len(runs) == 1:
            bars.append(_bar(run, span, positions[run.story.job.id], report))
        else:
            bars.append(_many(runs, span))
        former = runs[-1].end
    processes = plural(len(slot.workers), "process").replace("processs", "processes")
    name = slot.workers[0] if len(slot.workers) == 1 else f"{slot.host}, {processes}"
    busy = sum(run.end - run.begin for run in slot.runs)
    told = f"{plural(len(slot.runs), 'job')}, busy {duration(busy)}"
    return (
        f'<div class="lane"><div class="slot"><span>Slot {number}</span> '
        f'<small title="{text(", ".join(slot.workers[:20]))}">{text(name)}</small>'
        f'<small>{told}</small></div><div class="track">{lines}{"".join(bars)}</div></div>'
    )


def bar_width(runs: int, slots: int) -> float:
    """The least width of a bar, in percent of the timeline, so that bars can be distinguished;
    0 if each job may have its own."""
    return 0.0 if runs <= MOST_BARS else 100.0 * slots / MOST_BARS


def _together(runs: Sequence[Run], span: _Span, narrow: float) -> Iterator[list[Run]]:
    """The runs of one bar; a failed run has its own, unless very many failed."""
    if not narrow:
        yield from ([run] for run in runs)
        return
    left = MOST_FAILED_BARS
    group: list[Run] = []
    for run in runs:
        failed = run.story.job.status is Status.FAILED and left > 0
        if group and (failed or span.at(run.end) - span.at(group[0].begin) > narrow):
            yield group
            group = []
        if failed:
            left -= 1
            yield [run]
        else:
            group.append(run)
    if group:
        yield group


def _many(runs: Sequence[Run], span: _Span) -> str:
    counts = Counter(run.story.job.status for run in runs)
    worst = next((s for s in (Status.FAILED, Status.RUNNING) if counts[s]), None)
    status = (worst or counts.most_common(1)[0][0]).name
    left = span.at(runs[0].begin)
    width = max(span.at(runs[-1].end) - left, 0.0)
    busy = sum(run.end - run.begin for run in runs)
    tip = f"{plural(len(runs), 'job')}: {counts_text(counts)}, ran {duration(busy)}"
    return (
        f'<b class="bar {class_name(status)}" style="left:{left:.3f}%;width:{width:.3f}%" '
        f'title="{text(tip)}"></b>'
    )


def _bar(run: Run, span: _Span, number: int, report: Report) -> str:
    job = run.story.job
    status = job.status.name
    left = span.at(run.begin)
    width = max(span.at(run.end) - left, 0.0)
    waited = run.story.waited
    tip = f"{job.task}: {status}, ran {duration(run.story.ran)}"
    if waited:
        tip += f", waited {duration(waited)}"
    if job.cpu_seconds is not None:
        tip += f", processor time {duration(job.cpu_seconds)}"
    if job.peak_memory:
        tip += f", peak memory {size(job.peak_memory)}"
    name = f"{glyph(status)} {text(job.task)}" if width >= _NAMED_FROM else ""
    link = f'a tabindex="-1" href="#job-{number}"' if report.has_row(number) else "b"
    return (
        f'<{link} class="bar {class_name(status)}" '
        f'style="left:{left:.3f}%;width:{width:.3f}%" title="{text(tip)}">{name}</{link[0]}>'
    )


def _queue(report: Report, rows: Sequence[Slot], span: _Span) -> str:
    """A curve of steps: how many jobs were ready and waited for a slot."""
    elsewhere = capabilities(report.record.mode).on_other_machines
    given = slots_given(rows, from_the_start=not elsewhere)
    steps = waiting(report.stories, report.made_at, max(_ON_ITS_WAY, span.seconds / 500), given)
    most = max((count for _, count in steps), default=0)
    if not most:
        return ""
    path, last = [f"M{span.at(steps[0][0]):.2f} 30"], ""
    for at, count in steps:
        move = f"H{span.at(at):.2f}V{30 - 28 * count / most:.1f}"
        if move != last:
            path.append(move)
        last = move
    path.append("V30Z")
    return (
        '<div class="lane"><div class="slot"><span>Waiting</span> '
        f"<small>ready, no slot free: {plural(most, 'job')} at most</small></div>"
        '<div class="track queue"><svg viewBox="0 0 100 30" preserveAspectRatio="none" '
        f'aria-hidden="true"><path d="{"".join(path)}"/></svg></div></div>'
    )
