"""Which of a broker's nodes to try next, and how long to wait for a node that does not answer."""

from __future__ import annotations

import random
from collections.abc import Sequence

from taipy_exec.config.broker_address import BrokerAddress

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
# A connection that broke sooner (seconds) counts as a failed one.
_STEADY = 1.0
_LONGEST_PATIENCE = 60.0


class Attempts:
    """Gives the addresses in turn: the next one at once, with a pause after all of them failed."""

    def __init__(self, addresses: Sequence[BrokerAddress]) -> None:
        self._addresses = addresses
        self._next = self._tried = 0
        self._pause = _FIRST_PAUSE

    def next(self) -> BrokerAddress:
        """The address to try now."""
        address = self._addresses[self._next]
        self._next = (self._next + 1) % len(self._addresses)
        return address

    def ended(self, lived: float) -> float:
        """Seconds to wait after a connection has ended that was ready for `lived` seconds."""
        if lived >= _STEADY:
            self._tried, self._pause = 0, _FIRST_PAUSE
        self._tried += 1
        if self._tried < len(self._addresses):
            return 0.0
        self._tried = 0
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return pause * random.uniform(0.5, 1.0)


class Patience:
    """How long a node may leave a request unanswered before another node is tried.

    After each failure the time doubles: the link must not switch for ever between slow nodes.
    """

    def __init__(self, first: float) -> None:
        self._first = self.seconds = first

    def is_over(self, since: float, now: float) -> bool:
        """Whether a request made at `since` has waited too long; if so, the next one gets more."""
        if now - since <= self.seconds:
            return False
        self.seconds = max(self.seconds, min(self.seconds * 2, _LONGEST_PATIENCE))
        return True

    def answered(self) -> None:
        """Every request has been answered."""
        self.seconds = self._first
