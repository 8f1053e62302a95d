"""Parts of commands that can be looked at without running one."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from taipy_exec.cli import outcome
from taipy_exec.cli.events import EventStream
from taipy_exec.cli.job_output import JobOutput, follow_jobs, job_outputs
from taipy_exec.config.application import AppConfig, ScenarioConfig
from taipy_exec.config.problem import Level
from taipy_exec.engine.forecast import forecast
from taipy_exec.errors import NotFoundError
from taipy_exec.model.event import Change
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.observers.watching import Step
from taipy_exec.operations.check import check_state
from taipy_exec.store.logs import log_path
from taipy_exec.store.store import Store
from taipy_exec.views.log_lines import WantedLines


class Printed:
    """Streams that remember what was printed."""

    def __init__(self, broken: OSError | None = None) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.broken = broken
        self.data_is_gone = False
        self.data_has_color = False

    def data(self, text: str) -> None:
        if self.broken:
            raise self.broken
        self.lines += text.split("\n")

    def printed(self, data: bytes, *, raw: bool) -> None:
        self.data(data.decode("utf-8", "replace"))

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def job(status: Status = Status.RUNNING, reason: str | None = None, **given: Any) -> JobRecord:
    return JobRecord(
        id="JOB_t", task="t", submission="SUBMISSION_1", position=0, status=status, reason=reason,
        **given,
    )  # fmt: skip


# -- the exit code of a submission that has ended -------------------------------------------


CODES: dict[str, tuple[list[tuple[Status, str | None]], int]] = {
    "nothing": ([], 0),
    "completed": ([(Status.COMPLETED, None), (Status.SKIPPED, Reason.UP_TO_DATE)], 0),
    "failed": ([(Status.FAILED, Reason.RAISED), (Status.ABANDONED, Reason.UPSTREAM_FAILED)], 1),
    "failed and canceled": ([(Status.CANCELED, Reason.FAIL_FAST), (Status.FAILED, None)], 1),
    "abandoned": ([(Status.ABANDONED, Reason.UPSTREAM_FAILED)], 1),
    "blocked": ([(Status.BLOCKED, Reason.INPUT_NOT_WRITTEN)], 3),
    "canceled": ([(Status.CANCELED, Reason.CANCELED), (Status.ABANDONED, None)], 4),
    "superseded": ([(Status.CANCELED, Reason.SUPERSEDED)], 4),
    "timed out": ([(Status.CANCELED, Reason.TIMED_OUT), (Status.COMPLETED, None)], 5),
    "failed and timed out": ([(Status.FAILED, None), (Status.CANCELED, Reason.TIMED_OUT)], 5),
    "interrupted": ([(Status.CANCELED, Reason.INTERRUPTED), (Status.COMPLETED, None)], 130),
    "failed and interrupted": ([(Status.FAILED, None), (Status.CANCELED, "interrupted")], 130),
    "interrupted, then timed out": (
        [(Status.CANCELED, Reason.INTERRUPTED), (Status.CANCELED, Reason.TIMED_OUT)],
        5,
    ),
    "a failure that is called timed out": ([(Status.FAILED, Reason.TIMED_OUT)], 1),
}


@pytest.mark.parametrize("name", CODES)
def test_the_exit_code_follows_from_the_jobs_and_why_they_ended(name: str) -> None:
    ends, code = CODES[name]
    counts: dict[Status, int] = {}
    for status, _ in ends:
        counts[status] = counts.get(status, 0) + 1
    record = SubmissionRecord(id="S", scenario="s", instance="i", name="s", counts=counts)
    assert outcome.exit_code(record, [job(status, reason) for status, reason in ends]) == code


# -- logs -----------------------------------------------------------------------------------


class Log:
    """The log of one job and its reader."""

    def __init__(self, folder: Path, tail: int | None) -> None:
        self.printed = Printed()
        self.path = log_path(folder, "SUBMISSION_1", "JOB_t")
        self.reader = JobOutput(self.printed, folder, job(), "", WantedLines(tail=tail))  # type: ignore[arg-type]

    def add(self, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(text)

    def shown(self, now: JobRecord | None = None) -> list[str]:
        self.printed.lines.clear()
        self.reader.advance(now or job())
        return list(self.printed.lines)


@pytest.mark.parametrize(
    ("tail", "first"), [(None, ["1", "2", "3"]), (5, ["1", "2", "3"]), (2, ["2", "3"]), (0, [])]
)
def test_tail_is_about_what_is_there_at_first_and_what_follows_is_shown_whole(
    tmp_path: Path, tail: int | None, first: list[str]
) -> None:
    log = Log(tmp_path, tail)
    log.add("1\n2\n3\n")
    assert log.shown() == first
    assert log.shown() == []
    log.add("4\n5\n6\n7\n8\n9\n")
    assert log.shown() == ["4", "5", "6", "7", "8", "9"]


def test_a_job_that_had_printed_nothing_yet_is_followed_from_its_first_line(tmp_path: Path) -> None:
    log = Log(tmp_path, 1)
    assert log.shown() == []
    log.add("1\n2\n3")
    assert log.shown() == ["1", "2"]
    assert log.shown(job(Status.COMPLETED)) == ["3"]


def test_a_failure_that_comes_while_a_log_is_followed_is_shown(tmp_path: Path) -> None:
    failed = job(Status.FAILED, failure=Failure(kind=Reason.RAISED, message="no such luck"))
    log = Log(tmp_path, 0)
    log.add("old\n")
    assert log.shown() == []
    log.add("new\n")
    assert log.shown(failed) == ["new", "raised: no such luck"]
    assert log.shown(failed) == []


def test_nothing_of_a_job_that_had_failed_before_is_new(tmp_path: Path) -> None:
    failed = job(Status.FAILED, failure=Failure(kind=Reason.RAISED, message="no such luck"))
    log = Log(tmp_path, 0)
    log.add("old\n")
    assert log.shown(failed) == []
    other = Log(tmp_path, 1)
    assert other.shown(failed) == ["old", "raised: no such luck"]


class Watched:
    """A store of one submission, in which a step is taken at each look."""

    def __init__(self, *steps: Callable[[Watched], None]) -> None:
        self.steps = list(steps)
        self.looks = 0
        self.found = [job(Status.RUNNING)]
        self.record = SubmissionRecord(id="SUBMISSION_1", scenario="s", instance="i", name="s")

    def data_version(self) -> int:
        self.looks += 1
        if self.steps:
            self.steps.pop(0)(self)
        return self.looks

    def submission(self, id: str) -> SubmissionRecord:
        return self.record

    def jobs(self, submission: str) -> list[JobRecord]:
        return list(self.found)


def followed(
    folder: Path, store: Watched, jobs: list[JobRecord], tail: int | None, left: bool = False
) -> list[str]:
    printed = Printed()
    outputs = job_outputs(printed, folder, jobs, WantedLines(tail=tail))  # type: ignore[arg-type]
    follow_jobs(store, jobs, outputs, printed, lambda record: left)  # type: ignore[arg-type]
    return printed.lines


def test_tail_does_not_shorten_what_a_job_prints_that_starts_later(tmp_path: Path) -> None:
    later = replace(job(Status.BLOCKED), id="JOB_u", task="u")
    log = log_path(tmp_path, "SUBMISSION_1", "JOB_u")
    log.parent.mkdir(parents=True)

    def starts(store: Watched) -> None:
        store.found = [job(Status.COMPLETED), replace(later, status=Status.RUNNING)]
        log.write_text("1\n2\n3\n")

    def ends(store: Watched) -> None:
        store.found[1] = replace(later, status=Status.COMPLETED)

    store = Watched(lambda store: store.found.append(later), starts, ends)
    assert followed(tmp_path, store, [job(), later], 1) == ["u | 1", "u | 2", "u | 3"]


def test_what_a_job_printed_and_came_late_is_printed_at_the_end(tmp_path: Path) -> None:
    log = log_path(tmp_path, "SUBMISSION_1", "JOB_t")
    log.parent.mkdir(parents=True)
    waits = replace(job(Status.PENDING), id="JOB_u", task="u")

    def ends(store: Watched) -> None:
        log.write_text("early\n")
        store.found = [job(Status.COMPLETED), waits]

    def all_ends(store: Watched) -> None:
        log.write_text("early\nlate")
        store.record.finished_at = 1.0

    store = Watched(lambda store: store.found.append(waits), ends, lambda store: None, all_ends)
    assert followed(tmp_path, store, [job(), waits], None) == ["t | early", "t | late"]


def test_following_goes_on_while_a_coordinator_may_come_and_ends_where_none_helps(
    tmp_path: Path,
) -> None:
    blocked = job(Status.BLOCKED)

    def comes_back(store: Watched) -> None:
        store.found = [job(Status.COMPLETED)]

    # Detached: nobody works on it yet, and nothing says that data is missing.
    store = Watched(
        lambda store: setattr(store, "found", [blocked]), lambda store: None, comes_back
    )
    assert followed(tmp_path, store, [blocked], None, left=True) == []
    assert store.looks == 3
    stuck = job(Status.BLOCKED, Reason.INPUT_NOT_WRITTEN)
    store = Watched(lambda store: setattr(store, "found", [stuck]))
    assert followed(tmp_path, store, [stuck], None, left=True) == []
    assert store.looks == 1


def test_following_ends_where_nobody_reads(tmp_path: Path) -> None:
    printed = Printed()
    printed.data_is_gone = True
    follow_jobs(Watched(), [job()], {}, printed, lambda record: False)  # type: ignore[arg-type]


def test_with_a_prefix_a_line_that_was_written_over_is_printed_in_its_last_form(
    tmp_path: Path,
) -> None:
    printed = Printed()
    log = log_path(tmp_path, "SUBMISSION_1", "JOB_t")
    log.parent.mkdir(parents=True)
    log.write_bytes(b"10%\r50%\r100%\nnext\r\n\xff\n\n")
    JobOutput(printed, tmp_path, job(), "t | ", WantedLines()).advance(job())  # type: ignore[arg-type]
    assert printed.lines == ["t | 100%", "t | next", "t | \ufffd", "t | "]


# -- events ---------------------------------------------------------------------------------


class Full(io.StringIO):
    """A file on a disk that is full: also closing it fails."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")

    def close(self) -> None:
        super().close()
        raise OSError(28, "No space left on device")


class FullAtTheEnd(Full):
    def write(self, text: str) -> int:
        return len(text)


def events(streams: Printed, file: io.StringIO | None) -> None:
    """The events of a submission of one job, from beginning to end."""
    record = SubmissionRecord(id="SUBMISSION_1", scenario="s", instance="i", name="s")
    stream = EventStream(streams, file)  # type: ignore[arg-type]
    stream.begun(SimpleNamespace(record=record, jobs=[job()]))  # type: ignore[arg-type]
    for _ in range(3):
        change = Change(job="JOB_t", before=Status.PENDING, after=Status.RUNNING, at=1.0, attempt=1)
        stream.changed([Step(change, job(), record)])
    stream.ended(record)
    stream.close()


def test_events_are_written_from_the_beginning_to_the_end() -> None:
    streams = Printed()
    events(streams, None)
    assert [line.split('"event": ')[1].split(",")[0] for line in streams.lines] == [
        '"submission"', '"job"', '"job"', '"job"', '"end"',
    ]  # fmt: skip
    assert streams.warnings == []


@pytest.mark.parametrize("file", [Full, FullAtTheEnd])
def test_a_full_disk_ends_the_events_with_one_warning_and_not_the_run(
    file: type[io.StringIO],
) -> None:
    streams = Printed()
    made = file()
    events(streams, made)
    (warning,) = streams.warnings
    assert "--events" in warning
    assert "No space left on device" in warning
    assert made.closed


def test_a_stdout_that_cannot_be_written_ends_the_events_with_one_warning() -> None:
    streams = Printed(OSError("odd"))
    events(streams, None)
    (warning,) = streams.warnings
    assert "odd" in warning


# -- check ----------------------------------------------------------------------------------


def test_a_state_folder_on_another_machine_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr("taipy_exec.store.location._MOUNTS", mounts)
    mounts.write_text("27 1 254:0 / / rw - nfs4 server:/ rw\n")
    (problem,) = check_state(tmp_path / "state")
    assert problem.level is Level.WARNING
    for words in (str(tmp_path / "state"), "local disk", "nfs4", "--state-dir"):
        assert words in problem.message
    mounts.write_text("27 1 254:0 / / rw - ext4 /dev/vda rw\n")
    assert check_state(tmp_path / "state") == []
    mounts.unlink()
    assert check_state(tmp_path / "state") == []


# -- plan -----------------------------------------------------------------------------------


def test_a_forecast_closes_the_store_also_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(tmp_path).close()
    closed = []
    close = Store.close

    def closing(self: Store) -> None:
        closed.append(self.folder)
        close(self)

    monkeypatch.setattr(Store, "close", closing)
    scenario = ScenarioConfig(id="s")
    app = AppConfig(root=tmp_path, state_dir=tmp_path, scenarios={"s": scenario})
    assert forecast(app, scenario, "scenario", "s").jobs == ()
    assert closed == [tmp_path]

    def broken(self: Store, *which: object) -> None:
        raise NotFoundError("odd")

    monkeypatch.setattr(Store, "find_instance", broken)
    with pytest.raises(NotFoundError):
        forecast(app, scenario, "scenario", "s")
    assert closed == [tmp_path, tmp_path]


# -- what a job failed with, in one line ----------------------------------------------------


@pytest.mark.parametrize(
    ("type", "message", "text"),
    [
        ("ValueError", "no rows", "ValueError: no rows"),
        ("ValueError", "\n no rows \nat all", "ValueError: no rows"),
        ("AssertionError", "AssertionError", "AssertionError"),
        ("MemoryError", "MemoryError (its limit is 1 MiB)", "MemoryError (its limit is 1 MiB)"),
        ("KeyError", "", "KeyError"),
        (None, "its process ended with exit code 1", "its process ended with exit code 1"),
        (None, "", "raised"),
    ],
)
def test_an_exception_without_a_message_is_named_once(
    type: str | None, message: str, text: str
) -> None:
    assert Failure(kind="raised", type=type, message=message).summary == text
