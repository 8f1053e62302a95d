"""Pictures of a job graph as text: for a terminal, for Mermaid, for Graphviz, and as SVG."""

from __future__ import annotations

from collections.abc import Mapping

from taipy_exec.model.graph import JobGraph
from taipy_exec.views.graph.ascii import ascii_graph
from taipy_exec.views.graph.dot import dot_graph
from taipy_exec.views.graph.mermaid import mermaid_graph
from taipy_exec.views.graph.svg import svg_graph

FORMATS = ("ascii", "mermaid", "dot", "svg")


def render_graph(
    graph: JobGraph,
    format: str,
    *,
    title: str,
    statuses: Mapping[str, str] | None = None,
    width: int = 100,
    unicode: bool = True,
) -> str:
    """`graph` in one of `FORMATS`, without a newline at the end.

    `statuses` maps task ids to names of job statuses; tasks without one are drawn plainly.
    `width` (columns) and `unicode` bind the ascii format only. Raises `ValueError` for a format
    that does not exist.
    """
    shown = statuses or {}
    match format:
        case "ascii":
            return ascii_graph(graph, title=title, statuses=shown, width=width, unicode=unicode)
        case "mermaid":
            return mermaid_graph(graph, title=title, statuses=shown)
        case "dot":
            return dot_graph(graph, title=title, statuses=shown)
        case "svg":
            return svg_graph(graph, title=title, statuses=shown)
    raise ValueError(f"no graph format {format!r}: one of {', '.join(FORMATS)}")
