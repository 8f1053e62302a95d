"""The two streams of a command: data on stdout, everything else on stderr."""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, TextIO

from taipy_exec.cli.ci_system import CiSystem, ci_system, harmless
from taipy_exec.cli.outbox import Outbox
from taipy_exec.errors import UsageError
from taipy_exec.event_log import Choice, start
from taipy_exec.visible_text import for_terminal, one_line, visible

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType

# How long (seconds) a command that ends waits for a terminal that is not read.
_LAST_WRITES = 1.0
_COLOR_SYSTEMS = ("auto", "always", "never")


class Streams:
    """The output of a command. Made once, before any code of the user runs.

    From then on descriptor 1 is stderr: the application's own output cannot get into the data. A
    reader that goes away (`| head -1`) is no error. Text from elsewhere is printed so that it
    cannot control a terminal, whatever names and messages contain. With `events`, stdout belongs
    to a stream of lines of JSON and to nothing else. With `detached`, no user watches the output,
    so nothing is printed in the format of a CI system. Raises UsageError if the log cannot be
    written where it is wanted.
    """

    def __init__(
        self,
        *,
        color: str | None = None,
        quiet: bool = False,
        verbose: int = 0,
        log_file: Path | None = None,
        json: bool = False,
        events: bool = False,
        detached: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        if color is not None and color not in _COLOR_SYSTEMS:
            raise UsageError(f"--color takes auto, always or never, not {color!r}")
        environ = os.environ if environ is None else environ
        self.quiet = quiet
        self.verbose = bool(verbose)
        self.json = json
        self.events = events
        self.ci = None if detached else ci_system(environ)
        self._environ = environ
        self._color = color
        self.data_is_terminal = sys.stdout.isatty() if sys.stdout else False
        self._data = _take_stdout()
        self._is_gone = False
        self._outbox: Outbox | None = None
        self._notes = _Unbreakable(_own_stderr())
        self._unlogged = 0
        self._log = Choice.of(environ, file=log_file, on_stderr=verbose > 1)
        start(self._log, self._log_line)

    def _colors(self, is_terminal: bool) -> bool:
        if self._color in ("always", "never"):
            return self._color == "always"
        if self._environ.get("NO_COLOR"):
            return False
        if self._environ.get("FORCE_COLOR", "") not in ("", "0"):
            return True
        return is_terminal and self._environ.get("TERM") != "dumb"

    def _console(self, file: IO[str], is_terminal: bool) -> Console:
        from taipy_exec.cli.console import SafeConsole

        colors = self._colors(is_terminal)
        live = is_terminal and self._environ.get("TERM") not in (None, "", "dumb")
        width = None if is_terminal else _width(self._environ)
        return SafeConsole(
            file=file,
            force_terminal=live,
            no_color=not colors,
            color_system="auto" if colors and live else "standard" if colors else None,
            width=width,
            highlight=False,
            soft_wrap=False,
            emoji=False,
            markup=False,
            legacy_windows=False,
        )

    @cached_property
    def out(self) -> Console:
        """The console for data."""
        return self._console(self._data, self.data_is_terminal)

    @cached_property
    def err(self) -> Console:
        """The console for everything else."""
        return self._console(self._notes, self._notes.isatty())  # type: ignore[arg-type]

    @cached_property
    def _is_plain(self) -> bool:
        """Whether stderr takes lines of text only: then Rich has nothing to add to them."""
        return not self._notes.isatty() and not self._colors(False)

    @property
    def is_live(self) -> bool:
        """Whether a table may redraw itself on stderr. The log would come between its lines."""
        return self.err.is_terminal and not self.quiet and not self._log.on_stderr

    @property
    def log_options(self) -> list[str]:
        """The options with which another process keeps the same log."""
        file = [] if self._log.file is None else ["--log-file", str(self._log.file)]
        return [*file, "-vv"] if self._log.on_stderr else file

    @property
    def data_is_piped_text(self) -> bool:
        """Whether text for people goes into a pipe, such as one that ends on this terminal."""
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(self._data.fileno()).st_mode)
        except (OSError, ValueError):
            return False
        return is_pipe and not self.json and not self.events

    @property
    def unicode(self) -> bool:
        """Whether the data may hold more than ASCII."""
        return (getattr(self._data, "encoding", None) or "").lower().startswith("utf")

    @property
    def data_has_color(self) -> bool:
        """Whether the data may be coloured."""
        return self._colors(self.data_is_terminal)

    @property
    def data_is_gone(self) -> bool:
        """Whether the reader of the data has gone, even before any of it is written."""
        if self._is_gone:
            return True
        watched = select.poll()
        watched.register(self._data, 0)
        return bool(watched.poll(0))

    @property
    def err_is_full(self) -> bool:
        """Whether a write to stderr would wait: the pipe is full, or Ctrl-S was pressed."""
        if self._outbox is not None:
            return self._outbox.is_stuck
        watched = select.poll()
        try:
            watched.register(self._notes, select.POLLOUT)
            return not watched.poll(0)
        except OSError:
            return False

    @contextmanager
    def unwaiting(self) -> Iterator[Outbox]:
        """While the block runs, no message waits for the terminal, even if this is not read."""
        box = Outbox(_Unbreakable(self._notes.stream))
        former, self._notes.stream = self._notes.stream, box
        self._outbox = box
        try:
            yield box
        finally:
            box.close(_LAST_WRITES)
            self._notes.stream, self._outbox = former, None

    def data(self, text: str, *, end: str = "\n") -> None:
        """Print text of several lines, such as JSON."""
        self._write(visible(text) + end)

    def line(self, text: str) -> None:
        """Print one line of data."""
        self._write(one_line(text) + "\n")

    def value(self, text: str) -> None:
        """Print a value: as it is, unless it goes to a terminal."""
        self._write((visible(text) if self.data_is_terminal else text) + "\n")

    def printed(self, data: bytes, *, raw: bool = False) -> None:
        """Print a job's output: unchanged if `raw` or not on a terminal, or only its colours."""
        if self.data_is_terminal and not raw:
            self._write(for_terminal(data.decode("utf-8", "replace")) + "\n")
        else:
            self._write(data + b"\n")

    def _write(self, data: str | bytes) -> None:
        try:
            if isinstance(data, bytes):
                self._data.buffer.write(data)
            else:
                self._data.write(data)
            self._data.flush()
        except OSError as error:
            # EIO: the terminal was closed.
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise
            self._give_up_data()

    def show(self, renderable: RenderableType, *, soft_wrap: bool = False) -> None:
        """Print a table or styled text as data."""
        with self.out.capture() as captured:
            self.out.print(renderable, soft_wrap=soft_wrap)
        self._write(self._for_people(captured.get()))

    def raw(self, text: str) -> None:
        """Write text for a CI system to stderr, unchanged."""
        self._notes.write(text)
        self._notes.flush()

    def notice(self, text: str) -> None:
        """Print a text from a signal handler, which may have interrupted a write to a stream."""
        if not self.quiet:
            try:
                os.write(self._notes.fileno(), f"{text}\n".encode())
            except OSError:
                pass

    def _log_line(self, line: str) -> None:
        """Print a line of the log, from any thread; none if stderr is blocked."""
        if self.err_is_full:
            self._unlogged += 1
            return
        if self._unlogged:
            line = f"{self._unlogged} lines of the log were left out: stderr was blocked\n{line}"
            self._unlogged = 0
        self.raw(self._for_people(line))

    def note(self, message: str, style: str = "") -> None:
        """Show the user a message, unless quiet."""
        if not self.quiet:
            self._say(message, style)

    def hint(self, message: str) -> None:
        """Show the user what to do next, unless quiet."""
        self.note(f"hint: {message}", "cyan")

    def warn(self, message: str) -> None:
        """Show the user a warning."""
        self._say(f"warning: {message}", "yellow")

    def error(self, message: str, hint: str | None = None) -> None:
        """Show an error and what to do."""
        self._say(f"error: {message}", "bold red")
        if hint:
            self._say(f"hint: {hint}", "cyan")

    def _for_people(self, text: str) -> str:
        return harmless(text) if self.ci is CiSystem.GITHUB else text

    def _say(self, text: str, style: str) -> None:
        text = self._for_people(one_line(text))
        if self._is_plain:
            self._notes.write(f"{text}\n")
            self._notes.flush()
        else:
            from rich.text import Text

            self.err.print(Text(text, style=style), soft_wrap=True)

    def _give_up_data(self) -> None:
        self._is_gone = True
        self._data = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


class _Unbreakable:
    """stderr, or nothing once its reader has gone: a lost display must not end a run."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        if self.stream is not None:
            try:
                self.stream.write(text)
            except UnicodeEncodeError:
                encoding = self.stream.encoding or "ascii"
                self.stream.write(text.encode(encoding, "replace").decode(encoding))
            except (OSError, ValueError):
                self.stream = None
        return len(text)

    def flush(self) -> None:
        if self.stream is not None:
            try:
                self.stream.flush()
            except (OSError, ValueError):
                self.stream = None

    def fileno(self) -> int:
        if self.stream is None:
            raise OSError("the stream is closed")
        return int(self.stream.fileno())

    def isatty(self) -> bool:
        return bool(self.stream and self.stream.isatty())

    @property
    def encoding(self) -> str:
        return getattr(self.stream, "encoding", None) or "utf-8"


def _own_stderr() -> TextIO | None:
    """A copy of stderr for taipy-exec only: a job may redirect descriptor 2 while it runs."""
    try:
        sys.stderr.flush()
        own = os.dup(2)
    except (OSError, ValueError, AttributeError):
        return None
    # Open until the process ends, as stdout is.
    return open(
        own,
        "w",
        encoding=sys.stderr.encoding or "utf-8",
        errors=sys.stderr.errors,
        buffering=1,
        closefd=False,
    )


def _take_stdout() -> TextIO:
    """stdout for taipy-exec only; descriptor 1 and `sys.stdout` lead to stderr from now on."""
    try:
        sys.stdout.flush()
        own = os.dup(1)
        os.dup2(2, 1)
    except (OSError, ValueError, AttributeError):
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    encoding = sys.stdout.encoding or "utf-8"
    # Open until the process ends, and flushed after every write: it is never closed.
    return open(own, "w", encoding=encoding, errors="backslashreplace", closefd=False)


def _width(environ: Mapping[str, str]) -> int:
    try:
        return max(int(environ.get("COLUMNS", "")), 40)
    except ValueError:
        return 120
