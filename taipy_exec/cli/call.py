"""The options that every command has, and what they give it: its streams and its application."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from taipy_exec.cli import options
from taipy_exec.cli.streams import Streams

if TYPE_CHECKING:
    from pathlib import Path

    from taipy_exec.operations.cluster import Place
    from taipy_exec.operations.location import Location
    from taipy_exec.store.store import Store

# Name of the parameter -> its declaration and default. A new common option is one line here.
_COMMON = {
    "application_path": (options.ApplicationPathOption, "."),
    "application": (options.Application, None),
    "broker_url": (options.BrokerUrl, None),
    "json_output": (options.Json, False),
    "root": (options.Root, None),
    "state_dir": (options.StateDir, None),
    "quiet": (options.Quiet, False),
    "verbose": (options.Verbose, 0),
    "log_file": (options.LogFile, None),
    "color": (options.Color, None),
}
_OUTPUT = ("quiet", "verbose", "log_file", "color")
ALL = ("json_output", "root", "state_dir", *_OUTPUT)
# The options of a command about the workers and the queue of an application.
ON_A_BROKER = (
    *("application_path", "application", "broker_url"),
    *("root", "json_output", *_OUTPUT),
)
OF_A_WORKER = ("root", *_OUTPUT)


class Call:
    """One call of a command: `streams` for its output, and the application that it names."""

    def __init__(
        self,
        app: str = ".",
        *,
        application_path: str = ".",
        application: str | None = None,
        broker_url: str | None = None,
        json_output: bool = False,
        root: Path | None = None,
        state_dir: Path | None = None,
        quiet: bool = False,
        verbose: int = 0,
        log_file: Path | None = None,
        color: str | None = None,
        events: bool = False,
        detached: bool = False,
    ) -> None:
        self._app = app if app != "." else application_path
        self._application = application
        self._broker_url = broker_url
        self._root = root
        self._state_dir = state_dir
        self._output: dict[str, Any] = {
            "color": color,
            "quiet": quiet,
            "verbose": verbose,
            "log_file": log_file,
            "json": json_output,
            "events": events,
            "detached": detached,
        }

    @cached_property
    def streams(self) -> Streams:
        """The output; with the first use, descriptor 1 becomes stderr for everyone else."""
        return Streams(**self._output)

    @cached_property
    def location(self) -> Location:
        """The place of the application."""
        from taipy_exec.operations.location import Location

        return Location(self.streams, self._app, self._state_dir, self._root)

    @cached_property
    def store(self) -> Store:
        """The state of the application. Raises NotFoundError if nothing was ever submitted."""
        from taipy_exec.operations.state import open_state

        return open_state(self.location)

    def store_if_any(self) -> Store | None:
        """The state, or None after a note that nothing was ever submitted."""
        from taipy_exec.errors import NotFoundError

        try:
            return self.store
        except NotFoundError as nothing:
            if not self.streams.json:
                self.streams.note(nothing.message)
                self.streams.hint(f"{nothing.hint}")
            return None

    @cached_property
    def place(self) -> Place:
        """The place where the application's workers meet. Raises ConfigurationError."""
        from taipy_exec.operations.cluster import place_of

        return place_of(self.location, self._application, self._broker_url)


def command(*common: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """A decorator: the function gets a `Call` first, and Typer sees the common options last.

    `common`: the names of these options, in the order of the help.
    """

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        own = inspect.signature(function, eval_str=True)
        _, *parameters = own.parameters.values()

        def run(**given: Any) -> int:
            ours = {name: given.pop(name) for name in common}
            app = given.get("application_path", given.get("app", "."))
            events, detached = given.get("events") == "-", bool(given.get("detached"))
            return function(Call(app, **ours, events=events, detached=detached), **given)

        kind = inspect.Parameter.KEYWORD_ONLY
        shared = [
            inspect.Parameter(name, kind, annotation=_COMMON[name][0], default=_COMMON[name][1])
            for name in common
        ]
        every = [*(one.replace(kind=kind) for one in parameters), *shared]
        run.__signature__ = own.replace(parameters=every)  # type: ignore[attr-defined]
        run.__module__, run.__name__ = function.__module__, function.__name__
        return run

    return decorate
