"""Texts for a terminal that may not be read are written later, in order, and nobody waits."""

from __future__ import annotations

import os
import time
from typing import Any

from command_support import wait_until

from taipy_exec.cli.outbox import Outbox
from taipy_exec.cli.streams import Streams


class Pipe:
    """A stream into a pipe, which takes 64 KiB until it is read."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        self.fileno = lambda: self._writer

    def write(self, text: str) -> None:
        left = text.encode()
        while left:
            left = left[os.write(self._writer, left) :]

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def read(self, size: int) -> str:
        found = b""
        while len(found) < size:
            found += os.read(self.reader, size - len(found))
        return found.decode()

    def close(self) -> None:
        os.close(self.reader)
        os.close(self._writer)


def test_texts_are_written_in_order() -> None:
    pipe = Pipe()
    box = Outbox(pipe)
    texts = [f"line {n}\n" for n in range(1000)]
    for text in texts:
        assert box.write(text) == len(text)
    box.close(20)
    assert box.is_empty
    assert not box.is_stuck
    assert (box.fileno(), box.isatty(), box.encoding) == (pipe.fileno(), False, "utf-8")
    assert pipe.read(len("".join(texts))) == "".join(texts)
    pipe.close()


def test_a_stream_that_is_not_read_holds_up_no_writer() -> None:
    pipe = Pipe()
    box = Outbox(pipe)
    large = "x" * 100_000
    box.write(large)
    box.write("last")
    wait_until(lambda: box.is_stuck, 20)
    assert not box.is_empty
    began = time.monotonic()
    box.close(0.05)
    assert time.monotonic() - began < 5
    assert pipe.read(len(large) + 4) == f"{large}last"
    wait_until(lambda: box.is_empty, 20)
    assert not box.is_stuck
    pipe.close()


def test_during_the_block_messages_go_through_it_and_afterwards_not(capfd: Any) -> None:
    streams = Streams()
    with streams.unwaiting() as box:
        streams.note("one")
        assert not streams.err_is_full
    assert box.is_empty
    streams.note("two")
    assert capfd.readouterr().err == "one\ntwo\n"
