"""A worker and a coordinator of different versions: neither gets what it would refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_assignments import SUBMISSION, Worker, connected

from taipy_exec.model.event import Begun, Starting
from taipy_exec.protocol.level import OURS, announcing, level_in
from taipy_exec.protocol.messages import Takeover
from taipy_exec.protocol.order import JobReport

GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
FORMER = "0123456789abcdef" * 2
OF_THIS_VERSION = announcing(FORMER)
# What a coordinator of level 0 reads in the report of an end.
FORMER_FIELDS = json.loads((GOLDEN / "ended.json").read_bytes())["report"].keys()


def told(worker: Worker) -> list[dict[str, Any]]:
    """The reports that the worker sends now, as they are on the broker."""
    worker.reports.send_all()
    bodies = [json.loads(message.body) for message in worker.sent]
    return [one for body in bodies for one in body["messages"]]


def run_one(worker: Worker, epoch: str, successor: str = "") -> list[dict[str, Any]]:
    """The reports about a job that gets a new process, after its start."""
    worker.receive(epoch=epoch)
    worker.step()
    worker.confirm()
    (order,) = worker.pool.started
    if successor:
        worker.orders.control.note(Takeover(submission=SUBMISSION, epoch=successor))
    for kind in (Starting, Begun):
        worker.pool.starts.append(kind(order.job, 1, 0.0))
        worker.orders.note_starts()
    report = JobReport(job=order.job, attempt=1, finished_at=1.0, duration=0.5)
    worker.orders.on_report(report._replace(cpu_seconds=0.25, peak_memory=1000))
    return told(worker)


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return connected(Worker(tmp_path))


@pytest.mark.parametrize(
    ("epoch", "level"),
    [("", 0), ("ab", 0), (FORMER, 0), (OF_THIS_VERSION, OURS), (f"{FORMER}f", 15)],
)
def test_an_epoch_announces_the_level(epoch: str, level: int) -> None:
    assert level_in(epoch) == level


def test_a_coordinator_of_a_former_version_gets_what_it_knows(worker: Worker) -> None:
    (ended,) = run_one(worker, FORMER)
    assert ended["kind"] == "ended"
    assert ended["report"].keys() <= FORMER_FIELDS
    assert ended["report"]["peak_memory"] == 1000


def test_a_coordinator_of_this_version_gets_everything(worker: Worker) -> None:
    starting, ready, ended = run_one(worker, OF_THIS_VERSION)
    assert (starting["kind"], starting["ready"]) == ("process", False)
    assert (ready["kind"], ready["ready"], ready["run"]) == ("process", True, ended["run"])
    assert ended["report"]["cpu_seconds"] == 0.25


@pytest.mark.parametrize(
    ("epoch", "successor", "kinds"),
    [
        (OF_THIS_VERSION, FORMER, ["ended"]),
        (FORMER, OF_THIS_VERSION, ["process", "process", "ended"]),
    ],
)
def test_after_a_take_over_the_level_of_the_successor_counts(
    worker: Worker, epoch: str, successor: str, kinds: list[str]
) -> None:
    assert [one["kind"] for one in run_one(worker, epoch, successor)] == kinds


def test_a_run_that_does_not_count_reports_no_process(worker: Worker) -> None:
    worker.receive(epoch=OF_THIS_VERSION)
    worker.step()
    worker.confirm()
    worker.only.outdated = True
    worker.pool.starts.append(Begun(worker.only.order.job, 1, 0.0))
    worker.orders.note_starts()
    assert told(worker) == []
    assert worker.only.ready is not None
