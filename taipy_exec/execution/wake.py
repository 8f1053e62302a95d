"""A pipe that ends a wait, from any thread and from a signal handler."""

from __future__ import annotations

import os
import threading


class WakePipe:
    """`set` makes `fileno` readable, until `clear`.

    Look for work after `clear`, not before: a `set` during `clear` may write nothing.
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
        """End the current wait, or the next one."""
        # Do not write to a closed descriptor: another file may have its number now. Do not wait
        # for the lock: a signal handler may have interrupted the thread that holds it.
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
        """Make `fileno` unreadable again."""
        try:
            while os.read(self._reader, 4096):
                pass
        except BlockingIOError:
            pass
        self._is_set = False

    def close(self) -> None:
        """Close both ends."""
        os.close(self._reader)
        with self._lock:
            writer, self._writer = self._writer, -1
            os.close(writer)
