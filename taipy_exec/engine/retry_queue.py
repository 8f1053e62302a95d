"""Jobs that failed and are tried again, each after a while that grows from time to time."""

from __future__ import annotations

import heapq
import random

_LONGEST_DELAY = 3600.0


class RetryQueue:
    """By the time at which they are due (monotonic clock, seconds)."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, str]] = []

    def add(self, job: str, attempt: int, delay: float, now: float) -> float:
        """Have attempt number `attempt` of a job wait; the seconds that it waits.

        `delay` before the second attempt, and twice as long before each further one, up to an
        hour; up to a quarter more, so that many that failed for one reason do not come at once.
        """
        seconds: float = min(delay * 2.0 ** min(attempt - 2, 60), _LONGEST_DELAY)
        seconds *= random.uniform(1.0, 1.25)
        heapq.heappush(self._waiting, (now + seconds, job))
        return seconds

    def take_due(self, now: float) -> list[str]:
        """Those whose time has come."""
        found = []
        while self._waiting and self._waiting[0][0] <= now:
            found.append(heapq.heappop(self._waiting)[1])
        return found

    def seconds_left(self, now: float) -> float:
        """Until the next one is due."""
        return max(self._waiting[0][0] - now, 0.0) if self._waiting else float("inf")
