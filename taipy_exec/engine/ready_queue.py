"""Jobs that could start now, in the order of their starts."""

from __future__ import annotations

import heapq
import itertools
from typing import NamedTuple

from taipy_exec.engine.pools import Pools


class Ready(NamedTuple):
    """A job in its place: the lowest comes first. Priority and urgency are negated."""

    priority: int
    urgency: float
    number: int
    job: str
    submission: str
    pool: str | None


class ReadyQueue:
    """Ordered by priority, then by urgency, then first in, first out.

    A job whose pool is full does not block others. A job of a paused submission is set aside.
    """

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._by_pool: dict[str | None, list[Ready]] = {}
        self._paused: dict[str, list[Ready]] = {}
        self._numbers = itertools.count()

    def add(
        self,
        job: str,
        submission: str,
        *,
        priority: int = 0,
        urgency: float = 0.0,
        pool: str | None = None,
    ) -> None:
        """`urgency`: the seconds of work that depend on the job; 0 if unknown."""
        self._push(Ready(-priority, -urgency, next(self._numbers), job, submission, pool))

    def put_back(self, ready: Ready) -> None:
        """Put a job back, first among jobs of equal priority and urgency."""
        if ready.pool is not None:
            self._pools.leave(ready.job)
        self._push(ready)

    def _push(self, ready: Ready) -> None:
        paused = self._paused.get(ready.submission)
        if paused is None:
            heapq.heappush(self._by_pool.setdefault(ready.pool, []), ready)
        else:
            paused.append(ready)

    def take(self) -> Ready | None:
        """The next job, which has a place in its pool now; None if no job may start."""
        queues = [queue for queue in self._by_pool.values() if queue]
        if len(queues) > 1:
            queues.sort(key=lambda queue: queue[0])
        for queue in queues:
            ready = queue[0]
            if ready.pool is None or self._pools.enter(ready.pool, ready.job):
                return heapq.heappop(queue)
        return None

    def pause(self, submission: str) -> None:
        """Take no jobs of this submission until `go_on`."""
        aside = self._paused.setdefault(submission, [])
        for pool, queue in self._by_pool.items():
            mine = [ready for ready in queue if ready.submission == submission]
            if mine:
                aside += mine
                self._by_pool[pool] = [r for r in queue if r.submission != submission]
                heapq.heapify(self._by_pool[pool])

    def go_on(self, submission: str) -> None:
        """Take jobs of this submission again, each in its previous place."""
        for ready in self._paused.pop(submission, ()):
            self._push(ready)

    def forget(self, submission: str) -> None:
        """Drop a submission that has ended."""
        self._paused.pop(submission, None)
