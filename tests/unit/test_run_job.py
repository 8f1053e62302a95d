"""`run_job`: whatever a function or a storage type gives back, the attempt ends in a report."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from taipy_exec.config.application import AppConfig, DataNodeConfig, TaskConfig
from taipy_exec.config.reference import FunctionRef
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.execution.limits import JobStopped
from taipy_exec.execution.run_job import JobRunner
from taipy_exec.model.job import Failure
from taipy_exec.protocol.order import JobOrder, JobReport

OWNER = Owner(instance="SCENARIO_s_1")


class Odd:
    """Says that it has `length` values, and gives those of `values`."""

    def __init__(self, length: Any, values: Any) -> None:
        self.length, self.values = length, values

    def __len__(self) -> int:
        return self.length()  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())


class Untold(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def stop(error: BaseException) -> Any:
    raise error


def broken_after_one() -> Iterator[int]:
    yield 1
    raise LookupError("lost the second")


class Application:
    """One task with two outputs, whose function gives what a test wants."""

    def __init__(self, folder: Path, outputs: int = 2) -> None:
        self.nodes = [DataNodeConfig(id=f"n{n}") for n in range(outputs)]
        self._folder = folder

    def run(
        self,
        function: Callable[[], Any],
        nodes: list[DataNodeConfig] | None = None,
        may_write: Callable[[], bool] | None = None,
    ) -> Any:
        self.nodes = nodes or self.nodes
        task = TaskConfig(
            id="t", function_ref=FunctionRef("m.f", function), outputs=tuple(self.nodes)
        )
        self.app = AppConfig(root=self._folder, state_dir=self._folder / "state", tasks={"t": task})
        order = JobOrder(job="j", task="t", attempt=1, submission="s", instance=OWNER.instance)
        return JobRunner(self.app, may_write).run(order)

    def values(self) -> list[Any]:
        return [locate(self.app, node, OWNER).read() for node in self.nodes]

    def written(self) -> list[str]:
        return [p.name for p in self._folder.rglob("*") if p.is_file()]


@pytest.fixture
def app(tmp_path: Path) -> Application:
    return Application(tmp_path)


def failure(report: JobReport) -> Failure:
    assert report.failure is not None
    return report.failure


SPLITS: dict[str, tuple[Any, list[Any]]] = {
    "tuple": ((1, 2), [1, 2]),
    "list": ([1, 2], [1, 2]),
    "text": ("ab", ["a", "b"]),
    "dict": ({"a": 1, "b": 2}, ["a", "b"]),
    "array": (numpy.array([1, 2]), [1, 2]),
    "table of as many rows as columns": (pandas.DataFrame({"a": [1, 2], "b": [3, 4]}), ["a", "b"]),
    "of one's own": (Odd(lambda: 2, lambda: (5, 6)), [5, 6]),
}


@pytest.mark.parametrize("name", SPLITS)
def test_results_are_taken_in_the_order_in_which_they_come(app: Application, name: str) -> None:
    results, values = SPLITS[name]
    assert app.run(lambda: results).failure is None
    assert app.values() == values


WRONG: dict[str, tuple[Any, str | None, str]] = {
    "too few": ((1,), None, "it returned 1"),
    "too many": ((1, 2, 3), None, "it returned 3"),
    "none": (None, "TypeError", "it returned one NoneType"),
    "a number": (3, "TypeError", "it returned one int"),
    "a generator": ((n for n in (1, 2)), "TypeError", "it returned one generator"),
    "a table of 2 rows and 3 columns": (
        pandas.DataFrame({"a": [1, 2], "b": [1, 2], "c": [1, 2]}),
        None,
        "a DataFrame of length 2, but reading it gives 3",
    ),
    "a table of 2 rows and 1 column": (
        pandas.DataFrame({"a": [1, 2]}),
        None,
        "a DataFrame of length 2, but reading it gives 1",
    ),
    "without an end": (Odd(lambda: 2, itertools.count), None, "an Odd of length 2"),
    "a length that raises": (
        Odd(lambda: stop(ValueError("no length")), list),
        "ValueError",
        "no length",
    ),
    "a length that is none": (Odd(lambda: "two", list), "TypeError", "str"),
    "a length below zero": (Odd(lambda: -1, list), "ValueError", "len"),
    "a length that exits": (Odd(lambda: stop(SystemExit(3)), list), "SystemExit", "3"),
    "an array without a dimension": (numpy.array(5), "TypeError", "unsized"),
    "values that raise": (Odd(lambda: 2, lambda: stop(OSError("gone"))), "OSError", "gone"),
    "a second value that raises": (Odd(lambda: 2, broken_after_one), "LookupError", "the second"),
    "an error without text": (Odd(lambda: stop(Untold()), list), "Untold", "is not available"),
}


@pytest.mark.parametrize("name", WRONG)
def test_results_that_cannot_be_split_fail_the_job_and_nothing_is_written(
    app: Application, name: str
) -> None:
    results, kind, words = WRONG[name]
    found = failure(app.run(lambda: results))
    assert (found.kind, found.type) == ("wrong_result_count", kind)
    assert "task 't' has 2 outputs and must return as many results" in found.message
    assert words in found.message
    assert app.written() == []


def test_the_traceback_of_results_that_raise_starts_at_the_users_code(app: Application) -> None:
    found = failure(app.run(lambda: Odd(lambda: 2, broken_after_one)))
    assert found.traceback is not None
    first = found.traceback.splitlines()[1]
    assert "test_run_job.py" in first
    assert found.traceback.endswith("LookupError: lost the second\n")


def test_one_output_takes_its_result_whole(tmp_path: Path) -> None:
    app = Application(tmp_path, outputs=1)
    assert app.run(lambda: (1, 2, 3)).failure is None
    assert app.values() == [(1, 2, 3)]


def stopping(error: BaseException) -> tuple[Callable[[], object], ...]:
    return (
        lambda: stop(error),
        lambda: Odd(lambda: stop(error), list),
        lambda: Odd(lambda: 2, lambda: stop(error)),
    )


def test_a_stop_goes_through_wherever_it_comes(app: Application) -> None:
    for function in stopping(JobStopped()):
        with pytest.raises(JobStopped):
            app.run(function)
    assert app.written() == []


def test_a_keyboard_interrupt_is_a_failure_wherever_it_comes(app: Application) -> None:
    for function in stopping(KeyboardInterrupt()):
        assert failure(app.run(function)).type == "KeyboardInterrupt"
    assert app.written() == []


class Plugin:
    """A storage type of somebody else, which raises where it is told to."""

    extension = None

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def write(self, node: DataNodeRef, value: Any) -> None:
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("the plug-in is broken"), SystemExit("it left")])
def test_what_a_plugged_in_storage_type_raises_on_its_way_in_is_a_failure(
    app: Application, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setattr("taipy_exec.data.node.storage_type", lambda name: stop(error))
    found = failure(app.run(lambda: (1, 2)))
    assert (found.kind, found.type) == ("raised", type(error).__name__)
    assert found.message == str(error)
    assert "stop" in (found.traceback or "")


def test_an_exit_of_a_storage_type_while_it_writes_is_a_failure(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = Plugin(SystemExit(4))
    monkeypatch.setattr("taipy_exec.data.node.storage_type", lambda name: plugin)
    found = failure(app.run(lambda: (1, 2)))
    assert (found.kind, found.type) == ("raised", "SystemExit")


def test_an_unknown_storage_type_is_a_failure(app: Application) -> None:
    found = failure(app.run(lambda: 1, [DataNodeConfig(id="n", storage_type="nowhere")]))
    assert found.kind == "raised"
    assert "unknown storage type 'nowhere'" in found.message


def test_a_run_that_does_not_count_any_more_writes_nothing(app: Application) -> None:
    app.run(lambda: (1, 2))
    report = app.run(lambda: (3, 4), may_write=lambda: False)
    assert failure(report).kind == "outdated"
    assert app.values() == [1, 2]


@pytest.mark.parametrize(
    ("allowed", "values"), [(1, [1, 2]), (2, [3, 2]), (3, [3, 2]), (4, [3, 4])]
)
def test_a_run_is_stopped_between_two_outputs_and_right_before_each_takes_its_place(
    app: Application, allowed: int, values: list[int]
) -> None:
    app.run(lambda: (1, 2))
    answers = itertools.chain([True] * allowed, itertools.repeat(False))
    report = app.run(lambda: (3, 4), may_write=lambda: next(answers))
    assert (report.failure is None) == (allowed == 4)
    assert app.values() == values
    assert len(app.written()) == 2


def test_what_nobody_foresaw_is_tried_again_only_where_the_task_wants_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise LookupError("a plug-in's own")

    monkeypatch.setattr("taipy_exec.execution.run_job.locate", broken)
    app = Application(tmp_path)
    app.run(int)
    order = JobOrder(job="j", task="t", attempt=1, submission="s", instance=OWNER.instance)
    for names, final in (["OSError"], True), (["KeyError", "LookupError"], False), ([], False):
        task = replace(app.app.tasks["t"], properties={"retry_on": names, "retries": 1})
        report = JobRunner(replace(app.app, tasks={"t": task})).run(order)
        assert report.failure is not None and report.failure.type == "LookupError"
        assert report.final is final
