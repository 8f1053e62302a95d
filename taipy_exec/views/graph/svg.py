"""The graph as a self-contained SVG that follows the reader's light or dark scheme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from taipy_exec.model.graph import JobGraph
from taipy_exec.views.graph.layers import Item, Layers, arrange
from taipy_exec.views.graph.names import columns, printable, shorten, size_text
from taipy_exec.views.graph.placement import Box, Placement, place
from taipy_exec.views.graph.stylesheet import GLYPH_PATHS, stylesheet
from taipy_exec.views.palette import class_name, glyph, tally

LONGEST_NAME = 32
MARGIN = 24.0
# Widths of a letter at 13 and 11 pixels; the usual fixed-width fonts have 0.6 em or less.
TASK_LETTER, DATA_LETTER, TITLE_LETTER = 7.85, 6.65, 8.6
_ARROW_HEAD = (
    '<defs><marker id="jobs-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path class="head" d="M0 .8 7.5 4 0 7.2z"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The size of the whole picture, and the start of its drawing."""

    width: float
    height: float
    left: float
    top: float


def svg_graph(graph: JobGraph, *, title: str, statuses: Mapping[str, str]) -> str:
    """One `<svg>` element: a title, a legend of the statuses, and the layered drawing."""
    layers = arrange(graph)
    placed = place(layers, [_size(item, statuses) for item in layers.items])
    counts = tally((task.id for task in graph.tasks), statuses)
    legend, legend_width = _legend(counts)
    heading = shorten(printable(title), 60)
    size = size_text(graph)
    inner = max(placed.width, legend_width, columns(heading) * TITLE_LETTER + 20 + len(size) * 6.7)
    top = MARGIN + 34 + (26 if counts else 0)
    frame = _Frame(
        width=round(inner + 2 * MARGIN),
        height=round(top + placed.height + MARGIN),
        left=MARGIN + (inner - placed.width) / 2,
        top=top,
    )
    described = ", ".join(f"{n} {printable(status.lower())}" for status, n in counts)
    used = {status for status, _ in counts}
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="jobs" role="img" '
            f'viewBox="0 0 {frame.width} {frame.height}" width="{frame.width}" '
            f'height="{frame.height}">',
            f"<title>{escape(printable(title))}</title>",
            f"<desc>{escape(f'{size}: {described}' if described else size)}</desc>",
            f"<style>{stylesheet(used)}</style>",
            _ARROW_HEAD,
            '<rect class="ground" x=".5" y=".5" rx="10" '
            f'width="{frame.width - 1}" height="{frame.height - 1}"/>',
            f'<text class="heading" x="{MARGIN:g}" y="{MARGIN + 10:g}">{escape(heading)}'
            f'<tspan class="size" dx="12">{size}</tspan></text>',
            *legend,
            f'<g transform="translate({frame.left:g} {frame.top:g})">',
            *_arrows(layers, placed),
            *_boxes(graph, layers, placed, statuses),
            "</g>",
            "</svg>",
        ]
    )


def _size(item: Item, statuses: Mapping[str, str]) -> tuple[float, float]:
    name = shorten(printable(item.name), LONGEST_NAME)
    if item.kind == "bend":
        return (0.0, 4.0)
    if item.kind == "data":
        return (columns(name) * DATA_LETTER + 20, 22.0)
    return (columns(name) * TASK_LETTER + 28 + (20 if item.name in statuses else 0), 34.0)


def _legend(counts: Iterable[tuple[str, int]]) -> tuple[list[str], float]:
    """The elements of the line below the title, and their width."""
    parts: list[str] = []
    x = MARGIN
    for status, count in counts:
        text = f"{count} {printable(status.lower())}"
        parts.append(
            f'<g class="legend {class_name(status)}">{_sign(status, x + 7, MARGIN + 30)}'
            f'<text x="{x + 19:g}" y="{MARGIN + 34:g}">{escape(text)}</text></g>'
        )
        x += 19 + columns(text) * 6.7 + 18
    return parts, max(x - 18 - MARGIN, 0.0)


def _sign(status: str, x: float, y: float) -> str:
    """The glyph of a status as strokes in a square of 12, so that it needs no font."""
    if class_name(status) == "other":
        return f'<text class="sign" x="{x:g}" y="{y + 4:g}">{glyph(status)}</text>'
    return (
        f'<path class="sign" transform="translate({x - 6:g} {y - 6:g})" d="{GLYPH_PATHS[status]}"/>'
    )


def _boxes(
    graph: JobGraph, layers: Layers, placed: Placement, statuses: Mapping[str, str]
) -> Iterable[str]:
    flows = {
        task.id: f"{', '.join(task.inputs)} → {', '.join(task.outputs)}" for task in graph.tasks
    }
    for item, box in zip(layers.items, placed.boxes, strict=True):
        if item.kind == "data":
            yield _element("data", item.name, printable(item.name), box)
        elif item.kind == "task":
            status = statuses.get(item.name)
            tip = f"{item.name}: {status}" if status else item.name
            tip = f"{printable(tip)}\n{printable(flows[item.name])}"
            yield _element("task", item.name, tip, box, status)


def _element(kind: str, name: str, tip: str, box: Box, status: str | None = None) -> str:
    left, top = box.x - box.w / 2, box.y - box.h / 2
    round_by = 8 if kind == "task" else box.h / 2
    shown = f" {class_name(status)}" if status else ""
    sign = _sign(status, left + 20, box.y) if status else ""
    middle = box.x + (10 if status else 0)
    return (
        f'<g class="{kind}{shown}" data-name={quoteattr(printable(name))}>'
        f"<title>{escape(tip)}</title>"
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.w:.1f}" height="{box.h:g}" '
        f'rx="{round_by:g}"/>{sign}'
        f'<text x="{middle:.1f}" y="{box.y + (4.5 if kind == "task" else 3.8):.1f}">'
        f"{escape(shorten(printable(name), LONGEST_NAME))}</text></g>"
    )


def _arrows(layers: Layers, placed: Placement) -> Iterable[str]:
    for route in layers.routes:
        start, end = (quoteattr(printable(layers.items[n].name)) for n in (route[0], route[-1]))
        reads = layers.items[route[-1]].kind == "task"
        kind = "reads" if reads else "writes"
        yield (
            f'<path class="edge {kind}" data-from={start} data-to={end} '
            f'd="{_curve([placed.boxes[n] for n in route], placed.sideways)}"/>'
        )


def _curve(way: Sequence[Box], sideways: bool) -> str:
    """A line from the end of the first box to the start of the last, through the bends."""
    flow = [(b.x, b.y, b.w / 2) if sideways else (b.y, b.x, b.h / 2) for b in way]
    path = "M" + _point(flow[0][0] + flow[0][2], flow[0][1], sideways)
    for (x, y, half), (next_x, next_y, next_half) in pairwise(flow):
        start, end = x + half, next_x - next_half
        middle = (start + end) / 2
        if abs(y - next_y) < 0.05:
            path += "L" + _point(end, next_y, sideways)
        else:
            path += "C" + " ".join(
                _point(*at, sideways) for at in ((middle, y), (middle, next_y), (end, next_y))
            )
        if next_half and (next_x, next_y) != flow[-1][:2]:
            path += "L" + _point(next_x + next_half, next_y, sideways)
    return path


def _point(along: float, across: float, sideways: bool) -> str:
    return f"{along:.1f} {across:.1f}" if sideways else f"{across:.1f} {along:.1f}"
