"""Captures all output of a job in this process. It goes to the job's log and its usual place.

Descriptors 1 and 2 lead into pipes while a job runs. So the output of commands, C code, child
processes and handlers that keep a stream is captured too. A thread reads the pipes. `sys.stdout`
is a separate stream during the job. If it did not lead to descriptor 1 before (a notebook, a
test), it is a `Tee`. A stream of an unknown type may do anything, for example write to descriptor 1
after all. For such a stream `Tee`s capture the output, and the descriptors are not changed.
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

from taipy_exec.execution.capture import JobLog, Tee
from taipy_exec.execution.standard_streams import as_made, is_usable, open_stream
from taipy_exec.visible_text import TerminalText

_AT_ONCE = 65_536
_NAMES = {1: "stdout", 2: "stderr"}
# Bytes that may wait in a pipe while C code prints and no Python thread can run.
_PIPE_SIZE = 1 << 20
# Modules whose stream types are known not to write to a captured descriptor.
_BESIDE = ("io", "_io", "ipykernel", "_pytest")
_active: list[OutputCapture] = []
_writers: list[Callable[[str], object]] = []


@contextmanager
def output_shown_by(write: Callable[[str], object]) -> Iterator[None]:
    """Show the output of jobs by `write` inside this block, for example above a live table.

    `write` must not use descriptors 1 and 2 itself, because they are captured.
    """
    _writers.append(write)
    try:
        yield
    finally:
        _writers.remove(write)


def release_output() -> None:
    """End the capture in the middle of a job, so that a debugger can talk to its user."""
    for capture in list(_active):
        capture.stop()


class OutputCapture:
    """The capture for all jobs of a runner, which run one after the other in one thread.

    `echo`: output also goes to the original targets of the descriptors. A terminal gets text and
    colours only. A process that a job has left prints into the log of the job that runs at that
    time. Between two jobs its output goes into no log.
    """

    def __init__(self, *, echo: bool) -> None:
        self._echo = echo
        self._pid = os.getpid()
        self._lock = threading.RLock()  # a signal handler of the job may also log
        self._channels: dict[int, _Channel] = {}
        self._log: JobLog | None = None

    def start(self, log: JobLog) -> None:
        """Capture output into `log` from now on."""
        if not self._channels:
            self._open()
        with self._lock:
            self._drain()  # output since the last job does not belong to this job
            self._log = log
        _active.append(self)
        ways = {number: _way(number, getattr(sys, name)) for number, name in _NAMES.items()}
        for number, channel in self._channels.items():
            channel.start(self, ways[number], captures=_Way.UNKNOWN not in ways.values())

    def write(self, data: bytes) -> None:
        """Add bytes to the log of the running job, after the output that it has printed so far."""
        if os.getpid() != self._pid:
            # A copy of this process has no reading thread, and the lock may stay taken in it.
            os.write(self._channels[1].writing, data)
            return
        with self._lock:
            self._drain()
            if self._log is not None:
                self._log.write(data)

    def stop(self) -> None:
        """End the capture. All output of the job is in its log then. Idempotent."""
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
        """End the reading thread. Nothing is captured any more."""
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.close()

    def _open(self) -> None:
        out = _Channel(1, echo=self._echo)
        # Two pipes would mix up the order of output that goes to one place.
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
        """Pass on the waiting output. Returns whether there was any, None at the pipe's end."""
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
    """The pipe that replaces one descriptor."""

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
        with suppress(OSError, AttributeError):  # Linux only; the system may allow less
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
        """Pass on printed output."""
        if self._show is not None:
            self._show(data)
        elif self._is_shown and not self._captures:  # between two jobs
            _write(self._number, data)

    def end(self) -> None:
        """The job has ended: switch off the colours that it has left on."""
        self.show(b"")
        self._show, self._captures = None, False
        if self._original is not None:
            os.close(self._original)
            self._original = None

    def close(self) -> None:
        if not self._is_shared:
            os.close(self.writing)


def _above_standard(number: int) -> int:
    """The descriptor. It is moved if it has the number of a closed standard descriptor."""
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
    """How the output on a stream is captured."""

    DESCRIPTOR = enum.auto()  # it arrives at the captured descriptor
    BESIDE = enum.auto()  # it goes elsewhere: a `Tee` captures it, in addition to the descriptors
    UNKNOWN = (
        enum.auto()
    )  # it may use a descriptor or not: only a `Tee` captures it, so that it comes once


def _way(number: int, stream: Any) -> _Way:
    if stream is None:
        return _Way.BESIDE
    try:
        leads_there = stream.fileno() == number
    except (AttributeError, OSError, ValueError):
        leads_there = False
    # During `output_shown_by`, streams of taipy-exec lead to its `write`.
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
    """Shows bytes through a function that takes text."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._decoder = getincrementaldecoder("utf-8")("backslashreplace")

    def __call__(self, data: bytes) -> None:
        """Show the bytes. No data means the end."""
        with suppress(OSError, ValueError):
            self._write(self._decoder.decode(data, final=not data))


class _Encoded:
    """Shows UTF-8 bytes in another encoding."""

    def __init__(self, number: int, encoding: str) -> None:
        self._number = number
        self._encoding = encoding
        self._decoder = getincrementaldecoder("utf-8")("backslashreplace")

    def __call__(self, data: bytes) -> None:
        """Show the bytes. No data means the end."""
        text = self._text(self._decoder.decode(data, final=not data), is_end=not data)
        _write(self._number, text.encode(self._encoding, "backslashreplace"))

    def _text(self, text: str, *, is_end: bool) -> str:
        return text


class _ToTerminal(_Encoded):
    """Shows bytes on a terminal: text and colours, without other control sequences."""

    def __init__(self, number: int, encoding: str) -> None:
        super().__init__(number, encoding)
        self._terminal = TerminalText()

    def _text(self, text: str, *, is_end: bool) -> str:
        shown = self._terminal.add(text)
        return shown + self._terminal.end() if is_end else shown


def _write(number: int, data: bytes) -> None:
    """Write all bytes. If the reader has gone, the job gets no error."""
    with suppress(OSError):
        while data:
            data = data[os.write(number, data) :]
