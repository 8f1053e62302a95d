"""The slot's side of the fence: it asks whether a job may still write its outputs."""

from __future__ import annotations

import struct
import time
from typing import Any

# A slot sends this to ask whether its job may write. The answer is an `UNTIL`.
ASK = b"?"
# A new slot sends this before its first job: the process runs, and the application is loaded.
READY = b"!"
# The time (monotonic clock) until which the job may write without asking. It is the first part of
# an order, and the answer to `ASK`. All processes of a machine share this clock. `NEVER` refuses.
UNTIL = struct.Struct("<d")
NEVER = float("-inf")


class Fence:
    """Whether the job may still write. An answer holds for a while; then the fence asks again."""

    def __init__(self, orders: Any, reports: Any) -> None:
        self._orders = orders
        self._reports = reports
        self._until = NEVER

    def set_by(self, message: bytes) -> bytes:
        """Read the time at the start of a message. Returns the order after it."""
        (self._until,) = UNTIL.unpack_from(message)
        return message[UNTIL.size :]

    def may_write(self) -> bool:
        """Whether the job may write. If the last answer has expired, this asks and waits."""
        if time.monotonic() < self._until:
            return True
        self._reports.send_bytes(ASK)
        (self._until,) = UNTIL.unpack(self._orders.recv_bytes())
        return self._until > NEVER
