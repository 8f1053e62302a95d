"""How long a worker can be certain that no coordinator has given up its runs."""

from __future__ import annotations

from taipy_exec.worker.held import Held


class Certainty:
    """Derived from the worker's exchange with the broker; monotonic times in seconds.

    A coordinator gives a run up only after it has received nothing for longer than `seconds`. An
    era is a time without such a gap in the exchange: a run that once counted in it still counts.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._era = 0
        self._confirmed_at = float("-inf")

    @property
    def until(self) -> float:
        """The end of the certainty, as known now."""
        return self._confirmed_at + self._seconds

    def confirmed(self, at: float) -> None:
        """The broker has what was sent at this time, or sent something at this time."""
        self._confirmed_at = max(self._confirmed_at, at)

    def look(self, now: float) -> None:
        """End the era if the exchange is interrupted."""
        if now > self.until:
            self._era += 1

    def break_off(self) -> None:
        """End the era: the connection is gone."""
        self._era += 1

    def counts(self, held: Held) -> None:
        """Record that this run counts, as known now."""
        held.era = self._era

    def still_counts(self, held: Held) -> bool:
        """Whether no coordinator can have given up this run."""
        return held.era == self._era
