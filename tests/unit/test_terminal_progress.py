"""A program that waits for a submission says so on a terminal, at long intervals."""

from __future__ import annotations

import io
import sys

import pytest

from taipy_exec.api.cell_progress import Progress
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.model.status import Status


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def record() -> SubmissionRecord:
    counts = {Status.COMPLETED: 3, Status.RUNNING: 1}
    return SubmissionRecord(
        id="SUBMISSION_0123456789", scenario="s", instance="i", name="s", counts=counts
    )


def shown(record: SubmissionRecord, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a minute of waiting prints, at three looks in each second."""
    now = [100.0]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("taipy_exec.api.terminal_progress.time.monotonic", lambda: now[0])
    progress = Progress(record)
    for _ in range(190):
        progress.show()
        now[0] += 1 / 3
    progress.show(last=True)
    return stream.getvalue()


def test_a_line_every_30_seconds(record: SubmissionRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAIPY_EXEC_QUIET", raising=False)
    lines = shown(record, Terminal(), monkeypatch).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("SUBMISSION_01234567: s: 3 of 4 (3 completed, 1 running), waiting")


def test_nothing_without_a_terminal_or_if_quiet_is_set(
    record: SubmissionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAIPY_EXEC_QUIET", raising=False)
    assert shown(record, io.StringIO(), monkeypatch) == ""
    monkeypatch.setenv("TAIPY_EXEC_QUIET", "1")
    assert shown(record, Terminal(), monkeypatch) == ""


def test_a_terminal_that_is_gone_does_not_end_the_wait(
    record: SubmissionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal()
    monkeypatch.delenv("TAIPY_EXEC_QUIET", raising=False)
    monkeypatch.setattr(stream, "write", lambda text: _gone())
    assert shown(record, stream, monkeypatch) == ""


def _gone() -> int:
    raise OSError(5, "Input/output error")
