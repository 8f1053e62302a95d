"""How long a report takes from a worker to here: for that time nobody's silence means anything."""

from __future__ import annotations

_EVERY_SECONDS = 2.0


class ReportTime:
    """Measured by marks that go the way of the reports; monotonic times in seconds.

    A broker in alarm takes nothing, and one whose disk stalls confirms nothing.
    """

    def __init__(self) -> None:
        self._due = 0.0
        self._sent: float | None = None
        self._missing = 0
        self._last = 0.0

    def is_due(self, now: float) -> bool:
        """Whether marks are to be sent."""
        return self._sent is None and now >= self._due

    def sent(self, marks: int, now: float) -> None:
        """So many were sent together."""
        if marks:
            self._sent, self._missing = now, marks

    def confirmed(self, now: float) -> None:
        """The broker has one of them."""
        if self._sent is None:
            return
        self._missing -= 1
        if self._missing == 0:
            self._last = now - self._sent
            self._sent, self._due = None, now + _EVERY_SECONDS

    def broken_off(self) -> None:
        """The connection is gone, and what was sent with it."""
        self._sent = None

    def now(self, now: float) -> float:
        """As long as the last one took, or as the next one takes already."""
        return max(self._last, now - self._sent if self._sent is not None else 0.0)
