"""`report`: a submission in one file, in each of its formats."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from command_support import Application, Result, wait_until

JOBS = """\
import os, sys

def printing(*inputs):
    print("a line of the log")
    return 1

def broken(*inputs):
    print("last words & <more>")
    raise KeyError("no column <total>")

def dying(*inputs):
    os._exit(3)

def raw():
    os.write(1, b"\\xff\\x00\\x1b[31m red \\x9b\\r\\n10%\\r100%\\n")
    return 1

def endless():
    for number in range(30_000):
        print("line", number)
    return 1

def told():
    print("secret is hunter22-secret, at postgresql://bob:other-secret@db/x")
    raise ValueError("hunter22-secret does not fit")
"""
FULL = {
    "first": ("jobs.printing", ["seed"], ["a"]),
    "bad": ("jobs.broken", ["a"], ["b"]),
    "dead": ("jobs.dying", ["a"], ["c"]),
    "after": ("flow.work", ["b"], ["d"]),
}
VOID = {"meta", "input", "br", "img", "link", "hr"}


class Outline(HTMLParser):
    """The tags of a page, whether they close each other, and its links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if tag == "a" else []
        self.loads += [str(given[key]) for key in ("src", "srcset", "data") if key in given]
        self.loads += [tag] if tag in {"link", "iframe", "img", "object", "embed"} else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def submitted(app: Application, *arguments: str) -> str:
    """The id of a new submission."""
    id = app.run("submit", "--json", *arguments).json["submission"]["id"]
    assert isinstance(id, str)
    return id


def full(app: Application, mode: str = "standalone") -> str:
    """The submission of an application in which one job fails and one dies."""
    app.module("jobs", JOBS)
    app.graph(FULL, mode=mode, data={"seed": 1}, job="max_attempts = 1\n")
    return submitted(app, "--name", "may")


def page(app: Application, submission: str, *arguments: str) -> str:
    """The HTML of a report, proven to be whole and to load nothing."""
    result = app.run("report", submission, "-o", "-", *arguments)
    assert result.code == 0, result.err
    outline = Outline(result.out)
    assert outline.open == []
    assert outline.loads == []
    assert len(outline.ids) == len(set(outline.ids))
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)
    return result.out


def test_the_page_lies_in_this_folder_and_is_told_on_stderr(app: Application) -> None:
    submission = full(app)
    short = submission.removeprefix("SUBMISSION_")[:8]
    result = app.run("report", short)
    assert (result.code, result.out) == (0, "")
    assert re.fullmatch(rf"wrote report-{short}\.html \(\d+ kB\)\n", result.err)
    assert app.exists(f"report-{short}.html")
    assert [path.name for path in app.folder.glob(".report*")] == []
    elsewhere = app.folder / "elsewhere"
    elsewhere.mkdir()
    assert app.run("report", short, "-a", "..", cwd=elsewhere).code == 0
    assert [path.name for path in elsewhere.iterdir()] == [f"report-{short}.html"]


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_the_page_tells_everything_of_a_submission(app: Application, mode: str) -> None:
    if mode == "development":
        app.module("jobs", JOBS)
        app.graph({**FULL, "dead": ("flow.work", ["a"], ["c"])}, mode=mode, data={"seed": 1})
        submission = submitted(app, "--name", "may")
    else:
        submission = full(app)
    shown = page(app, submission)
    for text in (submission, mode, ">may<", "FAILED", "a line of the log", "upstream failed"):
        assert text in shown, text
    assert "KeyError: &#x27;no column &lt;total&gt;&#x27;" in shown
    assert "last words &amp; &lt;more&gt;" in shown
    assert "Traceback (most recent call last)" in shown
    assert "taipy-exec logs JOB_bad_" in shown
    assert shown.index('id="failures"') < shown.index('id="graph"') < shown.index('id="jobs"')
    assert '<g class="task failed" data-name="bad">' in shown
    assert "Slot 1" in shown
    assert 'href="#job-0" class="bar completed"' in shown
    assert "user_data/pickles/DATANODE_a_" in shown
    if mode == "standalone":
        assert "its process ended with exit code 3" in shown


def test_json_is_the_shape_of_status_with_more(app: Application) -> None:
    submission = full(app)
    told = app.run("report", submission, "--format", "json", "-o", "-").json
    status = app.run("status", submission, "--json").json
    assert told["schema"] == status["schema"]
    assert told["submission"] == status["submission"]
    for job, known in zip(told["jobs"], status["jobs"], strict=True):
        assert {key: job[key] for key in known} == known
    bad = next(job for job in told["jobs"] if job["task"] == "bad")
    assert bad["log"] == "last words & <more>\n"
    assert (bad["log_left_out"], bad["waited"] >= 0) == (0, True)
    assert told["graph"][-1]["after"]
    nodes = {node["node"]: node for node in told["data_nodes"]}
    first = told["jobs"][0]
    assert nodes["a"]["written_by"] == first["id"]
    assert nodes["a"]["written_at"] >= first["started_at"]
    assert nodes["a"]["read_by_tasks"] == ["bad", "dead"]
    assert nodes["a"]["place"].startswith("user_data/pickles/")
    assert nodes["seed"]["written_by"] == "TAIPY"
    assert (nodes["b"]["written_at"], nodes["b"]["written_by_tasks"]) == (None, ["bad"])


def test_data_that_was_written_again_since_is_told(app: Application) -> None:
    app.module("jobs", JOBS)
    app.graph({"first": ("jobs.printing", [], ["a"])})
    former, latter = submitted(app), submitted(app)
    by = [
        app.run("report", one, "--format", "json", "-o", "-").json["data_nodes"][0]
        for one in (former, latter)
    ]
    jobs = [app.run("status", one, "--json").json["jobs"][0]["id"] for one in (former, latter)]
    assert [node["written_by"] for node in by] == jobs
    assert by[0]["changed_since"] >= by[1]["written_at"]
    assert by[1]["changed_since"] is None
    assert "again <time" in page(app, former)


def test_junit_has_a_case_for_each_job(app: Application) -> None:
    submission = full(app)
    assert app.run("report", submission, "--format", "junit", "-o", "out.xml").code == 0
    root = ElementTree.parse(app.folder / "out.xml").getroot()
    assert root.tag == "testsuites"
    suite = root[0]
    for element in (root, suite):
        assert {key: element.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
            "tests": "4",
            "failures": "1",
            "errors": "1",
            "skipped": "1",
        }
        assert float(element.get("time", "")) > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert list(cases) == ["first", "bad", "dead", "after"]
    assert {case.get("classname") for case in cases.values()} == {"s"}
    failure = cases["bad"].find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == (
        "KeyError",
        "KeyError: 'no column <total>'",
    )
    assert "Traceback" in (failure.text or "")
    error = cases["dead"].find("error")
    assert error is not None
    assert error.get("type") == "process_died"
    skipped = cases["after"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "ABANDONED: upstream failed"
    assert cases["first"].findtext("system-out") == "a line of the log\n"


def test_a_trace_has_an_event_for_each_run(app: Application) -> None:
    submission = full(app)
    told = app.run("report", submission, "--format", "chrome-trace", "-o", "-").json
    events = told["traceEvents"]
    assert told["otherData"]["submission"] == submission
    runs = {event["name"]: event for event in events if event["ph"] == "X"}
    assert set(runs) == {"first", "bad", "dead"}
    assert all(event["dur"] >= 0 and event["ts"] >= 0 for event in runs.values())
    assert runs["bad"]["args"]["status"] == "FAILED"
    assert runs["bad"]["ts"] >= runs["first"]["ts"] + runs["first"]["dur"]
    named = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
    assert {(event["pid"], event["tid"]) for event in runs.values()} <= named
    begun = [event["id"] for event in events if event["ph"] == "b"]
    assert begun == [event["id"] for event in events if event["ph"] == "e"]


def test_json_says_where_the_file_was_written(app: Application) -> None:
    submission = full(app)
    told = app.run("report", submission, "--json", "-o", "page.html").json
    path = app.folder / "page.html"
    assert told == {
        "schema": "taipy-exec/1",
        "submission": submission,
        "format": "html",
        "file": str(path),
        "bytes": path.stat().st_size,
    }


def test_a_running_submission_is_told_as_it_is_now(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])})
    submission = app.run("submit", "--detach", "--json").json["submission"]["id"]
    wait_until(app.ledger)
    shown = page(app, submission)
    assert "It has not ended" in shown
    assert "▶</span> RUNNING" in shown
    assert 'class="bar running"' in shown
    for name in ("json", "junit", "chrome-trace"):
        assert app.run("report", submission, "--format", name, "-o", "-").code == 0
    app.open_gate()
    assert app.run("wait", submission).code == 0
    assert "It has not ended" not in page(app, submission)


def test_a_submission_without_jobs_has_a_report(app: Application) -> None:
    app.config("[SCENARIO.s]\ntasks = []\n")
    submission = submitted(app)
    assert "No jobs" in page(app, submission)
    junit = app.run("report", submission, "--format", "junit", "-o", "-").out
    assert ElementTree.fromstring(junit.encode()).get("tests") == "0"


def test_without_its_configuration_the_rest_is_told(app: Application) -> None:
    submission = full(app)
    app.config("this is no TOML")
    result = app.run("report", submission, "-o", "page.html")
    assert result.code == 0
    assert "warning: Graph and data lineage are not known" in result.err
    shown = page(app, submission)
    assert "a line of the log" in shown
    assert "The graph is not known" in shown
    (app.folder / "config.toml").unlink()
    assert "a line of the log" in page(app, submission)


def test_a_configuration_that_changed_since_is_told(app: Application) -> None:
    submission = full(app)
    app.graph({**FULL, "more": ("flow.work", ["d"], ["e"])}, data={"seed": 1})
    assert "configuration has changed" in page(app, submission)
    assert "configuration has changed" in app.run("report", submission).err


def test_logs_of_any_bytes_are_told(app: Application) -> None:
    app.module("jobs", JOBS)
    app.graph({"raw": ("jobs.raw", [], ["a"])})
    submission = submitted(app)
    shown = page(app, submission)
    assert "\x1b" not in shown
    assert "\0" not in shown
    assert r"\x00 red �" in shown
    assert "\n100%\n" in shown
    assert "10%\r" not in shown
    junit = app.run("report", submission, "--format", "junit", "-o", "-").out
    assert r"\x00 red" in ElementTree.fromstring(junit.encode()).findtext(".//system-out", "")
    assert app.run("report", submission, "--format", "json", "-o", "-").json["jobs"][0]["log"]


def test_a_long_log_is_cut_and_the_page_says_so(app: Application) -> None:
    app.module("jobs", JOBS)
    app.graph({"endless": ("jobs.endless", [], ["a"])})
    submission = submitted(app)
    shown = page(app, submission)
    assert "line 29999\n" in shown
    assert "\nline 0\n" not in shown
    assert re.search(
        r"The first \d+ kB are left out\. The whole log: <code class=\"command\">", shown
    )
    assert len(shown) < 250_000
    told = app.run("report", submission, "--format", "json", "-o", "-").json["jobs"][0]
    log = (app.folder / ".taipy-exec/logs" / submission / f"{told['id']}.log").read_text()
    assert told["log_left_out"] + len(told["log"]) == len(log)
    assert log.endswith(told["log"])
    assert told["log"].startswith("line ")


@pytest.mark.parametrize("format", ["html", "json", "junit", "chrome-trace"])
def test_secrets_that_a_job_prints_are_left_out(app: Application, format: str) -> None:
    app.module("jobs", JOBS)
    app.config(
        '[JOB]\nmode = "standalone"\nbroker_url = "amqp://me:brokers-secret@host"\n'
        '[DATA_NODE.a]\nstorage_type = "sql_table"\n'
        'db_engine = "sqlite"\ndb_name = "d"\ntable_name = "t"\ndb_password = "ENV[THE_SECRET]"\n'
        '[TASK.told]\nfunction = "jobs.told:function"\noutputs = ["a"]\n'
        '[SCENARIO.s]\ntasks = ["told"]\n'
    )
    env = {"THE_SECRET": "hunter22-secret"}
    submission = app.run("submit", "--json", env=env).json["submission"]["id"]
    result = app.run("report", submission, "--format", format, "-o", "-", env=env)
    assert result.code == 0
    assert "secret is" in result.out or format == "chrome-trace"
    assert "*** does not fit" in result.out
    assert not re.search("hunter22|other-secret|brokers", result.out)


def test_an_unknown_submission_is_told_as_everywhere(app: Application) -> None:
    full(app)
    result = app.run("report", "SUBMISSION_nope")
    assert result.code == 8
    assert "there is no submission 'SUBMISSION_nope'" in result.err
    assert app.run("report", "SUBMISSION_nope", "--json").json["error"]["kind"] == "not_found"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--format", "pdf"], "html, json, junit, chrome-trace"),
        (["--json", "-o", "-"], "both want stdout"),
        (["-o", "nowhere/page.html"], "there is no folder"),
        (["-o", "."], "cannot be written"),
    ],
)
def test_wrong_use_is_one_sentence(app: Application, arguments: list[str], told: str) -> None:
    submission = full(app)
    result: Result = app.run("report", submission, *arguments)
    assert result.code == 2
    assert told in result.err
    assert "Traceback" not in result.err


def test_a_former_report_is_replaced_as_a_whole(app: Application) -> None:
    submission = full(app)
    path = app.folder / "page.html"
    path.write_text("former")
    former: Path = app.folder / "former"
    os.link(path, former)
    assert app.run("report", submission, "-o", "page.html").code == 0
    assert former.read_text() == "former"
    assert path.read_text(encoding="utf-8").endswith("</html>\n")


@pytest.mark.long
def test_thousands_of_jobs_make_a_page_that_is_bounded(app: Application) -> None:
    tasks = {f"t{n}": ("flow.work", [f"d{n // 2}"], [f"d{n + 1}"]) for n in range(5_000)}
    app.graph(tasks, mode="development", data={"d0": 1})
    app.module("flow", "def work(*inputs):\n    print('x' * 5_000)\n    return 1\n")
    submission = submitted(app)
    assert app.run("report", submission, "-o", "page.html", timeout=60).code == 0
    assert (app.folder / "page.html").stat().st_size < 40_000_000
    told = app.run("report", submission, "--format", "json", "-o", "-").out
    assert len(json.loads(told)["jobs"]) == 5_000


VALUES = """
def make(window, api_key):
    evil = "</script><img src=x onerror=alert(1)>"
    return [{"name": evil, "password": "hunter22-secret", "n": n} for n in range(window)], evil

def mid(rows, evil):
    return len(rows)
"""


def valued(app: Application, **settings: str) -> str:
    app.module("jobs", VALUES)
    more = "".join(f"{key} = {value}\n" for key, value in settings.items())
    app.config(
        '[DATA_NODE.window]\ndefault_data = 30\n[DATA_NODE.api_key]\ndefault_data = "hunter22"\n'
        '[DATA_NODE.rows]\nstorage_type = "json"\n[DATA_NODE.evil]\n'
        f"[DATA_NODE.total]\n{more}"
        '[TASK.make]\nfunction = "jobs.make:function"\ninputs = ["window", "api_key"]\n'
        'outputs = ["rows", "evil"]\n'
        '[TASK.mid]\nfunction = "jobs.mid:function"\ninputs = ["rows", "evil"]\n'
        'outputs = ["total"]\n[SCENARIO.s]\ntasks = ["make", "mid"]\n'
    )
    return submitted(app)


def test_results_inputs_and_what_lies_between_are_shown(app: Application) -> None:
    submission = valued(app)
    shown = page(app, submission)
    result = shown[shown.index('id="results"') : shown.index('id="inputs"')]
    assert ">total<" in result
    assert ">30<" in result
    inputs = shown[shown.index('id="inputs"') : shown.index('id="graph"')]
    assert ">window<" in inputs
    assert "its name says that it is a secret" in inputs
    assert "30 rows, 3 columns; the first 10 rows" in shown
    assert "<td>***</td>" in shown
    assert "<img src=x" not in shown
    assert "hunter22" not in shown
    told = app.run("report", submission, "--format", "json", "-o", "-").json["data_nodes"]
    by_name = {node["node"]: node["value"] for node in told}
    assert by_name["total"] == {"kind": "text", "text": "30", "note": None}
    assert by_name["rows"]["columns"] == ["name", "password", "n"]
    assert len(by_name["rows"]["rows"]) == 10


def test_a_data_node_is_hidden_where_the_configuration_says_so(app: Application) -> None:
    submission = valued(app, report="false")
    assert "not shown: report = false" in page(app, submission)
    digest = app.run("report", submission, "--format", "json", "-o", "-").json["notes"]
    valued_again = (app.folder / "config.toml").read_text(encoding="utf-8")
    app.config(valued_again.replace("report = false", "report = true"))
    assert app.run("report", submission, "--format", "json", "-o", "-").json["notes"] == digest


def test_another_value_of_report_is_warned_of(app: Application) -> None:
    valued(app, report='"maybe"')
    told = app.run("check", "--json").json["issues"]
    assert [(one["level"], one["id"], one["field"]) for one in told] == [
        ("WARNING", "total", "report")
    ]


def test_the_page_says_with_what_it_was_made(app: Application) -> None:
    submission = valued(app)
    shown = page(app, submission)
    made = shown[shown.index('class="made"') : shown.index("<nav")]
    assert "Command" in made
    assert "taipy-exec submit" in made
    assert "Python" in made
    told = app.run("status", submission, "--json").json
    assert told["submission"]["provenance"]["command"].startswith("taipy-exec submit")
    for job in told["jobs"]:
        assert job["cpu_seconds"] >= 0
        assert job["peak_memory"] > 1_000_000
