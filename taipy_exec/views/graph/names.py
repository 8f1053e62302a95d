"""The names in a drawing, made printable, short and safe, and the items of a graph."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from taipy_exec.model.graph import JobGraph

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def printable(name: str, *, unicode: bool = True) -> str:
    r"""`name` on one line: an invisible character becomes `\n`, `\x1b` or `\u200b`.

    This is stricter than `visible.one_line`: a drawing depends on the width of each character.
    """
    if name.isascii() and name.isprintable():
        return name
    return "".join(
        c
        if (c.isprintable() and (unicode or c.isascii()))
        else c.encode("unicode_escape").decode("ascii")
        for c in name
    )


def columns(text: str) -> int:
    """The width of `text` in columns of a terminal: East Asian letters take two."""
    if text.isascii():
        return len(text)
    return sum(_cell(c) for c in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def shorten(text: str, limit: int, ellipsis: str = "…") -> str:
    """`text` in at most `limit` columns; a longer text loses its middle."""
    if columns(text) <= limit:
        return text
    room = limit - len(ellipsis)
    if room < 2:
        return _head(text, limit)
    tail = _head(text[::-1], room // 2)[::-1]
    return _head(text, room - columns(tail)) + ellipsis + tail


def _head(text: str, limit: int) -> str:
    taken = 0
    for n, char in enumerate(text):
        taken += _cell(char)
        if taken > limit:
            return text[:n]
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """Identifiers for Mermaid and DOT, unique across tasks and data nodes, never a keyword."""

    tasks: dict[str, str]
    data: dict[str, str]


def identifiers(graph: JobGraph) -> Identifiers:
    """`task_clean` and `data_raw`; a name that is not a plain word gets a number: `task_3`."""
    return Identifiers(
        tasks=_numbered("task", (task.id for task in graph.tasks)),
        data=_numbered("data", data_nodes(graph)),
    )


def _numbered(kind: str, names: Iterable[str]) -> dict[str, str]:
    return {name: f"{kind}_{name if _PLAIN.fullmatch(name) else n}" for n, name in enumerate(names)}


def data_nodes(graph: JobGraph) -> tuple[str, ...]:
    """All data nodes in the order of their first use by the tasks."""
    return tuple(
        dict.fromkeys(node for task in graph.tasks for node in (*task.inputs, *task.outputs))
    )


def edges(graph: JobGraph) -> tuple[tuple[str, str, bool], ...]:
    """`(task, data node, written)` for each arrow of the graph, each once."""
    return tuple(
        dict.fromkeys(
            (task.id, node, written)
            for task in graph.tasks
            for written, nodes in ((False, task.inputs), (True, task.outputs))
            for node in nodes
        )
    )


def size_text(graph: JobGraph) -> str:
    """`4 tasks in 3 levels`."""
    tasks, levels = len(graph.tasks), len(graph.levels)
    if not tasks:
        return "no tasks"
    return f"{tasks} task{'s' * (tasks != 1)} in {levels} level{'s' * (levels != 1)}"
