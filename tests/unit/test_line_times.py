"""When the lines of a log were printed, as stored beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from taipy_exec.execution.capture import JobLog
from taipy_exec.execution.line_times import LineTimes, TimedFile, times_path
from taipy_exec.views.log_lines import WantedLines, timed_lines


def written(path: Path, *pieces: tuple[float, bytes]) -> None:
    file = TimedFile(path)
    for at, data in pieces:
        file.write(data, at)
    file.close()


def test_each_line_has_the_time_at_which_it_began(tmp_path: Path) -> None:
    log = tmp_path / "S" / "job.log"
    written(log, (10.0, b"one\ntw"), (20.0, b"o\nthree\n"), (30.0, b"four"))
    assert timed_lines(log) == [(10.0, "one"), (10.0, "two"), (20.0, "three"), (30.0, "four")]


def test_what_is_printed_within_a_moment_has_one_time(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    written(log, *[(10.0 + n / 1000, b"line\n") for n in range(1000)])
    assert times_path(log).stat().st_size <= 16 * 11
    times = [at for at, _ in timed_lines(log)]
    assert all(0 <= 10.0 + n / 1000 - (at or 0) < 0.1 for n, at in enumerate(times))


def test_a_second_attempt_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    written(log, (10.0, b"first\n"))
    written(log, (20.0, b"second\n"))
    assert timed_lines(log) == [(10.0, "first"), (20.0, "second")]


def test_only_lines_since_a_time_are_given(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    written(log, (10.0, b"old\n"), (20.0, b"new\n"))
    assert WantedLines(since=15.0).recent(timed_lines(log)) == [(20.0, "new")]


def test_a_log_without_times_has_lines_without_times(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    log.write_bytes(b"one\n")
    assert WantedLines(since=15.0).recent(timed_lines(log)) == [(None, "one")]
    assert timed_lines(tmp_path / "nothing.log") == []


def test_times_that_cannot_be_written_cost_no_line(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    times_path(log).mkdir()
    written(log, (10.0, b"one\n"))
    assert log.read_bytes() == b"one\n"
    assert timed_lines(log) == [(None, "one")]


def test_times_that_were_cut_off_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    written(log, (10.0, b"one\n"), (20.0, b"two\n"))
    with times_path(log).open("r+b") as file:
        file.truncate(20)
    times = LineTimes(log)
    times.refresh()
    assert (times.at(0), times.at(4)) == (10.0, 10.0)


def test_the_end_of_a_log_that_was_too_long_keeps_its_times(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    job = JobLog(lambda: TimedFile(log), 20)
    for number in range(10):
        job.write(b"line %d\n" % number)
    job.close()
    lines = timed_lines(log)
    assert [text for _, text in lines][-1] == "line 9"
    assert any("bytes left out" in text for _, text in lines)
    assert all(at is not None for at, _ in lines)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_an_open_log_holds_one_descriptor(tmp_path: Path) -> None:
    before = descriptors()
    files = [TimedFile(tmp_path / f"{number}.log") for number in range(5)]
    for file in files:
        file.write(b"line\n")
    assert descriptors() == before + 5
    for file in files:
        file.close()
    assert times_path(tmp_path / "4.log").stat().st_size == 16


def test_the_end_of_bytes_that_were_printed_singly_is_written_at_once(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    pieces = []

    class Noting(TimedFile):
        def write_all(self, some: Any) -> None:
            some = list(some)
            pieces.append(len(some))
            super().write_all(some)

    job = JobLog(lambda: Noting(log), 200_000)
    for number in range(400_000):
        job.write(b"%d" % (number % 10))
    assert len(pieces) == 100_000
    job.close()
    assert len(pieces) == 100_001
    assert pieces[-1] < 100
    assert log.read_bytes() == (
        b"0123456789" * 10_000 + b"\n[... 200000 bytes left out ...]\n" + b"0123456789" * 10_000
    )


def test_a_log_of_many_bytes_within_a_moment_keeps_no_more_than_its_end(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    job = JobLog(lambda: TimedFile(log), 2)
    for _ in range(1000):
        job.write(bytes(65_000))
    assert job._kept_size <= 2 * 65_536
    job.close()
    assert log.read_bytes() == b"\0\n[... 64999998 bytes left out ...]\n\0"
