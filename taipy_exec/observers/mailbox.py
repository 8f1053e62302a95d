"""Delivers news in a separate thread: a slow receiver does not delay the run."""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Passes the items that are put into it to `deliver`, in order. Keeps `most`, drops the rest.

    Items that are put `first` are kept beyond that, and are delivered first when time is short.
    `deliver` raises nothing. The thread starts with the first item. A program that ends without
    `close` waits as long as `close` would, `seconds`.
    """

    def __init__(
        self, name: str, deliver: Callable[[T], None], *, most: int, seconds: float
    ) -> None:
        self._name = name
        self._deliver = deliver
        self._most = most
        self._seconds = seconds
        self._items: deque[tuple[bool, T]] = deque()
        self._changed = threading.Condition()
        self._busy = False
        self._thread: threading.Thread | None = None
        self._closing = False
        self.lost = 0

    def put(self, item: T, *, first: bool = False) -> None:
        """Queue this for delivery. Returns at once."""
        with self._changed:
            if self._closing or (len(self._items) >= self._most and not first):
                self.lost += 1
                return
            self._items.append((first, item))
            self._changed.notify_all()
            if self._thread is None:
                self._start()

    def _start(self) -> None:
        thread = threading.Thread(target=self._live, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No thread can be started now. Waiting items go with the next item, or are lost.
            return
        self._thread = thread
        atexit.register(self.close)

    def pause(self, seconds: float) -> None:
        """For `deliver`: wait before another attempt, or not at all if the box is closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing, seconds)

    def close(self) -> None:
        """Accept nothing more; wait until all is delivered, at most `seconds`.

        The remaining items are counted as lost.
        """
        atexit.unregister(self.close)
        # A delivery may itself end the program.
        seconds = 0.0 if threading.current_thread() is self._thread else self._seconds
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_done, seconds / 2)
            self._items = deque(sorted(self._items, key=lambda item: not item[0]))
            self._changed.wait_for(lambda: self._is_done, seconds / 2)
            self.lost += len(self._items) + self._busy
            self._items.clear()

    @property
    def _is_done(self) -> bool:
        return not self._items and not self._busy

    def _live(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._items or self._closing)
                if not self._items:
                    return
                _, item = self._items.popleft()
                self._busy = True
            self._deliver(item)
