"""Running an `async def` function to its end, in the job's own event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from taipy_exec.execution.limits import JobTimeout

# The time (seconds) that the asyncio tasks of a stopped job have for their cleanup.
_CLEANUP_SECONDS = 1.0


def run_to_end(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The coroutine's result. Raises what it raises, and any exception that stops the job.

    If this thread already has a running event loop, as in a notebook, another thread runs it.
    """
    run = _Run(coroutine)
    return _in_another_thread(run) if _loop_runs_here() else run.result()


def _loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Run:
    """One coroutine in its own event loop."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._loop = asyncio.new_event_loop()
        self._main: asyncio.Task[Any] | None = None
        self._stopped_by: BaseException | None = None

    def result(self) -> Any:
        """Run it. Tasks that it left running are canceled."""
        loop = self._loop
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(self._on_error)
        self._main = loop.create_task(self._coroutine)
        has_ended = False
        try:
            result = loop.run_until_complete(self._main)
            has_ended = True
            return result
        except asyncio.CancelledError:
            if self._stopped_by is None:
                raise
            raise self._stopped_by from None
        except Exception as error:
            has_ended = not isinstance(error, JobTimeout)
            raise
        finally:
            try:
                self._cancel_all(None if has_ended else _CLEANUP_SECONDS)
            finally:
                asyncio.set_event_loop(None)
                loop.close()

    def stop(self, error: BaseException) -> None:
        """Stop it with `error`. Call this from another thread."""
        self._loop.call_soon_threadsafe(self._stop, error)

    def _stop(self, error: BaseException) -> None:
        self._stopped_by = error
        if self._main is not None:
            self._main.cancel()

    def _on_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Stop the job if its stopping exception was raised in a callback of the loop.

        Without this, the loop would only log that exception.
        """
        error = context.get("exception")
        if isinstance(error, JobTimeout) or not isinstance(error, Exception | None):
            self._stop(error)
        else:
            loop.default_exception_handler(context)

    def _cancel_all(self, seconds: float | None) -> None:
        """Cancel the tasks that still run, and wait `seconds` for them. None: until they end."""
        loop = self._loop
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=seconds))
        loop.run_until_complete(loop.shutdown_asyncgens())
        if seconds is None:
            loop.run_until_complete(loop.shutdown_default_executor())


def _in_another_thread(run: _Run) -> Any:
    results: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(run.result())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="taipy-exec-coroutine", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException as error:
        run.stop(error)
        thread.join(_CLEANUP_SECONDS)
        raise
    if errors:
        raise errors[0]
    return results[0]
