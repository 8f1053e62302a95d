"""The graph as a Mermaid flowchart: tasks as boxes, data nodes as stadiums."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from taipy_exec.model.graph import JobGraph
from taipy_exec.views.graph.names import edges, identifiers, printable
from taipy_exec.views.palette import PLAIN, Look, class_name, glyph, look

# Mermaid reads labels as Markdown and HTML. Letters, digits and harmless signs stay; the rest, and
# signs that could start a list or emphasis, become its numeric entities (#35; is a hash).
_UNSAFE = re.compile(r"[^\w .-]|(?<!\w)[._-]|[._-](?!\w)")


def mermaid_graph(graph: JobGraph, *, title: str, statuses: Mapping[str, str]) -> str:
    """A `flowchart LR` with the title in its front matter and one class for each status."""
    ids = identifiers(graph)
    lines = ["---", f"title: {json.dumps(printable(title))}", "---", "flowchart LR"]
    for task in graph.tasks:
        status = statuses.get(task.id)
        sign = f"{glyph(status)} " if status else ""
        kind = class_name(status) if status else "task"
        lines.append(f'    {ids.tasks[task.id]}["{sign}{_label(task.id)}"]:::{kind}')
    for node, id in ids.data.items():
        lines.append(f'    {id}(["{_label(node)}"]):::data')
    for name, node, written in edges(graph):
        ends = (ids.tasks[name], ids.data[node])
        start, end = ends if written else ends[::-1]
        lines.append(f"    {start} --> {end}")
    lines += _classes(graph, statuses)
    return "\n".join(lines)


def _label(name: str) -> str:
    return _UNSAFE.sub(lambda found: f"#{ord(found[0])};", printable(name))


def _classes(graph: JobGraph, statuses: Mapping[str, str]) -> list[str]:
    if not graph.tasks:
        return []
    used: dict[str, Look] = {}
    for task in graph.tasks:
        status = statuses.get(task.id)
        used[class_name(status) if status else "task"] = look(status) if status else PLAIN
    lines = [
        f"    classDef {name} fill:{seen.light.fill},stroke:{seen.light.stroke},"
        f"color:{seen.light.text}" + (",stroke-dasharray:4 3" if seen.dashed else "")
        for name, seen in sorted(used.items())
    ]
    return [*lines, "    classDef data fill:#ffffff,stroke:#afb8c1,color:#59636e"]
