"""A pipe to end a wait with, from any thread and from a signal handler."""

from __future__ import annotations

import os
import threading


class WakePipe:
    """`fileno` becomes readable by `set` and stays so until `clear`.

    What there is to wake for is looked at after `clear`: a `set` while it runs may write nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def fileno(self) -> int:
        return self._reader

    def set(self) -> None:
        """End the wait, now or the next one."""
        # Never to a descriptor that is closed: its number may be somebody else's by now. The
        # lock is not waited for, since a signal handler may interrupt the thread that holds it.
        if not self._is_set and self._lock.acquire(blocking=False):
            try:
                if self._writer >= 0:
                    self._is_set = True
                    os.write(self._writer, b"w")
            except OSError:
                pass
            finally:
                self._lock.release()

    def clear(self) -> None:
        """Take notice."""
        try:
            while os.read(self._reader, 4096):
                pass
        except BlockingIOError:
            pass
        self._is_set = False

    def close(self) -> None:
        """Give both ends back."""
        os.close(self._reader)
        with self._lock:
            writer, self._writer = self._writer, -1
            os.close(writer)
