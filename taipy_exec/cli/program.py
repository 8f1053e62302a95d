"""Running the user's own program in this process, as Python would, and the jobs that it leaves."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from taipy_exec.cli import outcome
from taipy_exec.config.application_path import ApplicationPath, find_application, whole_path
from taipy_exec.config.vocabulary import MAIN_NAMES
from taipy_exec.errors import ConfigurationError, TaipyExecError

if TYPE_CHECKING:
    from taipy_exec.taipy_plugin.dispatcher import Dispatcher

_LOOK_SECONDS = 0.2


def find_program(app: str, root: Path | None) -> tuple[ApplicationPath, Path]:
    """The application that is described by its program, and the program's Python file.

    Raises ConfigurationError if there is none.
    """
    found = find_application(app, root, wants_program=True)
    if found.main is None or whole_path(app).suffix == ".toml":
        raise ConfigurationError(
            f"{app} is no Python program", "name the program, such as main.py; or submit it"
        )
    return replace(found, toml=None), found.main


def run_program(main: Path, arguments: Sequence[str], ended: Callable[[], None]) -> int:
    """Run `main` as the main script in its folder; the exit code that Python would give.

    Signals go to the program while it runs, except SIGTERM, which ends it as Ctrl-C does; `ended`
    is called when taipy-exec should handle them. Raises errors of taipy-exec that the program did
    not catch, such as StoreError and BrokerError.
    """
    try:
        code = _run(main, arguments)
        ended()
    except (KeyboardInterrupt, SystemExit) as leave:
        # Ctrl-C once more, between the program's last line and here.
        ended()
        return _exit_code(leave)
    except TaipyExecError:
        ended()
        raise
    return code


def _run(main: Path, arguments: Sequence[str]) -> int:
    module = types.ModuleType(MAIN_NAMES[0])
    module.__dict__.update(__file__=str(main), __builtins__=__builtins__)
    for name in MAIN_NAMES:
        sys.modules[name] = module
    sys.argv = [str(main), *arguments]
    try:
        exec(compile(main.read_bytes(), str(main), "exec"), module.__dict__)
    except (KeyboardInterrupt, SystemExit) as leave:
        return _exit_code(leave)
    except TaipyExecError:
        raise
    except BaseException as error:
        _show(error)
        return 1
    return 0


def _exit_code(leave: KeyboardInterrupt | SystemExit) -> int:
    if isinstance(leave, KeyboardInterrupt):
        return outcome.INTERRUPTED
    if leave.code is None or isinstance(leave.code, int):
        return leave.code or 0
    print(leave.code, file=sys.stderr)
    return 1


def _show(error: BaseException) -> None:
    """The traceback as Python shows it, from the program's own first line."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


class Interrupts:
    """How often the user wants the program to end, by Ctrl-C, and what follows from that."""

    def __init__(self) -> None:
        self.count = 0
        # The exit code if a signal interrupted the jobs that the program left.
        self.code = 0
        self._program_runs = True
        self._dispatcher: Dispatcher | None = None
        self._listen()

    def _listen(self) -> None:
        signal.signal(signal.SIGINT, self._on_interrupt)
        signal.signal(signal.SIGTERM, self._on_terminate)

    def program_ended(self) -> None:
        """From here on a signal raises nothing, and the program's own handlers are gone."""
        self._program_runs = False
        self._listen()

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self._program_runs:
            signal.default_int_handler(number, frame)
        if self.count > 2:
            os._exit(outcome.INTERRUPTED)
        self.code = self.code or outcome.INTERRUPTED
        self._leave()

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:
        self.count = max(self.count, 1) + 1
        if self._program_runs:
            raise SystemExit(outcome.TERMINATED)
        self.code = outcome.TERMINATED
        self._leave()

    def _leave(self) -> None:
        # Before there is a dispatcher to wait for, the count is enough.
        if self._dispatcher is not None:
            self._dispatcher.leave(at_once=self.count > 1)

    def wait_for(self, dispatcher: Dispatcher) -> None:
        """The program has ended: its unfinished jobs run, or are canceled if it was interrupted.

        Ctrl-C: what waits is canceled; once more: what runs is stopped; a third time: exit now.
        """
        self._dispatcher = dispatcher
        if self.count:
            self._leave()
        dispatcher.drain()
        while dispatcher.is_running():
            # Not for ever: a signal's handler runs only between two of these.
            dispatcher.join(_LOOK_SECONDS)
