"""The reading end of a slot's reports. It gives whole messages, and survives wrong data."""

from __future__ import annotations

import os
import struct
from typing import Any

# The length in front of each message of `Connection.send_bytes`.
_LENGTH = struct.Struct("!i")
# A report holds a message and a traceback, both cut to a part of this (bytes).
_LONGEST = 1 << 23
_CHUNK = 1 << 16


class ReportPipe:
    """Reading never waits: an incomplete message is kept for the next call.

    `is_broken`: the data is no message. `is_at_end`: nothing more can arrive.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._number = connection.fileno()
        self._bytes = bytearray()
        self.is_broken = False
        self.is_at_end = False
        os.set_blocking(self._number, False)

    def fileno(self) -> int:
        """For selectors."""
        return int(self._number)

    def take(self) -> bytes | None:
        """The next whole message. None if none has arrived, or no more can arrive."""
        message = self._next()
        while message is None and not (self.is_broken or self.is_at_end):
            try:
                data = os.read(self._number, _CHUNK)
            except BlockingIOError:
                return None
            except OSError:
                data = b""
            self.is_at_end = not data
            self._bytes += data
            message = self._next()
        return message

    def _next(self) -> bytes | None:
        if self.is_broken or len(self._bytes) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._bytes)
        if not 0 <= length <= _LONGEST:
            self.is_broken = True
            return None
        end = _LENGTH.size + length
        if len(self._bytes) < end:
            return None
        message = bytes(self._bytes[_LENGTH.size : end])
        del self._bytes[:end]
        return message

    def close(self) -> None:
        self._connection.close()
