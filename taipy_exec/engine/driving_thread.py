"""The one thread that drives a coordinator, for programs whose other threads ask it to act."""

from __future__ import annotations

import threading
from collections.abc import Callable

from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.errors import BrokerError

_NAME = "taipy-exec-dispatcher"
_LOOK_SECONDS = 0.2


class DrivingThread:
    """Runs `loop`, which steps the coordinator until nothing is left to do.

    It is no daemon: it outlives the main thread until all jobs that can run have run.
    """

    def __init__(self, coordinator: Coordinator, loop: Callable[[], None]) -> None:
        self._coordinator = coordinator
        self._thread = threading.Thread(target=loop, name=_NAME)
        self.start = self._thread.start
        self.is_alive = self._thread.is_alive
        self.join = self._thread.join

    @property
    def is_here(self) -> bool:
        """Whether the calling thread is this one: then it is inside a step."""
        return self._thread is threading.current_thread()

    def call(self, action: Callable[[], None], *, wait: bool = True) -> bool:
        """Let the thread call `action`, and `wait` until it has; False if the thread has ended.

        Inside a step the action follows the step. Raises BrokerError if the action does; any other
        error ends the thread.
        """
        if self.is_here:
            self._coordinator.post(action)
            return True
        done = threading.Event()
        failed: list[BrokerError] = []

        def act() -> None:
            try:
                action()
            except BrokerError as error:
                failed.append(error)
            finally:
                done.set()

        self._coordinator.post(act)
        while wait and not done.wait(_LOOK_SECONDS):
            if not self.is_alive():
                return done.is_set()
        if failed:
            raise failed[0]
        return True
