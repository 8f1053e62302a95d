"""The parts of `report`: the end of a log, slots and waits, verdicts, secrets, pieces of HTML."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taipy_exec.config.application import AppConfig, DataNodeConfig, JobConfig
from taipy_exec.config.redaction import redaction
from taipy_exec.model.graph import TaskSpec, build_graph
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.views.log_tail import (
    ALL_TOGETHER,
    LONGEST,
    LogTail,
    last_lines,
    read_tail,
    room_for,
)
from taipy_exec.views.report import FORMATS, render_report
from taipy_exec.views.report.content import JobStory, Report
from taipy_exec.views.report.markup import plural, size, text
from taipy_exec.views.report.page import MOST_TASKS
from taipy_exec.views.report.slots import slots, slots_given, waiting
from taipy_exec.views.report.timeline import MOST_BARS, MOST_SLOTS, timeline
from taipy_exec.visible_text import readable


def story(
    task: str,
    status: Status = Status.COMPLETED,
    *,
    at: tuple[float, float, float] | None = None,
    worker: str = "host:1",
    kind: str | None = None,
    log: str = "",
) -> JobStory:
    """A job that was ready, began and ended `at`."""
    ready, begin, end = at or (None, None, None)
    job = JobRecord(
        id=f"JOB_{task}_1",
        task=task,
        submission="SUBMISSION_1",
        position=0,
        status=status,
        reason=kind,
        worker=worker if at else None,
        failure=Failure(kind=kind, message="told", type="E") if kind else None,
        submitted_at=100.0,
        pending_at=ready,
        started_at=begin,
        finished_at=end,
    )
    return JobStory(job=job, log=LogTail(text=log), until=end)


def report(*stories: JobStory, graph: bool = False) -> Report:
    counts: dict[Status, int] = {}
    for one in stories:
        counts[one.job.status] = counts.get(one.job.status, 0) + 1
    specs = [TaskSpec(id=one.job.task, inputs=(), outputs=()) for one in stories]
    return Report(
        record=SubmissionRecord(
            id="SUBMISSION_1", scenario="s", instance="i", name="s", created_at=100.0, counts=counts
        ),
        stories=stories,
        made_at=200.0,
        graph=build_graph(specs) if graph else None,
        statuses={one.job.task: one.job.status.name for one in stories},
    )


# -- logs ---------------------------------------------------------------------------------


def test_many_logs_get_less_room_each_but_never_none() -> None:
    assert room_for(0) == room_for(1) == LONGEST
    assert room_for(1_000) * 1_000 <= ALL_TOGETHER
    assert room_for(10**9) > 0


def test_the_end_of_a_log_begins_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {n}\n" for n in range(1_000)))
    tail = read_tail(path, 200, str)
    assert tail.text.startswith("line ")
    assert tail.text.endswith("line 999\n")
    assert tail.left_out == path.stat().st_size - len(tail.text)
    assert read_tail(path, 10**6, str) == LogTail(text=path.read_text())
    assert read_tail(tmp_path / "none", 200, str) == LogTail()


def test_a_secret_that_the_cut_goes_through_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for before in range(20):
        path.write_text("x" * 5_000 + "TOPSECRET" + "y" * (200 - before))
        tail = read_tail(path, 200, lambda shown: shown.replace("TOPSECRET", "***"))
        assert not any(part in tail.text for part in ("SECRET", "RET", "T"))
        assert len(tail.text) <= 200


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[1;31mred\x1b[0m \x1b]8;;http://a/\x1b\\link\x1b]8;;\x1b\\", "red link"),
        ("\x1b]0;title\x07end", "\\x1b]0;title\\x07end"),
        (" 10%\r 50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("\0\x07\x7f\x9b\ud800", "\\x00\\x07\\x7f\\x9b\\ud800"),
        ("größer 日本", "größer 日本"),
    ],
)
def test_a_log_is_read_as_a_terminal_leaves_it(printed: str, shown: str) -> None:
    assert readable(printed) == shown


def test_the_last_lines_are_the_last() -> None:
    assert last_lines("a\nb\nc\n\n", 2) == "b\nc"


# -- slots --------------------------------------------------------------------------------


def test_jobs_that_overlap_take_slots_of_their_own() -> None:
    rows = slots(
        [
            story("a", at=(100, 101, 105)),
            story("b", at=(100, 102, 103)),
            story("c", at=(100, 106, 107)),
        ]
    )
    assert [[run.story.job.task for run in row.runs] for row in rows] == [["a", "c"], ["b"]]


def test_a_process_for_each_job_makes_no_row_for_each() -> None:
    stories = [story(f"t{n}", at=(100, 100 + n, 100.9 + n), worker=f"h:{n}") for n in range(50)]
    rows = slots(stories)
    assert len(rows) == 1
    assert len(rows[0].workers) == 50


def test_a_worker_keeps_its_row_and_another_host_has_its_own() -> None:
    rows = slots(
        [
            story("a", at=(100, 101, 102), worker="one:1"),
            story("b", at=(100, 102.5, 103), worker="one:2"),
            story("c", at=(100, 104, 105), worker="one:1"),
            story("d", at=(100, 106, 107), worker="two:1"),
        ]
    )
    assert [row.workers for row in rows] == [["one:1"], ["one:2"], ["two:1"]]


@given(
    st.lists(
        st.tuples(st.floats(0, 50), st.floats(0, 10), st.floats(0, 10), st.integers(1, 4)),
        max_size=30,
    )
)
def test_no_slot_runs_two_jobs_at_once(times: list[tuple[float, float, float, int]]) -> None:
    stories = [
        story(f"t{n}", at=(ready, ready + wait, ready + wait + took), worker=f"h:{worker}")
        for n, (ready, wait, took, worker) in enumerate(times)
    ]
    rows = slots(stories)
    assert sum(len(row.runs) for row in rows) == len(stories)
    for row in rows:
        for former, latter in zip(row.runs, row.runs[1:], strict=False):
            assert latter.begin >= former.end - 0.002
    steps = waiting(stories, 200.0)
    assert all(count >= 0 for _, count in steps)
    assert not steps or steps[-1][1] == 0


def test_what_waits_still_is_counted_until_now() -> None:
    ready = story("a", Status.PENDING)
    ready.job.pending_at = 150.0
    ready.job.started_at = 120.0  # a former attempt
    assert waiting([ready], 200.0) == [(150.0, 1), (200.0, 0)]


def test_a_job_whose_process_starts_in_a_free_slot_does_not_wait_for_one() -> None:
    stories = [
        story("a", at=(100, 100.5, 103), worker="h:1"),
        story("b", at=(100, 100.5, 104), worker="h:2"),
        # It waits for the slot of a until 103; then a new process starts.
        story("c", at=(101, 103.5, 105), worker="h:3"),
    ]
    rows = slots(stories)
    given = slots_given(rows, from_the_start=True)
    assert waiting(stories, 200.0, given=given) == [(101, 1), (103, 0)]
    # Where workers come and go, nobody knows since when the first slots were there.
    given = slots_given(rows, from_the_start=False)
    assert waiting(stories, 200.0, given=given) == [(100, 2), (100.5, 0), (101, 1), (103, 0)]


def test_the_timeline_counts_no_waiting_jobs_while_slots_start() -> None:
    starting = [story(f"t{n}", at=(100, 100.8, 110), worker=f"h:{n}") for n in range(4)]
    assert "no slot free" not in timeline(report(*starting))
    late = story("late", at=(100, 110.5, 111), worker="h:0")
    assert "no slot free: 1 job at most" in timeline(report(*starting, late))


# -- formats ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "tag"),
    [
        (Status.COMPLETED, None, None),
        (Status.FAILED, Reason.RAISED, "failure"),
        (Status.FAILED, Reason.WRITE_OUTPUT, "failure"),
        (Status.FAILED, Reason.TIMED_OUT, "error"),
        (Status.FAILED, Reason.WORKER_LOST, "error"),
        (Status.SKIPPED, None, "skipped"),
        (Status.CANCELED, None, "skipped"),
        (Status.RUNNING, None, "skipped"),
    ],
)
def test_a_status_becomes_a_verdict_of_junit(
    status: Status, kind: str | None, tag: str | None
) -> None:
    found = ElementTree.fromstring(
        render_report(report(story("t", status, kind=kind)), "junit").encode()
    )
    case = found.find(".//testcase")
    assert case is not None
    assert [child.tag for child in case] == ([tag] if tag else [])


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_of_a_user_fits_into_every_format(name: str, printed: str) -> None:
    told = report(
        story(name, Status.FAILED, at=(100, 101, 102), kind="raised", log=printed), graph=True
    )
    made = {
        format: render_report(told, format).encode("utf-8", "backslashreplace")
        for format in FORMATS
    }
    case = ElementTree.fromstring(made["junit"]).find(".//testcase")
    assert case is not None
    assert json.loads(made["json"])["jobs"][0]["task"] == name
    assert json.loads(made["chrome-trace"])["traceEvents"]
    assert b"<script" in made["html"]
    assert made["html"].count(b"<script") == 1


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no report format 'pdf': one of html, json"):
        render_report(report(), "pdf")


def test_what_is_too_much_to_draw_is_left_out_and_told() -> None:
    many = [story(f"t{n}") for n in range(MOST_TASKS + 1)]
    assert "too many to draw" in render_report(report(*many, graph=True), "html")
    many = [story(f"t{n}", at=(100, 101, 102), worker=f"h{n}:1") for n in range(MOST_SLOTS + 5)]
    assert "5 more slots are not drawn" in render_report(report(*many), "html")


def test_text_is_escaped_and_sizes_are_short() -> None:
    assert text("<a href='\"'>&\0") == "&lt;a href=&#x27;&quot;&#x27;&gt;&amp;\\x00"
    assert [size(n) for n in (1, 812, 12_000, 3_400_000)] == [
        "1 byte",
        "812 bytes",
        "12 kB",
        "3.4 MB",
    ]
    assert [plural(n, "job") for n in (0, 1, 5_000)] == ["0 jobs", "1 job", "5,000 jobs"]


# -- secrets ------------------------------------------------------------------------------


def test_secrets_of_data_nodes_and_of_the_broker_are_masked() -> None:
    node = DataNodeConfig(id="a", properties={"db_password": "s3cret/x", "db_name": "plain"})
    app = AppConfig(
        root=Path("/"),
        state_dir=Path("/"),
        job=JobConfig(properties={"broker_url": "amqp://me:br0ker@host", "application": "a"}),
        data_nodes={"a": node},
    )
    without = redaction(app)
    assert without("s3cret/x, s3cret%2Fx and plain") == "***, *** and plain"
    assert "br0ker" not in without("it said br0ker, amqp://me:br0ker@host")
    for masks in (without, redaction(None)):
        assert masks("postgres://u:pass word") == "postgres://u:pass word"
        assert masks("postgres://u:pass@h/d") == "postgres://u:***@h/d"
        assert "x@h" not in masks("amqps://u:x@h")


# -- very many jobs, and the times of the timeline ----------------------------------------


def test_a_moment_on_the_way_to_a_free_slot_is_no_wait() -> None:
    quick = [story(f"q{n}", at=(100, 100.001, 101), worker=f"h:{n}") for n in range(4)]
    waited = [story(f"w{n}", at=(100, 101, 102), worker=f"h:{n}") for n in range(2)]
    assert max(count for _, count in waiting([*quick, *waited], 200.0)) == 6
    assert max(count for _, count in waiting([*quick, *waited], 200.0, 0.05)) == 2
    html = render_report(report(*quick, *waited), "html")
    assert "ready, no slot free: 2 jobs at most" in html


@pytest.mark.long
def test_a_page_of_100_000_jobs_is_small_and_shows_what_failed() -> None:
    stories = [
        story(
            f"step_{n:05}",
            Status.FAILED if n % 20_000 == 7 else Status.COMPLETED,
            at=(100, 100 + n / 1e3, 100.001 + n / 1e3),
            worker=f"h:{n % 8}",
            kind="raised" if n % 20_000 == 7 else None,
            log="x" * 100,
        )
        for n in range(100_000)
    ]
    html = render_report(report(*stories), "html")
    assert len(html) < 5_000_000
    for number in (7, 20_007, 80_007):
        assert f'<tr id="job-{number}"' in html
        assert f'id="log-{number}"' in html
    assert 'id="job-8"' not in html
    assert "99,995 other jobs, in groups" in html
    assert '<th scope="row">step_*</th>' in html
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert links <= set(re.findall(r' id="([^"]+)"', html))


def test_failed_jobs_are_drawn_alone_where_others_share_a_bar() -> None:
    stories = [
        story(
            f"t{n}",
            Status.FAILED if n == 5_000 else Status.COMPLETED,
            at=(100, 100 + n, 100.5 + n),
            kind="raised" if n == 5_000 else None,
        )
        for n in range(10_000)
    ]
    drawn = timeline(report(*stories))
    bars = re.findall(r'class="bar (\w+)" style="[^"]*" title="([^"]*)"', drawn)
    assert len(bars) <= 2 * MOST_BARS
    assert [tip for kind, tip in bars if kind == "failed"] == ["t5000: FAILED, ran "]
    assert any(tip.startswith("2 jobs: 2 completed") for _, tip in bars)


def test_the_table_begins_with_what_failed() -> None:
    html = render_report(
        report(story("a"), story("b", Status.FAILED, at=(1, 2, 3), kind="raised"), story("c")),
        "html",
    )
    assert re.findall(r'<tr id="job-(\d)"', html) == ["1", "0", "2"]
    assert 'data-node="b"' not in html, "there is no graph to lead to"
