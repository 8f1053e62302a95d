"""How long a worker can be certain that no coordinator has given up its runs."""

from __future__ import annotations

from dataclasses import dataclass

from taipy_exec.worker.assignment import Assignment


@dataclass(slots=True)
class _Exchange:
    """The worker's exchange with one submission's queue of reports."""

    era: int = 0
    confirmed_at: float = float("-inf")


class Leases:
    """Derived from the worker's exchange with the broker; monotonic times in seconds.

    A coordinator gives a run up only after it has received nothing for longer than `seconds`. An
    era is a time without such a gap in the exchange: a run that once counted in it still counts.
    Each submission has its own: the broker may take the reports to one and not those to another.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._exchanges: dict[str, _Exchange] = {}

    def until(self, submission: str) -> float:
        """The end of the certainty about a submission's runs, as known now."""
        return self._of(submission).confirmed_at + self._seconds

    def confirmed(self, submission: str, at: float) -> None:
        """The broker has a report of this time, or sent an order at this time."""
        exchange = self._of(submission)
        exchange.confirmed_at = max(exchange.confirmed_at, at)

    def look(self, now: float) -> None:
        """End the eras of interrupted exchanges."""
        for exchange in self._exchanges.values():
            if now > exchange.confirmed_at + self._seconds:
                exchange.era += 1

    def break_off(self) -> None:
        """End all eras: the connection is gone."""
        for exchange in self._exchanges.values():
            exchange.era += 1

    def forget_others(self, submissions: set[str]) -> None:
        """Forget the submissions of which the worker holds nothing."""
        for submission in self._exchanges.keys() - submissions:
            del self._exchanges[submission]

    def counts(self, held: Assignment) -> None:
        """Record that this run counts, as known now."""
        held.era = self._of(held.order.submission).era

    def still_counts(self, held: Assignment) -> bool:
        """Whether no coordinator can have given up this run."""
        return held.era == self._of(held.order.submission).era

    def _of(self, submission: str) -> _Exchange:
        return self._exchanges.setdefault(submission, _Exchange())
