"""An order that a worker holds, from its receipt to its acknowledgement."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from taipy_exec.broker.events import Delivered
from taipy_exec.execution.capture import Piece
from taipy_exec.protocol.messages import Order

_LARGEST = 1 << 16
_INTERVAL = 0.5


@dataclass(slots=True, eq=False, kw_only=True)
class Assignment:
    """`delivery` must be acknowledged; it is None when that is done, or when it is void.

    `run` is empty until the job begins. `era` is the era (see `Leases`) in which this run is
    known to count; `outdated`: it does not count any more, and nothing about it is reported.
    `stopping`: the job was canceled. `handing_back`: why its run goes back; empty if it does not.
    `ready`: when its process was ready; a new process takes
    its time (`waits_for_process` until then). `warning` is for the job's log.
    """

    order: Order
    delivery: Delivered | None
    received: float = field(default_factory=lambda: time.monotonic())
    run: str = ""
    worker: str = ""
    begun: float | None = None
    era: int = 0
    asked: float | None = None
    outdated: bool = False
    handing_back: str = ""
    stopping: bool = False
    waits_for_process: bool = False
    ready: float | None = None
    ended: bool = False
    warning: str = ""
    output: Output | None = None


class Output:
    """The output of a job, on its way to the coordinator in pieces."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._pieces: list[bytes | bytearray] = []
        self._size = 0
        self._since = 0.0

    def write_all(self, pieces: Iterable[Piece], /) -> None:
        """Add pieces. The coordinator notes when they arrive there."""
        for data, _ in pieces:
            if not self._pieces:
                self._since = time.monotonic()
            self._pieces.append(data)
            self._size += len(data)
            if self._size >= _LARGEST:
                self.close()

    def flush_old(self, now: float) -> None:
        """Send the output if it has waited long enough."""
        if self._pieces and now - self._since >= _INTERVAL:
            self.close()

    def close(self) -> None:
        """Send all output."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        for start in range(0, len(data), _LARGEST):
            self._send(data[start : start + _LARGEST])
