"""Whether a worker has read all that the control stream holds, on the node it is connected to."""

from __future__ import annotations

import uuid

from taipy_exec.broker.attempts import Patience
from taipy_exec.broker.events import Message


class ControlReading:
    """Reads up to a mark of this connection: those of former ones stand in the stream as well."""

    def __init__(self, patience: float) -> None:
        self._patience = Patience(patience)
        self._mark: Message | None = None
        self._heard_at = 0.0
        self.is_done = False

    def connected(self, mark: Message, now: float) -> Message:
        """There is a connection, which reads from the start; the mark with an id, to publish."""
        mark.id = uuid.uuid4().hex
        self._mark = mark
        self._heard_at = now
        return mark

    def disconnected(self) -> None:
        """Nothing is read now."""
        self._mark = None
        self.is_done = False

    def read(self, message_id: str | None, now: float) -> None:
        """Something of the stream has come."""
        self._heard_at = now
        if self._mark is not None and message_id == self._mark.id:
            self.is_done = True
            self._patience.answered()

    def is_late(self, now: float) -> bool:
        """Whether the stream has the mark, and this node's copy has given nothing for too long."""
        if self.is_done or self._mark is None or not self._mark.settled:
            return False
        return self._patience.is_over(self._heard_at, now)
