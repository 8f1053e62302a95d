"""Reading reports never waits and never raises, whatever was written to the pipe."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any

import multiprocess
import pytest
from hypothesis import given
from hypothesis import strategies as some

from taipy_exec.execution.report_pipe import ReportPipe


@pytest.fixture
def pipe() -> Iterator[tuple[ReportPipe, Any]]:
    reader, writer = multiprocess.Pipe(duplex=False)
    yield ReportPipe(reader), writer
    reader.close()
    writer.close()


def test_messages_come_whole_and_in_order(pipe: tuple[ReportPipe, Any]) -> None:
    reports, writer = pipe
    assert reports.take() is None
    writer.send_bytes(b"one")
    writer.send_bytes(b"")
    writer.send_bytes(b"x" * 30_000)
    assert [reports.take() for _ in range(4)] == [b"one", b"", b"x" * 30_000, None]
    assert not reports.is_at_end
    writer.close()
    assert reports.take() is None
    assert reports.is_at_end
    assert not reports.is_broken


def test_a_part_of_a_message_is_waited_for(pipe: tuple[ReportPipe, Any]) -> None:
    reports, writer = pipe
    for part in (b"\0\0", b"\0\5he", b"llo\0\0"):
        assert reports.take() is None
        os.write(writer.fileno(), part)
    assert reports.take() == b"hello"
    assert reports.take() is None


@pytest.mark.parametrize("length", [-1, -(2**31), 2**31 - 1, 1 << 24])
def test_a_length_that_no_report_has_breaks_it(pipe: tuple[ReportPipe, Any], length: int) -> None:
    reports, writer = pipe
    writer.send_bytes(b"before")
    os.write(writer.fileno(), struct.pack("!i", length) + b"junk")
    writer.send_bytes(b"after")
    assert [reports.take() for _ in range(3)] == [b"before", None, None]
    assert reports.is_broken


@given(some.binary(max_size=2000))
def test_anything_may_be_written(data: bytes) -> None:
    reader, writer = multiprocess.Pipe(duplex=False)
    reports = ReportPipe(reader)
    os.write(writer.fileno(), data)
    writer.close()
    taken = []
    while (message := reports.take()) is not None:
        taken.append(message)
    assert reports.is_broken or reports.is_at_end
    assert sum(4 + len(message) for message in taken) <= len(data)
    reports.close()
