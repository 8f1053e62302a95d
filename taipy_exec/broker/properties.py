"""Reads the properties of a message from their bytes, whatever they contain.

pika decodes each header of each message, and an error in one of them ends the connection: so any
publisher could stop every reader. Here a header that cannot be decoded is skipped by its length.

Source: AMQP 0-9-1, 4.2.5 (tables) and 4.2.6 (content), with RabbitMQ's errata for their types.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable
from typing import Any

from pika import BasicProperties

# Tables within tables. Their number and length need no limit: all come in one frame (128 KiB).
_DEEPEST = 4

_SIZES = {
    b"t": 1,
    b"b": 1,
    b"B": 1,
    b"s": 2,
    b"U": 2,
    b"u": 2,
    b"I": 4,
    b"i": 4,
    b"f": 4,
    b"L": 8,
    b"l": 8,
    b"d": 8,
    b"T": 8,
    b"D": 5,
    b"V": 0,
}
# Types whose length comes first, in four bytes.
_LONG = frozenset((b"S", b"x", b"A", b"F"))
_UNREADABLE = object()


def read_properties(encoded: bytes) -> BasicProperties:
    """The properties as pika has them, without unreadable ones. `encoded` begins with the flags.

    Raises nothing.
    """
    properties = BasicProperties()
    try:
        _read(properties, encoded)
    except (struct.error, IndexError):
        # The bytes ended too early: the properties before that count.
        pass
    return properties


def _read(properties: BasicProperties, encoded: bytes) -> None:
    (flags,) = struct.unpack_from(">H", encoded)
    offset = 2
    more = flags
    while more & 1:
        (more,) = struct.unpack_from(">H", encoded, offset)
        offset += 2
    for flag, name, read in _PROPERTIES:
        if flags & flag:
            value, offset = read(encoded, offset)
            setattr(properties, name, value)


def _short_text(encoded: bytes, offset: int) -> tuple[str | None, int]:
    start = offset + 1
    end = start + encoded[offset]
    return _text(encoded[start:end]), end


def _byte(encoded: bytes, offset: int) -> tuple[int, int]:
    return encoded[offset], offset + 1


def _seconds(encoded: bytes, offset: int) -> tuple[int, int]:
    return struct.unpack_from(">Q", encoded, offset)[0], offset + 8


def _headers(encoded: bytes, offset: int) -> tuple[dict[str, Any], int]:
    (size,) = struct.unpack_from(">I", encoded, offset)
    start = offset + 4
    return _table(encoded[start : start + size], 0), start + size


_PROPERTIES: tuple[tuple[int, str, Callable[[bytes, int], tuple[Any, int]]], ...] = (
    (BasicProperties.FLAG_CONTENT_TYPE, "content_type", _short_text),
    (BasicProperties.FLAG_CONTENT_ENCODING, "content_encoding", _short_text),
    (BasicProperties.FLAG_HEADERS, "headers", _headers),
    (BasicProperties.FLAG_DELIVERY_MODE, "delivery_mode", _byte),
    (BasicProperties.FLAG_PRIORITY, "priority", _byte),
    (BasicProperties.FLAG_CORRELATION_ID, "correlation_id", _short_text),
    (BasicProperties.FLAG_REPLY_TO, "reply_to", _short_text),
    (BasicProperties.FLAG_EXPIRATION, "expiration", _short_text),
    (BasicProperties.FLAG_MESSAGE_ID, "message_id", _short_text),
    (BasicProperties.FLAG_TIMESTAMP, "timestamp", _seconds),
)


def _table(encoded: bytes, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    offset = 0
    while offset < len(encoded):
        start = offset + 1
        end = start + encoded[offset]
        name = encoded[start:end]
        kind, payload, offset = _piece(encoded, end)
        if payload is None:
            break
        key, value = _text(name), _value(kind, payload, depth)
        if key is not None and value is not _UNREADABLE:
            found[key] = value
    return found


def _list(encoded: bytes, depth: int) -> list[Any]:
    found: list[Any] = []
    offset = 0
    while offset < len(encoded):
        kind, payload, offset = _piece(encoded, offset)
        if payload is None:
            break
        value = _value(kind, payload, depth)
        if value is not _UNREADABLE:
            found.append(value)
    return found


def _piece(encoded: bytes, offset: int) -> tuple[bytes, bytes | None, int]:
    """The type of a value, its bytes, and where the next one begins; None if that is unknown."""
    kind = encoded[offset : offset + 1]
    offset += 1
    size = _SIZES.get(kind)
    if size is None:
        if kind not in _LONG or offset + 4 > len(encoded):
            return kind, None, len(encoded)
        (size,) = struct.unpack_from(">I", encoded, offset)
        offset += 4
    end = offset + size
    return kind, encoded[offset:end] if end <= len(encoded) else None, end


def _value(kind: bytes, payload: bytes, depth: int) -> Any:
    """The meaning of the bytes, or `_UNREADABLE`: invalid, too deep, or of no use here."""
    read = _VALUES.get(kind)
    if read is not None:
        return read(payload)
    if depth < _DEEPEST and kind == b"F":
        return _table(payload, depth + 1)
    if depth < _DEEPEST and kind == b"A":
        return _list(payload, depth + 1)
    return _UNREADABLE


def _text(encoded: bytes) -> str | None:
    try:
        return encoded.decode()
    except UnicodeDecodeError:
        return None


def _long_text(encoded: bytes) -> object:
    text = _text(encoded)
    return _UNREADABLE if text is None else text


def _time(encoded: bytes) -> object:
    try:
        return dt.datetime.fromtimestamp(int.from_bytes(encoded), dt.UTC)
    except (ValueError, OverflowError, OSError):
        return _UNREADABLE


def _signed(encoded: bytes) -> int:
    return int.from_bytes(encoded, signed=True)


# Types without an entry (decimals, bytes): pika can send some of them only as another type.
_VALUES: dict[bytes, Callable[[bytes], object]] = {
    b"t": any,
    b"b": _signed,
    b"B": int.from_bytes,
    b"s": _signed,
    b"U": _signed,
    b"u": int.from_bytes,
    b"I": _signed,
    b"i": int.from_bytes,
    b"L": _signed,
    b"l": _signed,
    b"S": _long_text,
    b"T": _time,
    b"V": lambda encoded: None,
}
