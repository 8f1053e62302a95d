"""How far a job is: what it says, what is written of it, and how it is read again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import taipy_exec
from taipy_exec.cli.job_progress import JobProgress
from taipy_exec.execution.limits import JobTimeout
from taipy_exec.execution.progress import ProgressLine, progress_in, progress_line, told_by
from taipy_exec.model.job import JobRecord
from taipy_exec.store.logs import log_path
from taipy_exec.visible_text import readable


def test_outside_of_a_job_nothing_happens() -> None:
    assert ProgressLine.current is None
    taipy_exec.progress(0.4, "epoch 4")


def test_what_a_job_says_is_written_and_read_again() -> None:
    written: list[bytes] = []
    with told_by(written.append):
        taipy_exec.progress(0.4, "epoch 4\nof 10")
    assert written == [b"\r 40% epoch 4 of 10\r"]
    assert progress_in(written[0].decode()) == "40% epoch 4 of 10"
    assert ProgressLine.current is None


def test_many_calls_write_little_but_the_end_is_always_told() -> None:
    written: list[bytes] = []
    with told_by(written.append):
        for n in range(10_000):
            taipy_exec.progress(n / 10_000)
        taipy_exec.progress(1.0, "done")
    assert len(written) < 1_000
    assert written[-1] == b"\r100% done\r"


@pytest.mark.parametrize("fractions", [(50,), (1.0,), (0.9, 1.0), (50, 51), (float("nan"),)])
def test_a_job_that_tells_its_end_all_the_time_writes_little(fractions: tuple[float, ...]) -> None:
    written: list[bytes] = []
    with told_by(written.append):
        for _ in range(20_000):
            for fraction in fractions:
                taipy_exec.progress(fraction)
    assert len(written) < 100
    written.clear()
    with told_by(written.append):
        for n in range(20_000):
            for fraction in fractions:
                taipy_exec.progress(fraction, f"row {n}")
    assert len(written) < 200


def test_each_text_of_the_end_is_told() -> None:
    written: list[bytes] = []
    with told_by(written.append):
        for text in ("saving", "saving", "done"):
            taipy_exec.progress(1.0, text)
    assert written == [b"\r100% saving\r", b"\r100% done\r"]


CLOSED = """
import sys
from taipy_exec.execution.limits import JobTimeout
from taipy_exec.execution.progress import progress, to_stderr, told_by
with told_by(to_stderr):
    sys.__stderr__.close()
    progress(0.3, "on")
"""


def test_a_job_that_has_closed_its_stream_still_tells() -> None:
    done = subprocess.run([sys.executable, "-c", CLOSED], capture_output=True, check=True)
    assert done.stderr == b"\r 30% on\r"


def failing(error: Exception) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        raise error

    return write


def test_a_job_does_not_fail_because_of_what_it_tells() -> None:
    for error in (OSError(), ValueError("closed"), TimeoutError(), RuntimeError()):
        with told_by(failing(error)):
            taipy_exec.progress(0.3)
    written: list[bytes] = []
    with told_by(written.append):
        for wrong in (None, "half", [1, 2]):
            taipy_exec.progress(wrong)  # type: ignore[arg-type]
    assert written == []
    with told_by(failing(JobTimeout("too long"))), pytest.raises(JobTimeout):
        taipy_exec.progress(0.3)


@pytest.mark.parametrize(
    ("fraction", "shown"), [(-1.0, "0%"), (7.0, "100%"), (float("nan"), "0%"), (0.256, "26%")]
)
def test_any_number_is_a_part_of_the_whole(fraction: float, shown: str) -> None:
    assert progress_in(progress_line(fraction, "")) == shown


@pytest.mark.parametrize(
    ("tail", "shown"),
    [
        ("", ""),
        ("a line\nanother\n", ""),
        ("a line\n\r 45%|###  | 45/100 [00:10<00:12]", "45%|###  | 45/100 [00:10<00:12]"),
        ("\r 1%|  | 1/100\r 2%|  | 2/100", "2%|  | 2/100"),
        ("\r 40% epoch 4\ra line that was printed then\n", "40% epoch 4"),
        ("\r 40% epoch 4\rloss 0.1\n\r 50% epoch 5\r", "50% epoch 5"),
        ("line\r\nline\r\n", ""),
    ],
)
def test_the_end_of_a_log_tells_how_far_its_job_is(tail: str, shown: str) -> None:
    assert progress_in(tail) == shown


def test_a_log_read_later_has_the_last_progress_at_most() -> None:
    log = f"{progress_line(0.1, 'a')}{progress_line(0.2, 'b')}a line\n{progress_line(1, 'end')}"
    assert readable(log) == "a line\n100% end"


def test_it_is_read_from_the_log_of_a_running_job_without_what_steers_a_terminal(
    tmp_path: Path,
) -> None:
    job = JobRecord(id="JOB_t_1", task="t", submission="SUBMISSION_1", position=0)
    path = log_path(tmp_path, job.submission, job.id)
    progress_of = JobProgress(tmp_path, lambda text: text.replace("hunter2", "***"))
    assert progress_of(job) == ""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x\n" * 100_000 + b"\r 40% \x1b[31mhunter2\x1b[0m\x07\r")
    assert JobProgress(tmp_path, lambda text: text.replace("hunter2", "***"))(job) == (
        "40% ***\\x07"
    )
