"""The job of an element takes the element that the split has counted, in as few reads as it can."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.config.application import AppConfig, DataNodeConfig, TaskConfig
from taipy_exec.config.mapped import elements_node
from taipy_exec.config.reference import FunctionRef
from taipy_exec.data.json_file import JsonFile
from taipy_exec.data.node import Owner, locate, located
from taipy_exec.execution import elements
from taipy_exec.execution.order import JobOrder, JobReport
from taipy_exec.execution.run_job import JobRunner

OWNER = Owner(instance="SCENARIO_s_1")


class Mapped:
    """The task `fit` over `items`, whose function notes its arguments; it has one process."""

    def __init__(self, folder: Path, storage: str = "json") -> None:
        items = DataNodeConfig(id="items", storage_type=storage)
        other = DataNodeConfig(id="other", storage_type="json")
        self.task = TaskConfig(
            id="fit",
            function_ref=FunctionRef("m.f", self.call),
            inputs=(items, other),
            outputs=(DataNodeConfig(id="fits"),),
            properties={"map": "items"},
        )
        self.app = AppConfig(root=folder, state_dir=folder / "s", tasks={"fit": self.task})
        self.list = locate(self.app, items, OWNER)
        locate(self.app, other, OWNER).write(10)
        self.process = JobRunner(self.app)
        self.change: Callable[[Any], None] = lambda item: None
        self.got: list[Any] = []

    def call(self, item: Any, other: int) -> int:
        self.got.append((repr(item), other))
        self.change(item)
        return len(self.got)

    def split(self, *values: Any) -> list[str]:
        """Write the list, run the split, and give the digests that it has stored."""
        self.list.write(list(values))
        assert self.run("split").failure is None
        return list(located(self.app, elements_node(self.task), OWNER).read()["digests"])

    def run(self, part: object, digest: str = "") -> JobReport:
        order = JobOrder(
            job="j",
            task=f"fit.{part}",
            attempt=1,
            submission="s",
            instance=OWNER.instance,
            element=digest,
        )
        return self.process.run(order)


@pytest.fixture
def place(tmp_path: Path) -> Mapped:
    return Mapped(tmp_path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The data nodes that were read as JSON, in order."""
    found: list[str] = []
    read = JsonFile.read

    def noted(self: JsonFile, node: Any) -> Any:
        found.append(node.config.id)
        return read(self, node)

    monkeypatch.setattr(JsonFile, "read", noted)
    return found


def test_an_element_takes_the_place_of_the_list(place: Mapped) -> None:
    digests = place.split("north", "south")
    assert place.run(1, digests[1]).failure is None
    assert place.run(0).failure is None
    assert place.got == [("'south'", 10), ("'north'", 10)]


@pytest.mark.parametrize("jobs_before", [0, 1, 2])
@pytest.mark.parametrize(
    ("now", "message"),
    [
        (["south", "north"], "element 1 is another one: the list changed since the split"),
        (["north"], "element 1 is gone: the list changed since the split"),
    ],
)
def test_an_element_that_is_not_the_counted_one_fails_its_job(
    place: Mapped, jobs_before: int, now: list[str], message: str
) -> None:
    digests = place.split("north", "south")
    for _ in range(jobs_before):
        assert place.run(0, digests[0]).failure is None
    place.list.write(now)
    failure = place.run(1, digests[1]).failure
    assert failure is not None
    assert (failure.kind, failure.message) == (
        "read_input",
        f"map needs a list in data node 'items': {message}",
    )
    assert len(place.got) == jobs_before


def test_a_list_that_changed_elsewhere_is_no_reason_to_fail(place: Mapped) -> None:
    digests = place.split("north", "south")
    place.list.write(["east", "south", "west"])
    assert place.run(1, digests[1]).failure is None


class Moody:
    """Says something else about itself in every process."""

    def __reduce__(self) -> Any:
        return Moody._made, (time.monotonic_ns(),)

    @staticmethod
    def _made(moment: int) -> Moody:
        return Moody()


@pytest.mark.parametrize("storage", ["pickle", "in_memory"])
def test_a_digest_that_changes_by_itself_does_not_fail_the_job(
    tmp_path: Path, storage: str
) -> None:
    place = Mapped(tmp_path, storage)
    digests = place.split(Moody(), Moody())
    assert place.run(1, digests[1]).failure is None
    place.list.write([Moody(), Moody()])
    assert place.run(1, digests[1]).failure is not None


def test_a_list_is_read_twice_at_most_and_again_after_a_change(
    place: Mapped, reads: list[str]
) -> None:
    digests = place.split(*range(6))
    reads.clear()
    for number in range(6):
        assert place.run(number, digests[number]).failure is None
    assert reads.count("items") == 2
    digests = place.split(*range(6, 12))
    reads.clear()
    for number in range(6):
        assert place.run(number, digests[number]).failure is None
    assert reads.count("items") == 2
    assert [item for item, _ in place.got] == [str(number) for number in range(12)]


@pytest.mark.parametrize("storage", ["json", "pickle"])
def test_what_a_job_does_to_its_element_does_not_reach_the_next_one(
    tmp_path: Path, storage: str
) -> None:
    place = Mapped(tmp_path, storage)
    place.change = lambda item: item["seen"].append(1)
    digests = place.split(*({"id": n, "seen": []} for n in range(3)))
    for _ in range(3):
        for number in range(3):
            assert place.run(number, digests[number]).failure is None
    assert set(place.got) == {(f"{{'id': {n}, 'seen': []}}", 10) for n in range(3)}


def test_an_element_in_memory_is_the_object_itself(tmp_path: Path) -> None:
    place = Mapped(tmp_path, "in_memory")
    place.change = lambda item: item.append(1)
    value: list[list[int]] = [[], []]
    digests = place.split(*value)
    for _ in range(3):
        assert place.run(1, digests[1]).failure is None
    assert value == [[], [1, 1, 1]]


def test_a_large_list_is_not_kept(
    place: Mapped, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elements, "_MOST_KEPT", 1000)
    digests = place.split(*["x" * 300] * 4)
    reads.clear()
    for number in range(4):
        assert place.run(number, digests[number]).failure is None
    assert reads.count("items") == 4


def test_a_list_of_the_same_size_and_time_is_told_from_the_kept_one(place: Mapped) -> None:
    digests = place.split("north", "south")
    path = place.list.path
    assert path is not None
    for _ in range(3):
        assert place.run(0, digests[0]).failure is None
    before = path.stat()
    place.list.write(["north", "north"])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert place.run(1, digests[1]).failure is not None
