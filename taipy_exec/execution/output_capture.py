"""What a job of this process prints, by whatever means: to its log, and on to where it would go.

Descriptors 1 and 2 lead into pipes while a job runs, so that commands, C code, children and
handlers that keep a stream are captured too. A thread reads the pipes. `sys.stdout` is a stream of
its own meanwhile, whatever the job does to it; where it did not lead to descriptor 1 (a notebook's,
a test's) it is a `Tee`. A stream that is something of the program's own may do anything, such as
write to descriptor 1 after all: then `Tee`s catch what is printed, and descriptors are left alone.
"""

from __future__ import annotations

import enum
import fcntl
import io
import os
import select
import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from taipy_exec.display.visible import TerminalText
from taipy_exec.execution.capture import JobLog, Tee
from taipy_exec.execution.standard_streams import as_made, is_usable, open_stream

_AT_ONCE = 65_536
_NAMES = {1: "stdout", 2: "stderr"}
# Bytes that may wait in a pipe while code of C prints and lets no thread of Python run.
_PIPE_SIZE = 1 << 20
# Types of streams that are known not to write to a descriptor that is captured.
_BESIDE = ("io", "_io", "ipykernel", "_pytest")
_active: list[OutputCapture] = []
_writers: list[Callable[[str], object]] = []


@contextmanager
def output_shown_by(write: Callable[[str], object]) -> Iterator[None]:
    """What jobs print is shown by this meanwhile, such as above a live table.

    It must not write to descriptors 1 and 2 itself: these are captured.
    """
    _writers.append(write)
    try:
        yield
    finally:
        _writers.remove(write)


def release_output() -> None:
    """Lead everything back in the middle of a job: a debugger talks to its user."""
    for capture in list(_active):
        capture.stop()


class OutputCapture:
    """One for all jobs of a runner, which run one after the other in one thread.

    `echo`: what is printed goes on to where the descriptors led before the job; a terminal gets
    text and colours only. A process that a job has left behind prints into the log of the job that
    runs meanwhile, and between two jobs into none.
    """

    def __init__(self, *, echo: bool) -> None:
        self._echo = echo
        self._pid = os.getpid()
        self._lock = threading.RLock()  # a signal handler of the job may log, too
        self._channels: dict[int, _Channel] = {}
        self._log: JobLog | None = None

    def start(self, log: JobLog) -> None:
        """Capture from now on, into `log`."""
        if not self._channels:
            self._open()
        with self._lock:
            self._drain()  # what came since the last job is none of this one's
            self._log = log
        _active.append(self)
        ways = {number: _way(number, getattr(sys, name)) for number, name in _NAMES.items()}
        for number, channel in self._channels.items():
            channel.start(self, ways[number], captures=_Way.UNKNOWN not in ways.values())

    def write(self, data: bytes) -> None:
        """Put something into the log of the job that runs, behind what it has printed."""
        if os.getpid() != self._pid:
            # A copy of this process has no thread; whoever held the lock may not be in it either.
            os.write(self._channels[1].writing, data)
            return
        with self._lock:
            self._drain()
            if self._log is not None:
                self._log.write(data)

    def stop(self) -> None:
        """Lead everything back. All that the job has printed is in its log then.

        Again is no error.
        """
        if self not in _active:
            return
        _active.remove(self)
        for channel in self._channels.values():
            channel.stop()
        with self._lock:
            self._drain()
            for channel in self._channels.values():
                channel.end()
            self._log = None

    def close(self) -> None:
        """Have the thread end. Nothing is captured any more."""
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.close()

    def _open(self) -> None:
        out = _Channel(1, echo=self._echo)
        # Two pipes would mix up the order of what goes to one place.
        shared = out if _lead_to_one_place() or not self._echo else None
        self._channels = channels = {1: out, 2: _Channel(2, echo=self._echo, shared=shared)}
        threading.Thread(
            target=self._read, args=(channels,), name="output of jobs", daemon=True
        ).start()

    def _read(self, channels: dict[int, _Channel]) -> None:
        watched = select.poll()
        by_end = {channel.reading: channel for channel in reversed(channels.values())}
        for end in by_end:
            watched.register(end, select.POLLIN)
        while by_end:
            for end, _ in watched.poll():
                with self._lock:
                    if self._pass_on(by_end[end]) is None:
                        watched.unregister(end)
                        os.close(end)
                        del by_end[end]

    def _drain(self) -> None:
        for channel in self._channels.values():
            while self._pass_on(channel):
                pass

    def _pass_on(self, channel: _Channel) -> bool | None:
        """Hand on what is there: whether there was something, None at the end."""
        try:
            data = os.read(channel.reading, _AT_ONCE)
        except BlockingIOError:
            return False
        if not data:
            return None
        if self._log is not None:
            self._log.write(data)
        channel.show(data)
        return True


class _Channel:
    """The pipe behind one descriptor."""

    def __init__(self, number: int, *, echo: bool, shared: _Channel | None = None) -> None:
        self._number = number
        self._echo = echo
        self._is_shown = echo and shared is None
        self._is_shared = shared is not None
        ends = (shared.reading, shared.writing) if shared else map(_above_standard, os.pipe())
        reading, writing = ends
        self.reading: int = reading
        self.writing: int = writing
        os.set_blocking(self.reading, False)
        with suppress(OSError, AttributeError):  # Linux, and not more than the system allows
            fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        self._captures = False
        self._original: int | None = None
        self._stream: Any = None
        self._tee: Tee | None = None
        self._own: TextIO | None = None
        self._show: Callable[[bytes], None] | None = None

    def start(self, log: OutputCapture, way: _Way, *, captures: bool) -> None:
        name = _NAMES[self._number]
        self._stream = stream = getattr(sys, name)
        _flush(stream)
        if way is not _Way.DESCRIPTOR or not captures:
            self._tee = Tee(log, stream if self._echo else None)
            setattr(sys, name, self._tee)
        if not captures:
            return
        with suppress(OSError):
            self._original = _copy_above_standard(self._number)
        if self._is_shown:
            self._show = _shown_on(stream, self._original)
        os.dup2(self.writing, self._number)
        self._captures = True
        if self._tee is None:
            if self._own is None or not is_usable(self._own):
                self._own = open_stream(self._number)
            as_made(self._own)
            setattr(sys, name, self._own)

    def stop(self) -> None:
        name = _NAMES[self._number]
        for stream in (getattr(sys, name), self._own, self._stream, getattr(sys, f"__{name}__")):
            _flush(stream)
        if self._tee is not None:
            self._tee.end()
            self._tee = None
        setattr(sys, name, self._stream)
        if not self._captures:
            return
        if self._original is None:
            os.close(self._number)
        else:
            os.dup2(self._original, self._number)

    def show(self, data: bytes) -> None:
        """Pass on what was printed."""
        if self._show is not None:
            self._show(data)
        elif self._is_shown and not self._captures:  # between two jobs
            _write(self._number, data)

    def end(self) -> None:
        """The job has ended: take back what colours it has left on."""
        self.show(b"")
        self._show, self._captures = None, False
        if self._original is not None:
            os.close(self._original)
            self._original = None

    def close(self) -> None:
        if not self._is_shared:
            os.close(self.writing)


def _above_standard(number: int) -> int:
    """The descriptor, moved where it took the number of a standard one that is closed."""
    if number > 2:
        return number
    moved = _copy_above_standard(number)
    os.close(number)
    return moved


def _copy_above_standard(number: int) -> int:
    return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3)


def _lead_to_one_place() -> bool:
    try:
        return os.path.samestat(os.fstat(1), os.fstat(2))
    except OSError:
        return False


class _Way(enum.Enum):
    """How what is printed on a stream is caught."""

    DESCRIPTOR = enum.auto()  # it comes to the captured descriptor
    BESIDE = enum.auto()  # it goes elsewhere: by a `Tee`, while descriptors are captured too
    UNKNOWN = (
        enum.auto()
    )  # it may come to a descriptor or not: by a `Tee` alone, so that it is once


def _way(number: int, stream: Any) -> _Way:
    if stream is None:
        return _Way.BESIDE
    try:
        leads_there = stream.fileno() == number
    except (AttributeError, OSError, ValueError):
        leads_there = False
    # While somebody shows the output, streams of ours lead to whoever does so.
    if leads_there and (type(stream) is io.TextIOWrapper or _writers):
        return _Way.DESCRIPTOR
    is_beside = type(stream).__module__.partition(".")[0] in _BESIDE
    return _Way.BESIDE if is_beside and not leads_there else _Way.UNKNOWN


def _flush(stream: Any) -> None:
    with suppress(OSError, ValueError, AttributeError):
        stream.flush()


def _shown_on(stream: Any, number: int | None) -> Callable[[bytes], None] | None:
    if _writers:
        return _ByWriter(_writers[-1])
    if number is None:
        return None
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if os.isatty(number):
        return _ToTerminal(number, encoding)
    if encoding.lower() == "utf-8":
        return lambda data: _write(number, data)
    return _Encoded(number, encoding)


class _ByWriter:
    """Shows bytes by somebody who takes text."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._decoder = getincrementaldecoder("utf-8")("backslashreplace")

    def __call__(self, data: bytes) -> None:
        """Show them. No data means the end."""
        with suppress(OSError, ValueError):
            self._write(self._decoder.decode(data, final=not data))


class _Encoded:
    """Shows bytes of UTF-8 where another encoding is read."""

    def __init__(self, number: int, encoding: str) -> None:
        self._number = number
        self._encoding = encoding
        self._decoder = getincrementaldecoder("utf-8")("backslashreplace")

    def __call__(self, data: bytes) -> None:
        """Show them. No data means the end."""
        text = self._text(self._decoder.decode(data, final=not data), is_end=not data)
        _write(self._number, text.encode(self._encoding, "backslashreplace"))

    def _text(self, text: str, *, is_end: bool) -> str:
        return text


class _ToTerminal(_Encoded):
    """Shows bytes on a terminal: text and colours, and nothing that steers it."""

    def __init__(self, number: int, encoding: str) -> None:
        super().__init__(number, encoding)
        self._terminal = TerminalText()

    def _text(self, text: str, *, is_end: bool) -> str:
        shown = self._terminal.add(text)
        return shown + self._terminal.end() if is_end else shown


def _write(number: int, data: bytes) -> None:
    """Write all. A reader that has gone is no error of the job."""
    with suppress(OSError):
        while data:
            data = data[os.write(number, data) :]
