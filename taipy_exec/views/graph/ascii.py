"""The graph for a terminal: a tree of tasks with their data, or a list by level if too deep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from taipy_exec.model.graph import JobGraph, TaskSpec
from taipy_exec.views.graph.names import columns, printable, shorten, size_text
from taipy_exec.views.graph.tree import Row, tree_rows
from taipy_exec.views.palette import glyph, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The strokes of the drawing; those of the tree are three columns wide."""

    branch: str
    last: str
    rail: str
    rail_then: str
    then: str
    gives: str
    after: str
    ellipsis: str


UNICODE = Signs(
    branch="├─ ",
    last="└─ ",
    rail="│  ",
    rail_then="│↓ ",
    then=" ↓ ",
    gives="→",
    after="◀",
    ellipsis="…",
)
ASCII = Signs(
    branch="|- ",
    last="`- ",
    rail="|  ",
    rail_then="|v ",
    then=" v ",
    gives="->",
    after="<-",
    ellipsis="...",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A future line: `indent` with the name, the strokes below it, and the words about it."""

    indent: str
    below: str
    name: str
    parts: tuple[tuple[str, ...], ...] = ()


def ascii_graph(
    graph: JobGraph, *, title: str, statuses: Mapping[str, str], width: int, unicode: bool
) -> str:
    """A head, one line or more for each task, and the meaning of the signs.

    No line is wider than `width` columns.
    """
    signs = UNICODE if unicode else ASCII
    rows = tree_rows(graph)
    is_tree = max((len(row.rails) + 1 for row in rows), default=0) * 3 <= width // 3
    if is_tree:
        entries = _tree(rows, graph.levels, statuses, signs)
    else:
        entries = _levels(graph, statuses, signs)
    head = _head(graph, title, statuses, width, signs)
    legend = _wrapped(_legend(graph, rows, signs, is_tree=is_tree), width, signs.ellipsis)
    lines = [*head, *_lines(entries, width, signs), *(["", *legend] if any(legend) else [])]
    return "\n".join(shorten(line, width, signs.ellipsis) for line in lines)


def _legend(
    graph: JobGraph, rows: Sequence[Row], signs: Signs, *, is_tree: bool
) -> Iterable[tuple[str, ...]]:
    """The meaning of each sign that occurs, as the words of one part."""
    if is_tree and len(graph.levels) > 1:
        yield _words("number: the level; tasks of one level can run at the same time")
    if any(task.outputs for task in graph.tasks):
        yield _words(f"inputs {signs.gives} outputs")
    if any(row.joins if is_tree else graph.predecessors[row.task.id] for row in rows):
        yield _words(f"{signs.after} starts after these tasks")
    if is_tree and any(row.then for row in rows):
        yield _words(f"{signs.then} starts after all tasks above it in its branch")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _head(
    graph: JobGraph, title: str, statuses: Mapping[str, str], width: int, signs: Signs
) -> list[str]:
    unicode = signs is UNICODE
    first = f"{printable(title, unicode=unicode)}: {size_text(graph)}"
    counts = [
        (f"{glyph(status, unicode=unicode)} {count} {printable(status.lower(), unicode=unicode)}",)
        for status, count in tally((task.id for task in graph.tasks), statuses)
    ]
    return [first, *(_wrapped(counts, width, signs.ellipsis) if counts else ())]


def _tree(
    rows: Sequence[Row],
    levels: Sequence[Sequence[str]],
    statuses: Mapping[str, str],
    signs: Signs,
) -> Iterable[_Entry]:
    level = {id: n for n, ids in enumerate(levels) for id in ids}
    room = len(str(len(levels) - 1)) if len(levels) > 1 else 0
    for row, following in zip_longest(rows, rows[1:]):
        rails = "".join(signs.rail if more else "   " for more in row.rails)
        own = "   " if row.last else signs.rail
        if row.then:
            stroke = signs.then if row.last else signs.rail_then
        else:
            stroke = signs.last if row.last else signs.branch
        opens = following is not None and len(following.rails) > len(row.rails)
        number = f"{level[row.task.id]:>{room}} " if room else ""
        yield _Entry(
            indent=number + rails + stroke,
            below=" " * len(number) + rails + own + (signs.rail if opens else ""),
            name=_name(row.task, statuses, signs),
            parts=_parts(row.task, row.joins, signs),
        )


def _levels(graph: JobGraph, statuses: Mapping[str, str], signs: Signs) -> Iterable[_Entry]:
    tasks = {task.id: task for task in graph.tasks}
    for n, level in enumerate(graph.levels):
        yield _Entry(indent="", below="", name=f"level {n}")
        for id in level:
            yield _Entry(
                indent="  ",
                below="  ",
                name=_name(tasks[id], statuses, signs),
                parts=_parts(tasks[id], graph.predecessors[id], signs),
            )


def _name(task: TaskSpec, statuses: Mapping[str, str], signs: Signs) -> str:
    unicode = signs is UNICODE
    name = printable(task.id, unicode=unicode)
    if not statuses:
        return name
    status = statuses.get(task.id)
    return f"{glyph(status, unicode=unicode) if status else ' '} {name}"


def _parts(task: TaskSpec, joins: Sequence[str], signs: Signs) -> tuple[tuple[str, ...], ...]:
    """The words about a task that wrap together: its data, and the tasks that it joins."""
    data = _listed(task.inputs, signs)
    if task.outputs:
        data = (*data, signs.gives, *_listed(task.outputs, signs))
    after = (signs.after, *_listed(joins, signs)) if joins else ()
    return tuple(part for part in (data, after) if part)


def _listed(names: Sequence[str], signs: Signs) -> tuple[str, ...]:
    shown = [printable(name, unicode=signs is UNICODE) for name in dict.fromkeys(names)]
    return tuple(f"{name}{',' * (n < len(shown))}" for n, name in enumerate(shown, 1))


def _lines(entries: Iterable[_Entry], width: int, signs: Signs) -> Iterable[str]:
    entries = list(entries)
    widest = max((columns(e.indent + e.name) for e in entries if e.parts), default=0)
    left = min(widest, max(width * 9 // 20, min(width - 14, 24)))
    room = max(width - left - 2, 6)
    for entry in entries:
        if not entry.parts:
            yield entry.indent + entry.name
            continue
        name = shorten(entry.name, max(left - columns(entry.indent), 1), signs.ellipsis)
        start = entry.indent + name
        for text in _wrapped(entry.parts, room, signs.ellipsis):
            yield f"{start}{' ' * (left - columns(start))}  {text}".rstrip()
            start = entry.below


def _wrapped(parts: Iterable[Sequence[str]], room: int, ellipsis: str) -> list[str]:
    """The words in lines of at most `room` columns; a part stays whole if a line can hold it."""
    lines = [""]
    for part in parts:
        whole = columns(lines[-1]) + 2 + columns(" ".join(part)) <= room
        if lines[-1] and not whole:
            lines.append("")
        gap = "  " if lines[-1] else ""
        for n, word in enumerate(part):
            # A sign (an arrow) never ends a line: it goes with the name that follows it.
            text = _fitted(word, room, ellipsis)
            held = columns(part[n + 1]) + 1 if len(word) <= 2 and n + 1 < len(part) else 0
            need = columns(lines[-1] + gap + text) + min(held, room // 2)
            if lines[-1].strip() and need > room:
                lines.append("")
                gap = "  " if n else ""
            lines[-1] += gap + text
            gap = " "
    return lines


def _fitted(word: str, room: int, ellipsis: str) -> str:
    if word.endswith(",") and columns(word) > room:
        return shorten(word[:-1], room - 1, ellipsis) + ","
    return shorten(word, room, ellipsis)
