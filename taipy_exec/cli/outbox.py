"""A text stream whose writes never wait, for a process that must not stop with its terminal."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

# A write that takes longer waits for a terminal that is not read (Ctrl-S, a network that hangs).
_PATIENCE = 0.5


class Outbox:
    """Passes texts on to `stream` in order, in a thread of its own. `stream` raises no OSError."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._texts: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._written = threading.Condition()
        self._left = 0
        self._since = 0.0
        threading.Thread(target=self._pass_on, name="taipy-exec-outbox", daemon=True).start()

    def write(self, text: str) -> int:
        """Take the text, to be written soon."""
        with self._written:
            if not self._left:
                self._since = time.monotonic()
            self._left += 1
        self._texts.put(text)
        return len(text)

    def flush(self) -> None:
        """Nothing: each text is flushed when it is written."""

    @property
    def is_empty(self) -> bool:
        """Whether everything is written."""
        return self._left == 0

    @property
    def is_stuck(self) -> bool:
        """Whether nothing more is written, for some time already."""
        with self._written:
            return self._left > 0 and time.monotonic() - self._since > _PATIENCE

    def close(self, seconds: float) -> None:
        """Wait until everything is written, at most `seconds`, and take no more."""
        self._texts.put(None)
        with self._written:
            self._written.wait_for(lambda: not self._left, seconds)

    def fileno(self) -> int:
        """The descriptor of the stream. Raises OSError if it is closed."""
        return int(self._stream.fileno())

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return bool(self._stream.isatty())

    @property
    def encoding(self) -> str:
        """The encoding of the stream."""
        return str(self._stream.encoding)

    def _pass_on(self) -> None:
        while (text := self._texts.get()) is not None:
            self._stream.write(text)
            self._stream.flush()
            with self._written:
                self._left -= 1
                self._since = time.monotonic()
                self._written.notify_all()
