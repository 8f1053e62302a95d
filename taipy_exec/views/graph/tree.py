"""The graph as rows of a tree: tasks that start only after a task are below that task."""

from __future__ import annotations

from dataclasses import dataclass

from taipy_exec.model.graph import JobGraph, TaskSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One task: `rails` has for each outer column whether more rows follow in it.

    `then` marks a task that follows everything above it in its branch, and so is drawn in the same
    column. `joins` names the direct predecessors if the position does not show them.
    """

    task: TaskSpec
    rails: tuple[bool, ...]
    last: bool
    then: bool
    joins: tuple[str, ...]


def tree_rows(graph: JobGraph) -> list[Row]:
    """All tasks, each once and below all its predecessors.

    The tree is that of immediate dominators: a task is below the last task that every path to it
    passes, so that a join is next to its branches and not inside one of them.
    """
    place = {task.id: n for n, task in enumerate(graph.tasks)}
    parents = _dominators(graph, place)
    branches, continuations = _branches(graph, parents, _ancestors(graph, place))
    rows: list[Row] = []
    roots = branches.get(None, [])
    # Entries wait in reverse: (task, rails of its branch, is it the last there, does it continue).
    waiting = [(id, (), id == roots[-1], False) for id in reversed(roots)]
    stack: list[tuple[str, tuple[bool, ...], bool, bool]] = [*waiting]
    while stack:
        id, rails, last, then = stack.pop()
        parent = parents[id]
        joined = graph.predecessors[id]
        rows.append(
            Row(
                task=graph.tasks[place[id]],
                rails=rails,
                last=last,
                then=then,
                joins=() if joined == ((parent,) if parent is not None else ()) else joined,
            )
        )
        if id in continuations:
            stack.append((continuations[id], rails, last, True))
        inner = (*rails, not last)
        children = branches.get(id, [])
        stack += [(child, inner, child == children[-1], False) for child in reversed(children)]
    return rows


def _dominators(graph: JobGraph, place: dict[str, int]) -> dict[str, str | None]:
    """The immediate dominator of each task; None if it is only the start of the graph."""
    parents: dict[str, str | None] = {}
    depth: dict[str | None, int] = {None: 0}
    for task in graph.tasks:
        found: str | None = None
        for n, earlier in enumerate(graph.predecessors[task.id]):
            found = earlier if n == 0 else _meet(found, earlier, parents, depth)
        parents[task.id] = found
        depth[task.id] = depth[found] + 1
    return parents


def _meet(
    one: str | None,
    other: str | None,
    parents: dict[str, str | None],
    depth: dict[str | None, int],
) -> str | None:
    while one != other:
        if depth[one] >= depth[other] and one is not None:
            one = parents[one]
        elif other is not None:
            other = parents[other]
    return one


def _ancestors(graph: JobGraph, place: dict[str, int]) -> dict[str, int]:
    """For each task a bit for each task before it."""
    found: dict[str, int] = {}
    for task in graph.tasks:
        bits = 0
        for earlier in graph.predecessors[task.id]:
            bits |= found[earlier] | 1 << place[earlier]
        found[task.id] = bits
    return found


def _branches(
    graph: JobGraph, parents: dict[str, str | None], ancestors: dict[str, int]
) -> tuple[dict[str | None, list[str]], dict[str, str]]:
    """The children of each task, and the child that follows all the others, if any.

    Children are sorted by level: a predecessor inside a branch is then always above.
    """
    children: dict[str | None, list[str]] = {}
    for level in graph.levels:
        for id in level:
            children.setdefault(parents[id], []).append(id)
    inside: dict[str, int] = {}
    for n, task in reversed(list(enumerate(graph.tasks))):
        inside[task.id] = 1 << n
        for child in children.get(task.id, ()):
            inside[task.id] |= inside[child]
    closing: dict[str, str] = {}
    for parent, found in children.items():
        if parent is None:
            continue
        before = 0
        for child in found[:-1]:
            before |= inside[child]
        if before & ~ancestors[found[-1]] == 0:
            closing[parent] = found.pop()
    return children, closing
