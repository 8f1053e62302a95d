"""Pickles whose large buffers are written without a copy and read back as memory maps.

The file is an ordinary pickle: `pickle.load` reads it. Behind its end, where no unpickler looks,
stands where the large buffers lie. Our reader takes them from a private map of the file instead
of copying them: it gives the unpickler the rest of the stream, in which each of them is replaced
by the opcode for a buffer that comes from outside (PEP 574).
"""

from __future__ import annotations

import mmap
import pickle
import struct
from typing import IO, Any

_LARGE = 1 << 20
_ALIGN = 64
_HEADER = 9  # an opcode and eight bytes of length, in front of every large buffer
_OPCODES = {0x96: b"\x97", 0x8E: b"\x97\x98"}  # BYTEARRAY8, BINBYTES8 -> NEXT_BUFFER, READONLY
_MARK = b"taipy-exec-buf-1"
_ENTRY = struct.Struct("<QQ")
_END = struct.Struct("<Q")


def dump(value: Any, file: IO[bytes]) -> None:
    """Pickle `value` into `file`, which is empty and open for writing."""
    writer = _Writer(file)
    pickle.Pickler(writer, protocol=5).dump(value)
    writer.finish()


def load(file: IO[bytes], *, mapped: bool) -> Any:
    """Unpickle `file`. With `mapped`, large buffers stay in the file: nobody may change it.

    An array on such a buffer can be changed all the same; the changes are this process's own.
    """
    if not mapped:
        return pickle.load(file)
    size = file.seek(0, 2)
    places = _places(file, size) if size >= _LARGE else []
    file.seek(0)
    if not places:
        return pickle.load(file)
    view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    stream: list[Any] = []
    buffers, at = [], 0
    for start, length in places:
        opcode = _OPCODES.get(view[start - _HEADER])
        if opcode is None:
            return pickle.load(file)
        stream += [view[at : start - _HEADER], opcode]
        buffers.append(view[start : start + length])
        at = start + length
    stream.append(view[at:])
    return pickle.loads(b"".join(stream), buffers=buffers)


def _places(file: IO[bytes], size: int) -> list[tuple[int, int]]:
    """Where the large buffers lie, as (start, length); empty for a file without that end."""
    tail = len(_MARK) + _END.size
    file.seek(size - tail)
    end = file.read(tail)
    if end[_END.size :] != _MARK:
        return []
    (count,) = _END.unpack(end[: _END.size])
    file.seek(size - tail - count * _ENTRY.size)
    return list(_ENTRY.iter_unpack(file.read(count * _ENTRY.size)))


class _Writer:
    """Notes where large buffers go, and aligns them.

    Pickle writes such a buffer by itself, after its header. So what came last is held back, and
    opcodes that do nothing are put in front of the header.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = 0
        self._held: Any = b""
        self._places: list[tuple[int, int]] = []

    def write(self, data: Any) -> int:
        size = _size(data)
        if isinstance(data, pickle.PickleBuffer) and size >= _LARGE:
            body, header = self._held[:-_HEADER], self._held[-_HEADER:]
            self._put(body + _nothing(-(self._at + len(body) + _HEADER) % _ALIGN) + header)
            self._held = b""
            self._places.append((self._at, size))
            self._put(data)
        else:
            self._put(self._held)
            self._held = data
        return size

    def _put(self, data: Any) -> None:
        self._file.write(data)
        self._at += _size(data)

    def finish(self) -> None:
        """Write what is held back, and the places."""
        self._put(self._held)
        if self._places:
            entries = b"".join(_ENTRY.pack(*place) for place in self._places)
            self._put(entries + _END.pack(len(self._places)) + _MARK)


def _size(data: Any) -> int:
    return data.raw().nbytes if isinstance(data, pickle.PickleBuffer) else len(data)


def _nothing(size: int) -> bytes:
    """`size` bytes (or _ALIGN more) of opcodes that push a value and pop it again."""
    if size == 1:
        size += _ALIGN
    odd = size % 2
    return (b"K\x000" if odd else b"") + b"N0" * ((size - 3 * odd) // 2)
