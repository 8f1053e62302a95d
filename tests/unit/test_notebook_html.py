"""What notebooks show: escaped, without secrets, and small for a graph of any size."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from taipy_exec.api.cell_progress import Progress
from taipy_exec.api.notebook import MOST_ROWS, progress_html, progress_text, table_html
from taipy_exec.model.graph import JobGraph, TaskSpec, build_graph
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status


def chain(length: int) -> JobGraph:
    return build_graph(
        [
            TaskSpec(id=f"t{n}", inputs=(f"n{n}",), outputs=(f"n{n + 1}",), skippable=False)
            for n in range(length)
        ]
    )


def submission(*statuses: Status) -> tuple[SubmissionRecord, list[JobRecord]]:
    jobs = [
        JobRecord(id=f"JOB_t{n}", task=f"t{n}", submission="S", position=n, status=status)
        for n, status in enumerate(statuses)
    ]
    counts = {status: statuses.count(status) for status in statuses}
    record = SubmissionRecord(
        id="SUBMISSION_1", scenario="s", instance="i", name="s", created_at=1.0, counts=counts
    )
    return record, jobs


def well_formed(html: str) -> ElementTree.Element:
    """The elements; raises where a tag is not closed or a text not escaped."""
    return ElementTree.fromstring(html)


def show(
    record: SubmissionRecord | None, jobs: list[JobRecord], graph: JobGraph, name: str = "s"
) -> str:
    return table_html(name, record, jobs, graph, lambda text: text.replace("hunter2", "***"))


def test_jobs_are_shown_with_status_and_reason_and_the_graph() -> None:
    record, jobs = submission(Status.COMPLETED, Status.FAILED, Status.ABANDONED)
    jobs[1].failure = Failure(kind="raised", type="ValueError", message="no hunter2 luck\nat all")
    jobs[2].reason = "upstream_failed"
    html = show(record, jobs, chain(3))
    well_formed(html)
    rows = re.findall(r"<tr><td>(.*?)</td><td>.*?</span></td>.*?<td>([^<]*)</td></tr>", html)
    assert rows == [("t0", ""), ("t1", "ValueError: no *** luck"), ("t2", "upstream failed")]
    assert html.count("<svg") == 1
    assert 'class="task failed"' in html
    assert "prefers-color-scheme:dark" in html


def test_names_and_errors_are_escaped() -> None:
    record, jobs = submission(Status.FAILED)
    record.name = "<i>"
    jobs[0].failure = Failure(kind="raised", type="E", message="<script>alert(1)</script>\x1b[1m")
    html = show(record, jobs, chain(1), '<b>"x" & y</b>')
    well_formed(html)
    assert "<script" not in html
    assert "<b>&lt;b&gt;&quot;x&quot; &amp; y&lt;/b&gt;</b>" in html
    assert "\x1b" not in html


def test_a_scenario_that_was_not_submitted_shows_its_tasks() -> None:
    html = show(None, [], chain(2))
    well_formed(html)
    assert "2 tasks, not submitted yet" in html
    assert "<td>t1</td><td>n1</td><td>n2</td>" in html


def test_without_tasks_there_is_neither_table_nor_graph() -> None:
    html = show(None, [], chain(0))
    well_formed(html)
    assert "<table" not in html
    assert "<svg" not in html


@pytest.mark.parametrize("submitted", [True, False])
def test_ten_thousand_jobs_are_a_small_text(submitted: bool) -> None:
    statuses = [Status.COMPLETED] * 10_000
    statuses[7_000] = Status.FAILED
    record, jobs = submission(*statuses)
    html = show(*((record, jobs) if submitted else (None, [])), chain(10_000))
    well_formed(html)
    assert len(html) < 20_000
    assert html.count("<tr>") == MOST_ROWS + 1
    assert "10,000 tasks are too many to draw here" in html
    if submitted:
        assert "<td>t7000</td>" in html
        assert f"not shown: {10_000 - MOST_ROWS} completed" in html


def test_progress_is_a_bar_with_a_part_for_each_status() -> None:
    record, _ = submission(*[Status.COMPLETED] * 3, Status.RUNNING, Status.BLOCKED)
    html = progress_html(record)
    well_formed(html)
    bar = re.findall(r'<span class="(\w+)" style="flex:(\d+)">', html)
    assert bar == [("completed", "3"), ("running", "1"), ("blocked", "1")]
    assert progress_text(record) == "s: 3 of 5 (3 completed, 1 running, 1 blocked)"


class Output:
    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, value: Any, display_id: bool) -> Output:
        self.shown.append(repr(value))
        return self

    def update(self, value: Any) -> None:
        self.shown.append(repr(value))


def fake_ipython(monkeypatch: pytest.MonkeyPatch, shell: object) -> Output:
    output = Output()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=output.display))
    return output


def test_progress_is_drawn_when_something_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taipy_exec.api.cell_progress._SECONDS", 0.0)
    output = fake_ipython(monkeypatch, SimpleNamespace(kernel=object()))
    record, _ = submission(Status.RUNNING)
    progress = Progress(record)
    progress.show()
    progress.show()
    record.counts = {Status.COMPLETED: 1}
    progress.show(last=True)
    assert output.shown == ["s: 0 of 1 (1 running)", "s: 1 of 1 (1 completed)"]


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_outside_of_a_kernel_nothing_is_drawn(
    monkeypatch: pytest.MonkeyPatch, shell: object
) -> None:
    output = fake_ipython(monkeypatch, shell)
    record, _ = submission(Status.RUNNING)
    Progress(record).show()
    assert output.shown == []


def test_nothing_is_drawn_where_all_has_ended_already(monkeypatch: pytest.MonkeyPatch) -> None:
    output = fake_ipython(monkeypatch, SimpleNamespace(kernel=object()))
    record, _ = submission(Status.COMPLETED)
    Progress(record).show(last=True)
    assert output.shown == []
