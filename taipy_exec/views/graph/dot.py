"""The graph in Graphviz DOT: tasks as boxes, data nodes as ellipses."""

from __future__ import annotations

from collections.abc import Mapping

from taipy_exec.model.graph import JobGraph, TaskSpec
from taipy_exec.views.graph.names import edges, identifiers, printable
from taipy_exec.views.palette import PLAIN, class_name, glyph, look

_HEAD = """\
  rankdir=LR; bgcolor="white"; nodesep=0.25; ranksep=0.35; labelloc=t;
  fontname="Helvetica"; fontsize=14;
  node [fontname="Helvetica", fontsize=12, style="filled"];
  edge [color="#6e7781", arrowsize=0.6];"""
_DATA = 'shape=ellipse, fontsize=10, height=0.3, fillcolor="white", color="#afb8c1"'


def dot_graph(graph: JobGraph, *, title: str, statuses: Mapping[str, str]) -> str:
    """A `digraph` from left to right with the title as its label."""
    ids = identifiers(graph)
    lines = ["digraph jobs {", _HEAD, f"  label={_quoted(title)};"]
    for task in graph.tasks:
        lines.append(f"  {ids.tasks[task.id]} [{_box(task, statuses.get(task.id))}];")
    for node, id in ids.data.items():
        lines.append(f'  {id} [label={_quoted(node)}, {_DATA}, fontcolor="#59636e"];')
    for name, node, written in edges(graph):
        ends = (ids.tasks[name], ids.data[node])
        start, end = ends if written else ends[::-1]
        lines.append(f"  {start} -> {end};")
    return "\n".join([*lines, "}"])


def _box(task: TaskSpec, status: str | None) -> str:
    seen = look(status) if status else PLAIN
    tone = seen.light
    label = f"{glyph(status)} {task.id}" if status else task.id
    style = "rounded,filled,dashed" if seen.dashed else "rounded,filled"
    more = f', class="{class_name(status)}", tooltip={_quoted(status)}' if status else ""
    return (
        f'label={_quoted(label)}, shape=box, style="{style}", fillcolor="{tone.fill}", '
        f'color="{tone.stroke}", fontcolor="{tone.text}"{more}'
    )


def _quoted(text: str) -> str:
    """A DOT string whose escapes (`\\N`, `\\l`) and entities (`&lt;`) are taken literally."""
    plain = printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{plain}"'
