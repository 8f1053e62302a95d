"""For how long a worker can be certain that nobody has given up on what it runs."""

from __future__ import annotations

from taipy_exec.worker.held import Held


class Certainty:
    """What follows from the worker's exchange with the broker; monotonic times in seconds.

    A coordinator gives a run up only after it has heard nothing for longer than `seconds`. An era
    is a time in which the exchange was never interrupted for so long: what began in it counts.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._era = 0
        self._confirmed_at = float("-inf")

    @property
    def until(self) -> float:
        """Until when it is certain, as we know now."""
        return self._confirmed_at + self._seconds

    def confirmed(self, at: float) -> None:
        """The broker has what was sent then, or sent something that came then."""
        self._confirmed_at = max(self._confirmed_at, at)

    def look(self, now: float) -> None:
        """End the era if the exchange is interrupted."""
        if now > self.until:
            self._era += 1

    def break_off(self) -> None:
        """The connection is gone."""
        self._era += 1

    def counts(self, held: Held) -> None:
        """It is known now that this run counts."""
        held.era = self._era

    def still_counts(self, held: Held) -> bool:
        """Whether nobody can have given up on this run."""
        return held.era == self._era
