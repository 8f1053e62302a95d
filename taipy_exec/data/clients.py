"""Connections to data servers. A process makes one at the first use, and keeps it."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Hashable
from typing import Any


class Clients:
    """One client for each key, made at its first use and closed when the process ends.

    A forked process makes its own client, because it must not use the sockets of its parent.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[tuple[int, Hashable], Any] = {}

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The client for `key`. Raises what `make` raises, and tries again the next time."""
        wanted = (os.getpid(), key)
        with self._lock:
            client = self._made.get(wanted)
            if client is None:
                client = self._made[wanted] = make()
                atexit.register(client.close)
        return client
