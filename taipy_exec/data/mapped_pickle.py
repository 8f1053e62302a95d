"""Pickles whose large buffers are written without a copy and read back as memory maps.

The file is an ordinary pickle: `pickle.load` reads it. After its end, which no unpickler reads,
there is a list of the places of the large buffers. The reader here takes the buffers from a private
map of the file and does not copy them. It gives the rest of the stream to the unpickler. There each
buffer is replaced by the opcode for an external buffer (PEP 574).
"""

from __future__ import annotations

import mmap
import pickle
import struct
from typing import IO, Any

_LARGE = 1 << 20
_ALIGN = 64
_BINBYTES = struct.Struct("<cI")  # opcode and length, in front of a read-only buffer < 4 GiB
_EIGHT = struct.Struct("<cQ")  # ... of a longer one, and of every writable buffer
_OPCODES = {  # -> the opcodes that replace it for an external buffer
    b"\x42": b"\x97\x98",  # BINBYTES -> NEXT_BUFFER, READONLY_BUFFER
    b"\x8e": b"\x97\x98",  # BINBYTES8
    b"\x96": b"\x97",  # BYTEARRAY8 -> NEXT_BUFFER
}
_MARK = b"taipy-exec-buf-2"
_ENTRY = struct.Struct("<QQ")  # the start of a buffer, and its length
_END = struct.Struct("<QQ")  # the end of the pickle, and the number of buffers


def dump(value: Any, file: IO[bytes]) -> None:
    """Pickle `value` into `file`, which is empty and open for writing."""
    writer = _Writer(file)
    pickle.Pickler(writer, protocol=5).dump(value)
    writer.finish()


def load(file: IO[bytes], *, mapped: bool) -> Any:
    """Unpickle `file`. With `mapped`, large buffers stay in the file, which must not change.

    A task may change an array on such a buffer. The changes stay in this process.
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
        header = _header(view[max(start - _EIGHT.size, at) : start], length)
        if not header or start + length > size:
            return pickle.load(file)
        stream += [view[at : start - len(header)], _OPCODES[header[:1]]]
        buffers.append(view[start : start + length])
        at = start + length
    stream.append(view[at:])
    return pickle.loads(b"".join(stream), buffers=buffers)


def _header(before: Any, length: int) -> bytes:
    """The opcode and length at the end of `before`. Empty if they do not announce this buffer."""
    for form, opcodes in ((_EIGHT, (b"\x96", b"\x8e")), (_BINBYTES, (b"\x42",))):
        found = bytes(before[-form.size :])
        if len(found) == form.size:
            opcode, announced = form.unpack(found)
            if opcode in opcodes and announced == length:
                return found
    return b""


def _places(file: IO[bytes], size: int) -> list[tuple[int, int]]:
    """The places of the large buffers, as (start, length). Empty for a file without the list.

    The list counts only if it directly follows the pickle that it was written for.
    """
    tail = _END.size + len(_MARK)
    file.seek(size - tail)
    end = file.read(tail)
    if end[_END.size :] != _MARK:
        return []
    stop, count = _END.unpack(end[: _END.size])
    if stop + count * _ENTRY.size + tail != size:
        return []
    file.seek(stop)
    return list(_ENTRY.iter_unpack(file.read(count * _ENTRY.size)))


class _Writer:
    """Records the places of large buffers, and aligns them.

    Pickle writes such a buffer in its own call, after its header. So the last data is held back,
    and opcodes without effect are put in front of the header.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = 0
        self._held: Any = b""
        self._places: list[tuple[int, int]] = []

    def write(self, data: Any) -> int:
        raw = data.raw() if isinstance(data, pickle.PickleBuffer) else data
        size = len(raw)
        header = b""
        if raw is not data and size >= _LARGE and isinstance(self._held, bytes):
            header = _header(self._held, size)
        if header:
            body = self._held[: -len(header)]
            self._put(body + _nothing(-(self._at + len(body) + len(header)) % _ALIGN) + header)
            self._held = b""
            self._places.append((self._at, size))
            self._put(raw)
        else:
            self._put(self._held)
            self._held = raw
        return size

    def _put(self, data: Any) -> None:
        self._file.write(data)
        self._at += len(data)

    def finish(self) -> None:
        """Write the data that is held back, and the list of places."""
        self._put(self._held)
        if self._places:
            stop = self._at
            self._put(b"".join(_ENTRY.pack(*place) for place in self._places))
            self._put(_END.pack(stop, len(self._places)) + _MARK)


def _nothing(size: int) -> bytes:
    """`size` bytes (or _ALIGN more) of opcodes without effect: push a value and pop it."""
    if size == 1:
        size += _ALIGN
    odd = size % 2
    return (b"K\x000" if odd else b"") + b"N0" * ((size - 3 * odd) // 2)
