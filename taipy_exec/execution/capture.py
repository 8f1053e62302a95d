"""The captured output of a job, in a file whose size is limited."""

from __future__ import annotations

import io
import os
import select
import time
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from taipy_exec.execution.line_times import TimedFile, is_apart
from taipy_exec.visible_text import TerminalText

# Output, with the time when it was printed.
Piece = tuple[bytes | bytearray, float]
# The most bytes of one piece of the end of a log.
_LARGEST_PIECE = 65_536


class ByteSink(Protocol):
    """Takes captured output, with the time when it was printed (seconds since the epoch)."""

    def write_all(self, pieces: Iterable[Piece], /) -> object: ...
    def close(self) -> None: ...


class Writable(Protocol):
    """Anything that takes bytes."""

    def write(self, data: bytes, /) -> object: ...


def appending(path: Path) -> TimedFile:
    """A file to append captured output to, with the times of its lines. Its folder is made."""
    return TimedFile(path)


class ShownAtOnce:
    """Writes the output of a job to stdout. A terminal gets only text and colours."""

    def __init__(self) -> None:
        self._terminal = TerminalText() if _is_terminal() else None
        self._decoder = getincrementaldecoder("utf-8")("replace")

    def __call__(self, data: bytes) -> None:
        """Write as much as stdout takes at once. It never waits. No data means the end."""
        if self._terminal is not None:
            text = self._terminal.add(self._decoder.decode(data))
            data = (text if data else self._terminal.end()).encode()
        _write_at_once(data)


def _is_terminal() -> bool:
    try:
        return os.isatty(1)
    except OSError:
        return False


def _write_at_once(data: bytes) -> None:
    watched = select.poll()
    try:
        watched.register(1, select.POLLOUT)
        while data and watched.poll(0):
            data = data[os.write(1, data[: select.PIPE_BUF]) :]
    except OSError:
        pass


class JobLog:
    """Keeps the first and the last half of `limit` bytes. Its file is opened at the first byte.

    A log that cannot be written (full disk, no rights) is dropped, and the job continues. `show`
    also gets everything that is printed. At the end it gets empty bytes.
    """

    def __init__(
        self,
        open_file: Callable[[], ByteSink],
        limit: int,
        show: Callable[[bytes], None] | None = None,
    ) -> None:
        self._open = open_file
        self._show = show
        self._head = max(limit // 2, 1)
        self._tail = max(limit - self._head, 1)
        self._file: ByteSink | None = None
        self._broken = False
        self._written = 0
        self._kept: deque[tuple[bytearray, float]] = deque()
        self._kept_size = 0
        self._dropped = 0

    def write(self, data: bytes) -> None:
        """Store bytes that the job printed."""
        if self._show is not None:
            self._show(data)
        now = time.time()
        room = self._head - self._written
        if room > 0:
            self._store((data[:room], now))
            self._written += min(len(data), room)
            data = data[room:]
        if data:
            self._keep(data, now)
            while self._kept_size - len(self._kept[0][0]) >= self._tail:
                old, _ = self._kept.popleft()
                self._kept_size -= len(old)
                self._dropped += len(old)

    def _keep(self, data: bytes, at: float) -> None:
        """Keep bytes of the end. Those of a moment are one piece: a job may print bytes singly."""
        self._kept_size += len(data)
        if self._kept:
            last, since = self._kept[-1]
            if not is_apart(since, at) and len(last) + len(data) <= _LARGEST_PIECE:
                last += data
                return
        self._kept.append((bytearray(data), at))

    def _store(self, *pieces: Piece) -> None:
        if self._broken:
            return
        try:
            if self._file is None:
                self._file = self._open()
            self._file.write_all(pieces)
        except OSError:
            self._broken = True

    def close(self) -> None:
        """Write the kept end. Before it, a line shows how many bytes were left out."""
        if self._show is not None:
            self._show(b"")
        if self._kept:
            oldest, since = self._kept[0]
            pieces: list[Piece] = list(self._kept)
            cut = max(self._kept_size - self._tail, 0)
            # Only the oldest piece may have to be cut.
            pieces[0] = oldest[cut:], since
            if self._dropped + cut:
                left_out = b"\n[... %d bytes left out ...]\n" % (self._dropped + cut)
                pieces.insert(0, (left_out, since))
            self._store(*pieces)
            self._kept.clear()
            self._kept_size = 0
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                pass
            self._file = None


class Tee(io.TextIOBase):
    """A text stream for a job in this process. It writes to the job's log and to the real stream.

    A terminal gets text and colours only.
    If the real stream fails (its reader has gone, it is ASCII), the job gets no error.
    """

    def __init__(self, log: Writable, echo: Any) -> None:
        self._log = log
        self._echo = echo
        self._terminal = TerminalText() if self.isatty() else None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._echo, "encoding", None) or "utf-8"

    @property
    def buffer(self) -> io.RawIOBase:
        """The stream for bytes. It writes to the same two places."""
        return _TeeBytes(self)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        ask = getattr(self._echo, "isatty", None)
        return bool(ask is not None and ask())

    def fileno(self) -> int:
        """The descriptor of the real stream. Programs that the job starts print past the log."""
        return int(self._echo.fileno()) if self._echo is not None else 2

    def write(self, text: str) -> int:
        self._log.write(text.encode("utf-8", "backslashreplace"))
        self._show(text if self._terminal is None else self._terminal.add(text))
        return len(text)

    def end(self) -> None:
        """Switch off the colours that the job has left on."""
        if self._terminal is not None:
            self._show(self._terminal.end())

    def _show(self, text: str) -> None:
        if self._echo is not None and text:
            try:
                self._echo.write(text)
            except UnicodeEncodeError:
                self._echo.write(text.encode("ascii", "backslashreplace").decode())
            except (OSError, ValueError):
                self._echo = None

    def flush(self) -> None:
        if self._echo is not None:
            try:
                self._echo.flush()
            except (OSError, ValueError):
                self._echo = None


class _TeeBytes(io.RawIOBase):
    def __init__(self, tee: Tee) -> None:
        self._tee = tee

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._tee.write(bytes(data).decode("utf-8", "backslashreplace"))
