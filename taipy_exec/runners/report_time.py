"""How long a report takes from a worker to here: silence up to that time means nothing."""

from __future__ import annotations

_EVERY_SECONDS = 2.0


class ReportTime:
    """Measured by marks that go through the queues of the reports; monotonic times in seconds.

    A broker in alarm takes no messages, and a broker with a slow disk confirms none.
    """

    def __init__(self) -> None:
        self._due = 0.0
        self._sent: float | None = None
        self._missing = 0
        self._last = 0.0

    def is_due(self, now: float) -> bool:
        """Whether it is time to send marks."""
        return self._sent is None and now >= self._due

    def sent(self, marks: int, now: float) -> None:
        """This number of marks was sent together."""
        if marks:
            self._sent, self._missing = now, marks

    def confirmed(self, now: float) -> None:
        """The broker has confirmed one of the marks."""
        if self._sent is None:
            return
        self._missing -= 1
        if self._missing == 0:
            self._last = now - self._sent
            self._sent, self._due = None, now + _EVERY_SECONDS

    def broken_off(self) -> None:
        """The connection is gone, and the marks are lost with it."""
        self._sent = None

    def now(self, now: float) -> float:
        """The time of the last round, or of the current one if that is already longer."""
        return max(self._last, now - self._sent if self._sent is not None else 0.0)
