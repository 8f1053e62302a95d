"""Names, messages, paths and what jobs print cannot steer the terminal of who looks at them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pika
import pytest
from command_support import Application, Terminal, wait_until

EVIL = "\x1b]0;OWNED\x07\x1b[8m\x9b31m\x1bP+q\x1b\\\x1b[2J"
NAME = f"n{EVIL}\n00:00:00 bad COMPLETED"
# What the output may hold: text, colours, and where a table redraws itself what moves the cursor.
COLOUR = re.compile(r"\x1b\[(?!8m)[\d;:]*m")
REDRAWING = re.compile(r"\x1b\[(?:\?25[lh]|1A|2K)")
HARMFUL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u206f]")

CONFIG = r"""
[JOB]
mode = "MODE"
[DATA_NODE.o]
[DATA_NODE.j]
storage_type = "json"
default_path = "esc\u001b]0;OWNED\u0007.json"
[DATA_NODE.p]
storage_type = "json"
default_path = "user\u202etxt.json"
[TASK.bad]
function = "jobs.bad:function"
outputs = ["o:SECTION"]
[TASK.good]
function = "jobs.good:function"
outputs = ["j:SECTION", "p:SECTION"]
[SCENARIO.s]
tasks = ["bad:SECTION", "good:SECTION"]
[SCENARIO.s.sequences]
"q\u001b[2J" = ["good:SECTION"]
"""
JOBS = f"""
import sys

EVIL = {EVIL!r}

class Bad(Exception):
    pass

Bad.__name__ = Bad.__qualname__ = "Bad" + EVIL

def bad():
    print("printed \\x1b[31mred\\x1b[0m", EVIL, "\\x1b]52;c;eA==\\x07")
    print("10%\\r100%", flush=True)
    print(EVIL, "\\0\\u202e", file=sys.stderr)
    raise Bad("no luck " + EVIL + "\\n00:00:00 bad COMPLETED " + EVIL)

def good():
    return {{EVIL: EVIL, "list": [EVIL]}}, EVIL
"""
COMMANDS = (
    "status", "status -v", "status SUBMISSION", "history", "wait SUBMISSION", "attach SUBMISSION",
    "data list . --name NAME", "data show . j --name NAME", "data show . p --name NAME",
    "logs JOB", "logs SUBMISSION", "graph", "plan", "check", "doctor", "submit --sequence nope",
    "clean --keep 0 --data --dry-run -v", "status --json", "logs JOB --json", "data list . --json",
    "cancel SUBMISSION", "report SUBMISSION --format junit -o -",
)  # fmt: skip


def make(app: Application, mode: str) -> None:
    app.module("jobs", JOBS)
    app.config(CONFIG.replace("MODE", mode))


def is_harmless(text: str) -> bool:
    return not HARMFUL.search(REDRAWING.sub("", COLOUR.sub("", text)))


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> tuple[Application, str, str]:
    """An application that ran once under a bad name, its submission and the job that failed."""
    app = Application(tmp_path_factory.mktemp("evil") / "app")
    make(app, "development")
    result = app.run("submit", "--json", "--name", NAME)
    assert result.code == 1
    return app, result.json["submission"]["id"], result.job("bad")["id"]


@pytest.mark.one_variant
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_that_others_wrote_steers_the_terminal_of_a_reader(
    evil: tuple[Application, str, str], command: str
) -> None:
    app, submission, job = evil
    known = {"SUBMISSION": submission, "JOB": job, "NAME": NAME}
    terminal = Terminal(app, *(known.get(word, word) for word in command.split()), columns=200)
    terminal.finish()
    assert is_harmless(terminal.text), repr(terminal.text)
    lines = COLOUR.sub("", terminal.text).splitlines()
    if not command.startswith(("logs", "report")):
        assert not [line for line in lines if line.startswith("00:00:00 bad COMPLETED")]


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_live_table_shows_jobs_that_would_steer_the_terminal(app: Application, mode: str) -> None:
    make(app, mode)
    terminal = Terminal(app, "submit", "--name", NAME, columns=200)
    assert terminal.finish() == 1
    assert is_harmless(terminal.text), repr(terminal.text)
    assert "no luck \\x1b]0;OWNED\\x07" in terminal.text
    retried = Terminal(app, "retry", app.only_submission(), columns=200)
    assert retried.finish() == 1
    assert is_harmless(retried.text), repr(retried.text)


def test_a_dumb_terminal_gets_what_jobs_print_without_what_steers_it(app: Application) -> None:
    make(app, "development")
    terminal = Terminal(app, "submit", env={"TERM": "dumb"})
    assert terminal.finish() == 1
    assert is_harmless(terminal.text), repr(terminal.text)
    assert "printed \x1b[31mred\x1b[0m \\x1b]0;OWNED\\x07" in terminal.text


def test_logs_on_a_terminal_are_in_colour_and_in_a_pipe_as_they_are(
    evil: tuple[Application, str, str],
) -> None:
    app, submission, job = evil
    (log,) = (app.folder / ".taipy-exec" / "logs" / submission).glob(f"{job}*.log")
    terminal = Terminal(app, "logs", job, columns=200)
    assert terminal.finish() == 0
    assert "printed \x1b[31mred\x1b[0m \\x1b]0;OWNED\\x07" in terminal.text
    assert "\\x1b]52;c;eA==\\x07\r\n100%\r\n" in terminal.text
    raw = Terminal(app, "logs", job, "--raw", columns=200)
    assert raw.finish() == 0
    written = log.read_bytes()
    assert raw.text.encode().replace(b"\r\n", b"\n").startswith(written)
    app.shell(f"$T logs {job} > piped")
    assert (app.folder / "piped").read_bytes().startswith(written)


def test_a_value_of_text_is_as_it_is_in_a_pipe(evil: tuple[Application, str, str]) -> None:
    app, _, _ = evil
    assert app.run("data", "show", ".", "p", "--name", NAME).out == EVIL + "\n"
    result = app.run("data", "show", ".", "j", "--name", NAME)
    assert json.loads(result.out) == {EVIL: EVIL, "list": [EVIL]}


def test_json_on_a_terminal_is_json_with_escapes_of_its_own(
    evil: tuple[Application, str, str],
) -> None:
    app, submission, _ = evil
    terminal = Terminal(app, "status", submission, "--json", columns=200)
    assert terminal.finish() == 0
    found: dict[str, Any] = json.loads(terminal.text)
    assert found["submission"]["name"] == NAME
    assert "\\u009b31m" in terminal.text


@pytest.mark.parametrize("format", ["html", "junit", "json", "chrome-trace"])
def test_a_report_holds_no_control_characters(
    evil: tuple[Application, str, str], format: str, tmp_path: Path
) -> None:
    app, submission, _ = evil
    made = tmp_path / "report"
    assert app.run("report", submission, "--format", format, "-o", str(made)).code == 0
    text = made.read_text(encoding="utf-8")
    assert not HARMFUL.search(text)
    if format == "junit":
        ElementTree.fromstring(text)
        assert "\\x00" in text


def test_a_worker_and_the_dead_letters_show_what_they_were_sent(
    app: Application, broker_url: str
) -> None:
    app.graph({"t": ("flow.work", [], ["a"])}, mode="cluster")
    env = {"TAIPY_EXEC_BROKER_URL": broker_url}
    worker = app.start("run-worker", env=env)

    def number_of_workers() -> int:
        return int(app.run("queue", "--json", env=env).json["queue"]["workers"])

    wait_until(number_of_workers, 30, "a worker")
    with pika.BlockingConnection(pika.URLParameters(broker_url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        headers = {"taipy-exec-reason": NAME, "taipy-exec-worker": NAME}
        channel.basic_publish(
            "taipy-exec.v1.app", "dead", NAME.encode(), pika.BasicProperties(headers=headers)
        )
        order = json.dumps({"version": NAME, "application": "app"}).encode()
        channel.basic_publish("taipy-exec.v1.app", "jobs", order)

    def letters() -> bool:
        return len(app.run("queue", "dead", "list", "--json", env=env).json["dead"]) == 2

    wait_until(letters, 30, "two dead letters")
    worker.terminate()
    told = app.end(worker)
    assert is_harmless(told.err) and "OWNED" in told.err, repr(told.err)
    for command in (["queue", "dead", "list"], ["queue", "dead", "show", "1"]):
        terminal = Terminal(app, *command, columns=200, env=env)
        assert terminal.finish() == 0
        assert is_harmless(terminal.text) and "OWNED" in terminal.text, repr(terminal.text)
        assert not [x for x in terminal.text.splitlines() if x.startswith("00:00:00 bad")]
