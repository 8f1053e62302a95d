"""The question whether a job may write its outputs, on the side of the slot's process."""

from __future__ import annotations

import struct
import time
from typing import Any

# What a slot sends to ask whether its job may write; the answer is a `UNTIL`.
ASK = b"?"
# What a slot sends before its first job: the process is there, and the application is loaded.
READY = b"!"
# In front of an order, and the answer to `ASK`: until when by the monotonic clock, which all
# processes of a machine share, the job may write without asking. `NEVER` is a refusal.
UNTIL = struct.Struct("<d")
NEVER = float("-inf")


class Fence:
    """Whether the job may still write: known for a while, and then asked for again."""

    def __init__(self, orders: Any, reports: Any) -> None:
        self._orders = orders
        self._reports = reports
        self._until = NEVER

    def set_by(self, message: bytes) -> bytes:
        """Take the time in front of an order, and give the order."""
        (self._until,) = UNTIL.unpack_from(message)
        return message[UNTIL.size :]

    def may_write(self) -> bool:
        """Ask where that is not certain, and wait for the answer."""
        if time.monotonic() < self._until:
            return True
        self._reports.send_bytes(ASK)
        (self._until,) = UNTIL.unpack(self._orders.recv_bytes())
        return self._until > NEVER
