"""How many jobs a worker runs at the same time, and how many more orders it fetches in advance."""

from __future__ import annotations

from dataclasses import dataclass

# If jobs are shorter than this on average (seconds), orders are fetched in advance:
_SHORT_JOB = 0.05
# as many for each slot as are done within this time, within these bounds.
_AHEAD_SECONDS = 0.2
_LEAST_AHEAD, _MOST_AHEAD = 4, 32
# How long an order may wait behind a job that turns out to be long.
_PATIENCE = 0.2
_MEASURE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """How many jobs run at once (`least` to `most`), and when the worker stops without a signal.

    `max_jobs` and `idle_timeout` (seconds) are None for never.
    """

    least: int = 1
    most: int = 1
    max_jobs: int | None = None
    idle_timeout: float | None = None


class PrefetchControl:
    """Derives the intake of orders from the durations of jobs and the depth of the queue.

    `prefetch` is the number of orders to fetch in advance; 0 derives it from the durations. The
    queue's depth is measured if the number of slots depends on it, or with `measures`.
    """

    def __init__(self, limits: WorkerLimits, prefetch: int, *, measures: bool = False) -> None:
        self._limits = limits
        self._measures = measures or limits.most != limits.least
        self._fixed = prefetch
        self._usual = 1.0
        self._depth = 0
        self._measure_at = 0.0

    def note_duration(self, seconds: float) -> None:
        """Note the duration of a job."""
        self._usual += (seconds - self._usual) / 4

    def note_depth(self, ready: int) -> None:
        """Note how many orders wait in the queue."""
        self._depth = ready

    def wants_depth(self, now: float) -> bool:
        """Whether it is time to measure the queue."""
        if not self._measures or now < self._measure_at:
            return False
        self._measure_at = now + _MEASURE_SECONDS
        return True

    def slots(self, running: int) -> int:
        """As many slots as jobs run here and wait in the queue, within the bounds."""
        return min(max(self._limits.least, running + self._depth), self._limits.most)

    def wanted(self, slots: int) -> int:
        """How many orders the broker may deliver."""
        return slots + (self._fixed or self._ahead() * slots)

    def _ahead(self) -> int:
        if self._usual >= _SHORT_JOB:
            return 0
        fitting = int(_AHEAD_SECONDS / max(self._usual, 1e-6))
        return min(max(fitting, _LEAST_AHEAD), _MOST_AHEAD)

    def gives_back(self, waited: float, running: float) -> bool:
        """Whether orders go back to the queue.

        `waited` is how long the first waiting order has waited (seconds); `running` is the time of
        the job that has run longest.
        """
        if self._fixed or waited <= _PATIENCE or running <= _PATIENCE:
            return False
        self._usual = max(self._usual, 2 * _SHORT_JOB)
        return True
