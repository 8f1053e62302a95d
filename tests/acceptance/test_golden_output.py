"""What every command prints, to the letter: help, tables and JSON beside what was agreed.

`UPDATE_GOLDEN=1 make test` (or pytest on this file) writes the files again; their diff is then
a part of the change, to be read like code. Ids, times, durations, paths and process ids are
replaced.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from cluster_support import Cluster
from command_support import Application

from tools.private_broker import PrivateBroker

GOLDEN = Path(__file__).parents[1] / "golden" / "output"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"

COMMANDS = (
    "",
    "attach",
    "cancel",
    "check",
    "clean",
    "continue",
    "data",
    "data list",
    "data show",
    "data write",
    "doctor",
    "graph",
    "history",
    "instances",
    "compare",
    "init",
    "logs",
    "pause",
    "plan",
    "queue",
    "queue dead",
    "queue dead purge",
    "queue dead list",
    "queue dead requeue",
    "report",
    "resume",
    "retry",
    "run",
    "run-worker",
    "status",
    "submit",
    "wait",
    "workers",
)

JOBS = """
def load():
    print("loading")
    return [3, 1, 2]

def order(numbers):
    return sorted(numbers)

def refuse(numbers):
    print("about to refuse")
    raise ValueError("no such luck")
"""
CONFIG = """\
[DATA_NODE.raw]
storage_type = "json"

[DATA_NODE.limit]
default_data = "3:int"

[DATA_NODE.ordered]
storage_type = "json"

[DATA_NODE.report]

[TASK.load]
function = "jobs.load:function"
outputs = ["raw"]
skippable = "True:bool"

[TASK.order]
function = "jobs.order:function"
inputs = ["raw"]
outputs = ["ordered"]

[TASK.refuse]
function = "jobs.refuse:function"
inputs = ["ordered"]
outputs = ["report"]

[SCENARIO.numbers]
tasks = ["load", "order", "refuse"]
additional_data_nodes = ["limit"]
"""
WRONG = """\
[JOB]
mode = "standalne"

[TASK.load]
function = "jobs.laod:function"
outputs = ["rwa"]
retries = -1

[SCENARIO.numbers]
tasks = ["load", "sort"]
"""


def compare(name: str, text: str) -> None:
    """Compare with the golden file of this name, or write it."""
    path = GOLDEN / name
    if UPDATE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"there is no {path}: run with UPDATE_GOLDEN=1 and read what it writes"
    assert text == path.read_text(encoding="utf-8")


class Plain:
    """Replaces what differs from run to run."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._ids: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        text = text.replace(self._folder, "APP")
        text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", self._id, text)
        text = re.sub(r"\b(JOB_[a-z]+|SUBMISSION|report)(_|-)([0-9a-f]{8})\b", self._short, text)
        text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00)?", "TIME", text)
        text = re.sub(r"\b\d\d:\d\d:\d\d\b", "CLOCK", text)
        text = re.sub(r"\b[\w.-]+(?<!\.toml):\d{2,}\b(?!\")", "HOST:PID", text)
        text = re.sub(r'"[\w.-]+:\d{2,}"', '"HOST:PID"', text)
        text = re.sub(r"(?<![\w.])\d+(\.\d+)?(ms|s)\b", "DURATION", text)
        text = re.sub(
            r'"(duration|waited|peak_memory|cpu_seconds|bytes|seconds|uptime)": [\d.e-]+',
            r'"\1": N',
            text,
        )
        text = re.sub(r'"config_digest": "\w+"', '"config_digest": "DIGEST"', text)
        # Of this machine, and of whoever runs the tests.
        text = re.sub(r'"(user|host|python|taipy_exec|platform)": "[^"]*"', r'"\1": "THIS"', text)
        text = re.sub(r'"git": \{[^{}]*\}', '"git": GIT', text)
        text = re.sub(r'time="[\d.]+"', 'time="N"', text)
        text = re.sub(r"\b[\d,.]+ (bytes|kB|MB|B)\b", "SIZE", text)
        text = re.sub(r"(?<=\S) {2,}(?=\S)", "  ", text)
        text = re.sub(r"─+", "─", text)
        return "".join(f"{line.rstrip()}\n" for line in text.splitlines())

    def _id(self, match: re.Match[str]) -> str:
        return self._number(match[0][:8])

    def _short(self, match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}{self._number(match[3])}"

    def _number(self, begins: str) -> str:
        return self._ids.setdefault(begins, f"ID{len(self._ids) + 1}")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda name: name.replace(" ", "-") or "bare")
def test_help(app: Application, command: str) -> None:
    result = app.run(*command.split(), "--help", env={"COLUMNS": "100"})
    assert (result.code, result.err) == (0, "")
    compare(f"help/{command.replace(' ', '-') or 'taipy-exec'}.txt", result.out)


def test_no_command_is_without_a_golden_help(app: Application) -> None:
    listed = re.findall(r"^  ([a-z-]+)  ", app.run("--help", env={"COLUMNS": "100"}).out, re.M)
    commands = {command.split()[0] for command in COMMANDS if command}
    assert {name for name in listed if not name.startswith("-")} == commands


class Session:
    """Commands one after the other, told as a person would see them in a terminal."""

    def __init__(self, app: Application, env: Mapping[str, str | None] | None = None) -> None:
        # Wide enough for whole rows, so that no table depends on the length of an id.
        self._run = partial(app.run, env={"COLUMNS": "250", **(env or {})})
        self._plain = Plain(app.folder)

    def tell(self, name: str, *commands: Sequence[str]) -> None:
        """Run the commands, and compare what they print and their exit codes."""
        told = []
        for command in commands:
            result = self._run(*command)
            told.append(f"$ taipy-exec {shlex.join(command)}\n")
            told += [result.out, *(f"2> {line}\n" for line in result.err.splitlines())]
            told.append(f"exit code {result.code}\n\n")
        compare(f"{name}.txt", self._plain("".join(told)))


@pytest.fixture
def numbers(app: Application) -> Application:
    """An application of three tasks, the last of which fails."""
    app.module("jobs", JOBS)
    app.config(CONFIG)
    return app


def test_a_submission_that_fails_and_what_is_told_of_it(numbers: Application) -> None:
    session = Session(numbers)
    session.tell("plan", ("plan", "."), ("plan", ".", "--json"))
    session.tell("submit", ("submit", "."))
    id = numbers.only_submission()
    job = next(j["id"] for j in numbers.status(id).json["jobs"] if j["status"] == "FAILED")
    session.tell("status", ("status",), ("status", "--json"))
    session.tell("status-submission", ("status", id), ("status", id, "--json"))
    session.tell("wait", ("wait", id), ("wait", id, "--json"))
    session.tell("attach", ("attach", id))
    session.tell("logs", ("logs", id), ("logs", job, "--tail", "1"), ("logs", job, "--json"))
    session.tell("data-list", ("data", "list", "."), ("data", "list", ".", "--json"))
    session.tell(
        "data-show",
        ("data", "show", ".", "ordered"),
        ("data", "show", ".", "ordered", "--json"),
        ("data", "show", ".", "report"),
    )
    session.tell("report", *(("report", id, "-f", form, "-o", "-") for form in ("json", "junit")))
    session.tell("history", ("history",), ("history", "--json"))
    session.tell(
        "wrong-use",
        ("cancel", id),
        ("pause", id),
        ("continue", id),
        ("resume", id),
        ("status", "SUBMISSION_nothing"),
        ("status", "SUBMISSION_nothing", "--json"),
        ("retry", id, "--workers", "0"),
        ("submit", ".", "--keep-going", "--fail-fast"),
        ("submit", ".", "--task", "load", "--sequence", "first"),
        ("submit", ".", "--task", "laod"),
        ("report", "SUBMISSION_nothing"),
        ("logs", "JOB_nothing"),
    )
    session.tell("retry", ("retry", id, "--json"))
    session.tell(
        "clean", ("clean", "--older-than", "0s"), ("clean", "--older-than", "0s", "--yes", "--json")
    )


def test_commands_that_need_no_submission(numbers: Application) -> None:
    session = Session(numbers)
    session.tell("nothing-yet", ("status",), ("status", "--json"), ("history",), ("resume",))
    session.tell("check", ("check", "."), ("check", ".", "--json"))
    session.tell("graph", *(("graph", ".", "--format", f) for f in ("ascii", "mermaid", "dot")))
    session.tell(
        "data-write",
        ("data", "write", ".", "limit", "5"),
        ("data", "write", ".", "limit", "6", "--json"),
        ("data", "write", ".", "limits", "5"),
    )
    session.tell("init", ("init", "demo app"), ("init", "demo app"))
    numbers.config(WRONG)
    session.tell("check-wrong", ("check", "."), ("check", ".", "--json"), ("submit", "."))


def test_json_of_a_submission(numbers: Application) -> None:
    session = Session(numbers)
    session.tell("submit-json", ("submit", ".", "--json"))
    session.tell("submit-events", ("submit", ".", "--events", "-"))


def test_the_commands_of_a_cluster(
    numbers: Application, broker: PrivateBroker, broker_url: str
) -> None:
    cluster = Cluster(numbers, broker, broker_url)
    numbers.config('[JOB]\nmode = "cluster"\n' + CONFIG)
    worker = cluster.worker()
    assert cluster.run("submit", ".", "--json").code == 1
    session = Session(numbers, cluster.environment())
    session.tell("workers", ("workers",), ("workers", "--json"))
    session.tell("queue", ("queue",), ("queue", "--json"), ("queue", "dead", "list"))
    cluster.leave(worker)
