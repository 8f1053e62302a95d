"""Whether a worker has read the whole control stream of the node that it is connected to."""

from __future__ import annotations

import uuid

from taipy_exec.broker.attempts import Patience
from taipy_exec.broker.events import Message
from taipy_exec.event_log import EventLog

journal = EventLog("worker")


class ControlReading:
    """Reads up to a mark of this connection: the stream also holds marks of earlier ones."""

    def __init__(self, patience: float) -> None:
        self._patience = Patience(patience)
        self._mark: Message | None = None
        self._heard_at = 0.0
        self.is_done = False

    def connected(self, mark: Message, now: float) -> Message:
        """Start reading on a new connection. Returns the mark with an id, to be published."""
        mark.id = uuid.uuid4().hex
        self._mark = mark
        self._heard_at = now
        return mark

    def disconnected(self) -> None:
        """Stop reading: the connection is gone."""
        self._mark = None
        self.is_done = False

    def read(self, message_id: str | None, now: float) -> None:
        """Note that a message of the stream has arrived."""
        self._heard_at = now
        if self._mark is not None and message_id == self._mark.id:
            self.is_done = True
            journal.info("worker-ready")
            self._patience.answered()

    def is_late(self, now: float) -> bool:
        """Whether the stream has the mark, but this node's copy sent nothing for too long."""
        if self.is_done or self._mark is None or not self._mark.settled:
            return False
        return self._patience.is_over(self._heard_at, now)
