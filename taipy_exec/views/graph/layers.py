"""Arranges the graph in layers with few crossings: the rank and the order of each item."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from taipy_exec.model.graph import JobGraph
from taipy_exec.views.graph.names import data_nodes, edges

SWEEPS = 10


@dataclass(frozen=True, slots=True)
class Item:
    """A task, a data node, or (named "") a bend where a long edge passes a rank."""

    kind: str
    name: str
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Items by number. `ranks` holds them in drawing order; tasks are in odd ranks.

    `routes` holds each arrow as the items on its way; all readers of a data node share its
    bends. `links` are the pairs of items in neighbouring ranks that a line joins.
    """

    items: tuple[Item, ...]
    ranks: tuple[tuple[int, ...], ...]
    routes: tuple[tuple[int, ...], ...]
    links: tuple[tuple[int, int], ...]


def arrange(graph: JobGraph) -> Layers:
    """Tasks by level, data nodes between them, each rank ordered so that few lines cross."""
    items, routes = _collect(graph)
    links = tuple(dict.fromkeys(pair for way in routes for pair in pairwise(way)))
    ranks: list[list[int]] = [[] for _ in range(max((i.rank for i in items), default=-1) + 1)]
    for n, item in enumerate(items):
        ranks[item.rank].append(n)
    return Layers(
        items=tuple(items),
        ranks=tuple(tuple(rank) for rank in _uncross(ranks, links, len(items))),
        routes=tuple(routes),
        links=links,
    )


def _collect(graph: JobGraph) -> tuple[list[Item], list[tuple[int, ...]]]:
    ranks = {id: 2 * n + 1 for n, level in enumerate(graph.levels) for id in level}
    first: dict[str, int] = {}
    after: dict[str, int] = {}
    for id, node, written in edges(graph):
        if written:
            after[node] = max(after.get(node, 0), ranks[id] + 1)
        else:
            first[node] = min(first.get(node, ranks[id] - 1), ranks[id] - 1)
    items = [Item("task", task.id, ranks[task.id]) for task in graph.tasks]
    places = {("task", item.name): n for n, item in enumerate(items)}
    for node in data_nodes(graph):
        places["data", node] = len(items)
        items.append(Item("data", node, after.get(node, first.get(node, 0))))
    trunks: dict[tuple[int, int], int] = {}

    def passing(owner: int, rank: int) -> int:
        if (owner, rank) not in trunks:
            trunks[owner, rank] = len(items)
            items.append(Item("bend", "", rank))
        return trunks[owner, rank]

    routes: list[tuple[int, ...]] = []
    for id, node, written in edges(graph):
        task, data = places["task", id], places["data", node]
        start, end = (task, data) if written else (data, task)
        between = range(items[start].rank + 1, items[end].rank)
        # An output has its own route: a task may write several nodes that are drawn far away.
        owner = -(len(routes) + 1) if written else start
        routes.append((start, *(passing(owner, rank) for rank in between), end))
    return items, routes


def _uncross(
    ranks: list[list[int]], links: Sequence[tuple[int, int]], size: int
) -> list[list[int]]:
    """The best result of several barycenter sweeps, down and up in turn."""
    earlier: list[list[int]] = [[] for _ in range(size)]
    later: list[list[int]] = [[] for _ in range(size)]
    for start, end in links:
        later[start].append(end)
        earlier[end].append(start)
    place = [0.0] * size
    for rank in ranks:
        _number(rank, place)
    best, fewest = [list(rank) for rank in ranks], _crossings(ranks, later, place)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        near = earlier if down else later
        for rank in ranks if down else reversed(ranks):
            rank.sort(key=lambda n: _mean(near[n], place, place[n]))
            _number(rank, place)
        found = _crossings(ranks, later, place)
        if found < fewest:
            best, fewest = [list(rank) for rank in ranks], found
    return best


def _number(rank: Sequence[int], place: list[float]) -> None:
    # Relative places make ranks of different length comparable.
    for n, item in enumerate(rank):
        place[item] = (n + 0.5) / len(rank)


def _mean(found: Sequence[int], place: Sequence[float], default: float) -> float:
    return sum(place[n] for n in found) / len(found) if found else default


def _crossings(
    ranks: Sequence[Sequence[int]], later: Sequence[Sequence[int]], place: Sequence[float]
) -> int:
    """How many pairs of lines cross: inversions of their ends, rank by rank."""
    total = 0
    for rank in ranks:
        seen: list[float] = []
        for item in rank:
            ends = [place[n] for n in later[item]]
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total
