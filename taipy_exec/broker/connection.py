"""pika's connection, but it survives bad messages and sends larger pieces to the broker."""

from __future__ import annotations

import struct
from typing import Any

import pika
from pika import frame, spec
from pika.exceptions import AMQPConnectionError

from taipy_exec.broker.properties import read_properties
from taipy_exec.config.vocabulary import TOO_LARGE

# Bytes. The largest message of taipy-exec gathers reports up to 1 MB; the last may add as much.
LARGEST_BODY = 1 << 23

_HEAD = struct.Struct(">BHL")
_CONTENT = struct.Struct(">HHQ")


class CarefulConnection(pika.SelectConnection):  # type: ignore[misc]
    """Reads every message that the broker may deliver, whatever it contains.

    Headers that cannot be decoded are skipped. A body that is larger than `LARGEST_BODY` is
    dropped: the message comes with an empty body, and its size in bytes in the header `TOO_LARGE`.
    `_read_frame` is the hook by which pika's connections read.
    """

    def __init__(self, *arguments: object, **named: object) -> None:
        # Channel -> the number of bytes that are still to come of a body that is too large.
        self._skipped: dict[int, int] = {}
        super().__init__(*arguments, **named)

    def _read_frame(self) -> tuple[int, Any]:
        if len(self._frame_buffer) < _HEAD.size:
            return 0, None
        kind, channel, size = _HEAD.unpack_from(self._frame_buffer)
        end = _HEAD.size + size + spec.FRAME_END_SIZE
        if len(self._frame_buffer) < end or self._frame_buffer[end - 1] != spec.FRAME_END:
            return super()._read_frame()  # type: ignore[no-any-return]
        if kind == spec.FRAME_HEADER:
            return end, self._header(channel, self._frame_buffer[_HEAD.size : end - 1])
        left = self._skipped.get(channel, 0)
        if kind == spec.FRAME_BODY and left:
            self._skipped[channel] = max(left - size, 0)
            # A heartbeat means the same as the frame: the broker is alive.
            return end, frame.Heartbeat()
        return super()._read_frame()  # type: ignore[no-any-return]

    def _header(self, channel: int, data: bytes) -> Any:
        _, _, body_size = _CONTENT.unpack_from(data)
        properties = read_properties(data[_CONTENT.size :])
        self._skipped.pop(channel, None)
        if body_size > LARGEST_BODY:
            self._skipped[channel] = body_size
            properties.headers = {**(properties.headers or {}), TOO_LARGE: body_size}
            body_size = 0
        return frame.Header(channel, body_size, properties)


class GatheringConnection(CarefulConnection):
    """Sends all that one turn of the loop has produced in one piece.

    pika sends each frame separately, three for a message, and each send wakes the broker. The
    hook by which its own adapters send is `Connection._adapter_emit_data`.
    """

    def __init__(self, *arguments: object, **named: object) -> None:
        self._pieces: list[bytes] = []
        super().__init__(*arguments, **named)

    @property
    def has_sent_all(self) -> bool:
        """Whether the operating system has taken all data."""
        if self._transport is None or self._pieces:
            return self._transport is None
        return not self._transport.get_write_buffer_size()

    def abandon(self) -> None:
        """Cut the connection. A normal close waits for each channel's answer, perhaps for ever."""
        self._terminate_stream(AMQPConnectionError("abandoned"))

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._pieces:
            # The loop runs timers last in a turn, including those that become due in it.
            self.ioloop.call_later(0, self._emit)
        self._pieces.append(data)

    def _emit(self) -> None:
        data, self._pieces = b"".join(self._pieces), []
        if self._transport is not None:
            super()._adapter_emit_data(data)
