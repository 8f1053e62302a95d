"""Coordinates for the layers: each item near its neighbours, without overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from taipy_exec.views.graph.layers import Layers

# An odd number: the last round follows the flow, so that outputs end in line with their tasks.
ROUNDS = 13
COMFORTABLE_WIDTH = 1000.0
# A long edge should run straight: its bends pull at each other more than boxes do.
PULLS = {("bend", "bend"): 8.0, ("data", "bend"): 2.0, ("bend", "task"): 2.0}


@dataclass(frozen=True, slots=True)
class Box:
    """Centre and size. A bend has the size of its rank along the flow and 0 across."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A box for each item of the layers, in a drawing of `width` by `height`."""

    boxes: tuple[Box, ...]
    width: float
    height: float
    sideways: bool


def place(layers: Layers, sizes: Sequence[tuple[float, float]]) -> Placement:
    """The layers from left to right, or from top to bottom if that would be too wide.

    `sizes` are width and height of each item.
    """
    sideways = _place(layers, sizes, sideways=True)
    if sideways.width <= COMFORTABLE_WIDTH:
        return sideways
    downwards = _place(layers, sizes, sideways=False)
    return sideways if sideways.width <= downwards.width else downwards


def _place(layers: Layers, sizes: Sequence[tuple[float, float]], *, sideways: bool) -> Placement:
    along = [size[0] if sideways else size[1] for size in sizes]
    across = [size[1] if sideways else size[0] for size in sizes]
    at = _across(layers, across, 14.0 if sideways else 20.0)
    boxes = [Box(0, 0, 0, 0)] * len(layers.items)
    steepest = [0.0] * len(layers.ranks)
    for start, end in layers.links:
        rank = layers.items[start].rank
        steepest[rank] = max(steepest[rank], abs(at[end] - at[start]))
    reached = 0.0
    for rank, items in enumerate(layers.ranks):
        deep = max((along[n] for n in items), default=0.0)
        for n in items:
            # The boxes of one rank are equally long from left to right, so that their edges align.
            long = deep if sideways or layers.items[n].kind == "bend" else along[n]
            middle = reached + deep / 2
            wide = across[n] if layers.items[n].kind != "bend" else 0.0
            boxes[n] = (
                Box(middle, at[n], long, wide) if sideways else Box(at[n], middle, wide, long)
            )
        reached += deep
        if rank + 1 < len(layers.ranks):
            reached += min(26 + 0.09 * steepest[rank], 110)
    extent = max((at[n] + across[n] / 2 for n in range(len(at))), default=0.0)
    width, height = (reached, extent) if sideways else (extent, reached)
    return Placement(boxes=tuple(boxes), width=width, height=height, sideways=sideways)


def _across(layers: Layers, sizes: Sequence[float], gap: float) -> list[float]:
    """A centre for each item on the axis across the flow; the smallest edge is 0."""
    near = _neighbours(layers)
    at = [0.0] * len(layers.items)
    gaps: list[list[float]] = []
    for rank in layers.ranks:
        gaps.append([])
        for one, other in pairwise(rank):
            thin = "bend" in (layers.items[one].kind, layers.items[other].kind)
            gaps[-1].append((sizes[one] + sizes[other]) / 2 + (gap * 0.75 if thin else gap))
            at[other] = at[one] + gaps[-1][-1]
        middle = (at[rank[0]] + at[rank[-1]]) / 2 if rank else 0.0
        for n in rank:
            at[n] -= middle
    for turn in range(ROUNDS):
        # Down, up, and at the end both ways at once; then outputs stay in line with their task.
        sides = (0, 1) if turn >= ROUNDS - 4 else (turn % 2,)
        order = range(len(layers.ranks))
        for r in reversed(order) if turn % 2 else order:
            rank = layers.ranks[r]
            wanted, weights = [], []
            for n in rank:
                written = len(sides) == 2 and layers.items[n].kind == "data" and near[0][n]
                pulls = written or [pull for side in sides for pull in near[side][n]]
                weight = sum(w for _, w in pulls)
                wanted.append(sum(at[m] * w for m, w in pulls) / weight if pulls else at[n])
                weights.append(weight if pulls else 0.01)
            for n, found in zip(rank, _settled(wanted, weights, gaps[r]), strict=True):
                at[n] = found
    lowest = min((at[n] - sizes[n] / 2 for n in range(len(at))), default=0.0)
    return [found - lowest for found in at]


def _neighbours(layers: Layers) -> tuple[list[list[tuple[int, float]]], ...]:
    """For each item the items before and after it, with the strength of their pull."""
    before: list[list[tuple[int, float]]] = [[] for _ in layers.items]
    after: list[list[tuple[int, float]]] = [[] for _ in layers.items]
    for start, end in layers.links:
        ends = (layers.items[start].kind, layers.items[end].kind)
        pull = PULLS.get(ends, 1.0)
        before[end].append((start, pull))
        after[start].append((end, pull))
    return before, after


def _settled(
    wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]
) -> list[float]:
    """The positions nearest to `wanted` (weighted least squares) that keep order and gaps.

    Without the gaps this is isotonic regression, solved by pooling adjacent violators.
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    for want, weight, offset in zip(wanted, weights, offsets, strict=False):
        mean, total, count = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            other, more, size = pools.pop()
            mean = (mean * total + other * more) / (total + more)
            total, count = total + more, count + size
        pools.append((mean, total, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]
