"""Calling foreign code in a new process, so that it may hang, crash or print."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SECONDS_EACH = 5.0
SECONDS_IN_ALL = 20.0
# A value that needs more memory than this is not shown. In bytes.
_MOST_MEMORY = 4 << 30
_LONGEST_ANSWER = 20_000_000
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of one call, as an object of JSON; or None, and the problem."""

    fields: dict[str, Any] | None
    problem: str = ""


def read_apart(
    count: int, read: Callable[[int], DataclassInstance]
) -> Generator[Reading, None, None]:
    """`read(0)` to `read(count - 1)` in a copy of this process, and in a new one if that dies.

    Each has `SECONDS_EACH`, all together `SECONDS_IN_ALL`.
    """
    end = time.monotonic() + SECONDS_IN_ALL
    number = 0
    while number < count:
        with _copy(range(number, count), read) as pipe:
            for reading in _answers(pipe, end):
                yield reading
                number += 1
                if reading.fields is None and reading.problem in _ENDS:
                    break
                if number == count:
                    break
        if time.monotonic() >= end:
            break
    for _ in range(number, count):
        yield Reading(None, _NO_TIME)


_TOO_SLOW = f"it took more than {SECONDS_EACH:g} s"
_NO_TIME = f"all values together took more than {SECONDS_IN_ALL:g} s"
_DIED = "the process that read it died"
_ENDS = (_TOO_SLOW, _NO_TIME, _DIED)


@contextlib.contextmanager
def _copy(numbers: range, read: Callable[[int], DataclassInstance]) -> Iterator[int]:
    """The end of a pipe on which a copy of this process answers, a line for each number."""
    ours, theirs = os.pipe()
    # This process has one thread, and the copy does nothing else: os.fork is safe here.
    child = os.fork()
    if child == 0:
        try:
            os.close(ours)
            _answer(theirs, numbers, read)
        finally:
            os._exit(0)
    os.close(theirs)
    try:
        yield ours
    finally:
        os.close(ours)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def _answers(pipe: int, end: float) -> Iterator[Reading]:
    """Each answer as it comes; the last one has the problem if there are too few."""
    held = b""
    until = min(time.monotonic() + SECONDS_EACH, end)
    while True:
        line, mark, rest = held.partition(b"\n")
        if mark:
            held = rest
            yield _reading(line)
            until = min(time.monotonic() + SECONDS_EACH, end)
            continue
        left = until - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            yield Reading(None, _NO_TIME if time.monotonic() >= end else _TOO_SLOW)
            return
        data = os.read(pipe, _CHUNK)
        if not data or len(held) > _LONGEST_ANSWER:
            yield Reading(None, _DIED)
            return
        held += data


def _reading(line: bytes) -> Reading:
    try:
        answer = json.loads(line)
        return Reading(answer.get("fields"), str(answer.get("problem", "")))
    except (ValueError, AttributeError):
        return Reading(None, _DIED)


def _answer(pipe: int, numbers: range, read: Callable[[int], DataclassInstance]) -> None:
    os.setsid()
    # The collector leaves out the objects of the parent: a look at them would copy their memory.
    gc.freeze()
    gc.enable()
    for received in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(received, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if most == resource.RLIM_INFINITY or most > _MOST_MEMORY:
        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, most))
    with open(pipe, "w", encoding="utf-8", errors="backslashreplace") as file:
        for number in numbers:
            answer: dict[str, Any]
            try:
                answer = {"fields": asdict(read(number))}
            except BaseException as error:
                answer = {"problem": _message(error)}
            file.write(json.dumps(answer) + "\n")
            file.flush()


def _message(error: BaseException) -> str:
    from taipy_exec.errors import TaipyExecError
    from taipy_exec.execution.failed_attempt import message_of

    told = message_of(error).strip().partition("\n")[0][:500]
    kind = type(error).__name__
    if isinstance(error, TaipyExecError) or told.startswith(kind):
        return told
    return f"{kind}: {told}"
