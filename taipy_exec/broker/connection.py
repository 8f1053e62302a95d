"""pika's connection, with fewer and larger pieces on their way to the broker."""

from __future__ import annotations

import pika
from pika.exceptions import AMQPConnectionError


class GatheringConnection(pika.SelectConnection):  # type: ignore[misc]
    """Sends in one piece what one turn of the loop has produced.

    pika sends each frame by itself, three for a message, and each send wakes the broker. This is
    the hook by which its own adapters send (`Connection._adapter_emit_data`).
    """

    def __init__(self, *arguments: object, **named: object) -> None:
        self._pieces: list[bytes] = []
        super().__init__(*arguments, **named)

    @property
    def has_sent_all(self) -> bool:
        """Whether nothing is left that the system has not taken."""
        if self._transport is None or self._pieces:
            return self._transport is None
        return not self._transport.get_write_buffer_size()

    def abandon(self) -> None:
        """Cut the connection. To close it takes an answer of each channel, which may never come."""
        self._terminate_stream(AMQPConnectionError("abandoned"))

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._pieces:
            # Timers come last in a turn of the loop, and those that are due in the same one.
            self.ioloop.call_later(0, self._emit)
        self._pieces.append(data)

    def _emit(self) -> None:
        data, self._pieces = b"".join(self._pieces), []
        if self._transport is not None:
            super()._adapter_emit_data(data)
