"""Failed jobs that wait for a retry, each with a delay that doubles from retry to retry."""

from __future__ import annotations

import heapq
import random

_LONGEST_DELAY = 3600.0


class RetryQueue:
    """Failed jobs, ordered by the time of their retry (monotonic clock, seconds)."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, str]] = []

    def add(self, job: str, attempt: int, delay: float, now: float) -> float:
        """Let attempt number `attempt` of a job wait, and return the seconds that it waits.

        The second attempt waits `delay`. Each later attempt waits twice as long, at most an hour.
        Up to a quarter is added at random, so that jobs that failed together do not all come back
        at the same time.
        """
        seconds: float = min(delay * 2.0 ** min(attempt - 2, 60), _LONGEST_DELAY)
        seconds *= random.uniform(1.0, 1.25)
        heapq.heappush(self._waiting, (now + seconds, job))
        return seconds

    def take_due(self, now: float) -> list[str]:
        """Take the jobs whose retry is due."""
        found = []
        while self._waiting and self._waiting[0][0] <= now:
            found.append(heapq.heappop(self._waiting)[1])
        return found

    def seconds_left(self, now: float) -> float:
        """Seconds until the next retry is due; infinite if no job waits."""
        return max(self._waiting[0][0] - now, 0.0) if self._waiting else float("inf")
