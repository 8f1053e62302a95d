"""What jobs print, where their process shows it besides their logs."""

from __future__ import annotations

import os

from taipy_exec.execution.capture import ShownAtOnce


def test_what_is_shown_waits_for_no_reader() -> None:
    reader, writer = os.pipe()
    spare = os.dup(1)
    try:
        os.dup2(writer, 1)
        show = ShownAtOnce()
        show(b"x" * 1_000_000)
        show(b"more")
    finally:
        os.dup2(spare, 1)
        for descriptor in (spare, writer):
            os.close(descriptor)
    with os.fdopen(reader, "rb") as file:
        assert 4096 <= len(file.read()) < 1_000_000
