"""The properties of messages, read from bytes of every kind."""

from __future__ import annotations

import datetime as dt
import os
import struct
from decimal import Decimal
from typing import Any

import pika
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pika import frame

from taipy_exec.broker.connection import LARGEST_BODY, CarefulConnection
from taipy_exec.broker.properties import read_properties
from taipy_exec.config.vocabulary import TOO_LARGE

EXAMPLES = settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "200")), deadline=None)
HEADERS: dict[str, Any] = {
    "foreign": "kept",
    "taipy-exec-reason": "why ünd",
    "taipy-exec-signature": "ab" * 32,
    "x-delivery-count": 3,
    "x-stream-offset": 2**40,
    "x-negative": -5,
    "x-yes": True,
    "x-nothing": None,
    "x-death": [{"reason": "expired", "time": dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "count": 1}],
    "z": [1, [2, {"a": Decimal("1.5")}]],
}


def encoded(**given: Any) -> bytes:
    return b"".join(pika.BasicProperties(**given).encode())


def raw_headers(*entries: tuple[bytes, bytes]) -> bytes:
    """Properties with these headers only, each a name and the bytes of its type and value."""
    table = b"".join(bytes([len(name)]) + name + value for name, value in entries)
    return struct.pack(">HI", 1 << 13, len(table)) + table


def nested(depth: int) -> bytes:
    value = b"V"
    for _ in range(depth):
        value = b"A" + struct.pack(">I", len(value)) + value
    return value


def test_headers_are_read_as_pika_reads_them_but_for_what_nobody_needs() -> None:
    body = encoded(
        headers=HEADERS, message_id="id", reply_to="queue", timestamp=7, correlation_id="1"
    )
    found = read_properties(body)
    assert found.headers == {**HEADERS, "z": [1, [2, {}]]}
    assert (found.message_id, found.reply_to, found.timestamp) == ("id", "queue", 7)
    assert found.correlation_id == "1"


@pytest.mark.parametrize(
    "value",
    [
        b"T" + struct.pack(">Q", 253402300800),
        b"T" + b"\xff" * 8,
        b"d" + struct.pack(">d", float("inf")),
        b"S" + struct.pack(">I", 2) + b"\xff\xfe",
        nested(20_000),
        b"F" + struct.pack(">I", 3) + b"\x01\xffV",
    ],
    ids=["year 10000", "year 10^11", "infinity", "no text", "nested", "name"],
)
@pytest.mark.parametrize("name", [b"foreign", b"x-ours"])
def test_a_header_that_cannot_be_read_is_skipped_and_those_after_it_are_read(
    name: bytes, value: bytes
) -> None:
    found = read_properties(
        raw_headers((name, value), (b"x-stream-offset", b"L" + b"\0" * 7 + b"\x05"))
    )
    assert found.headers is not None
    assert found.headers["x-stream-offset"] == 5


def test_after_an_unknown_type_nothing_more_is_read() -> None:
    found = read_properties(raw_headers((b"x-a", b"t\x01"), (b"b", b"?"), (b"x-c", b"t\x01")))
    assert found.headers == {"x-a": True}


@EXAMPLES
@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(body: bytes) -> None:
    read_properties(body)


@EXAMPLES
@given(st.data())
def test_damaged_properties_are_read_without_an_error(data: st.DataObject) -> None:
    whole = bytearray(encoded(headers=HEADERS, message_id="id", timestamp=7))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read_properties(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


class Reading(CarefulConnection):
    """Only reads frames, from bytes that it is given."""

    def __init__(self, data: bytes) -> None:
        self._skipped: dict[int, int] = {}
        self._frame_buffer = data

    def frames(self) -> list[Any]:
        found = []
        while True:
            size, one = self._read_frame()
            if one is None:
                return found
            self._frame_buffer = self._frame_buffer[size:]
            found.append(one)


def content(channel: int, size: int, *pieces: bytes) -> bytes:
    header = frame.Header(channel, size, pika.BasicProperties(message_id="m"))
    return b"".join([header.marshal(), *(frame.Body(channel, piece).marshal() for piece in pieces)])


def test_of_a_body_that_is_too_large_nothing_is_kept_and_the_next_is_read() -> None:
    piece = b"x" * 100_000
    count = LARGEST_BODY // len(piece) + 1
    data = content(1, count * len(piece), *[piece] * count) + content(1, 2, b"ok")
    frames = Reading(data).frames()
    assert frames[0].body_size == 0
    assert frames[0].properties.headers == {TOO_LARGE: count * len(piece)}
    assert {type(one) for one in frames[1 : 1 + count]} == {frame.Heartbeat}
    assert [type(one) for one in frames[1 + count :]] == [frame.Header, frame.Body]
    assert frames[-1].fragment == b"ok"


def test_bodies_of_other_channels_come_between_and_are_kept() -> None:
    size = LARGEST_BODY + 1
    data = content(1, size, b"x" * 1000) + content(2, 2, b"ok")
    frames = Reading(data + frame.Body(1, b"x" * 10).marshal()[:-3]).frames()
    assert [type(one) for one in frames] == [
        frame.Header,
        frame.Heartbeat,
        frame.Header,
        frame.Body,
    ]
